import { Hono, type Context } from "hono";
import { LeaseOver } from "../../app-ports.ts";
import { callerOf, isOwnCommand, writeRefusal, type Caller } from "../caller.ts";
import type { Desk } from "../desk.ts";
import { saysJson } from "../local-primary.ts";
import { problemAnswer, type Problem } from "../problem.ts";
import { requestBound } from "../request-bound.ts";
import type { Endpoint } from "./endpoint.ts";

const bodyBytesMax = 16 * 1024;

/** Serves these endpoints on the node whose ledger is open. */
export function apiRoutes(endpoints: readonly Endpoint[], desk: Desk): Hono {
  const app = new Hono();
  const small = requestBound(bodyBytesMax);
  for (const each of endpoints) {
    const path = each.path.replaceAll(/\{(\w+)\}/g, ":$1");
    app.on(each.method.toUpperCase(), path, small, (c) => serve(c, each, desk));
  }
  return app;
}

async function serve(c: Context, endpoint: Endpoint, desk: Desk): Promise<Response> {
  const caller = callerOf(c, desk);
  const refusal = accessRefusal(c, endpoint, caller, desk);
  if (refusal !== null) return problemAnswer(c, refusal);
  const takesBody = "body" in endpoint.input.shape;
  if (takesBody && !saysJson(c.req.header("content-type"))) {
    return problemAnswer(c, { status: 415, detail: "A request with a body is application/json." });
  }
  const body: unknown = takesBody ? await c.req.json().catch(() => undefined) : undefined;
  const open = desk.open();
  if (open === null) return problemAnswer(c, closedMeanwhile);
  try {
    const result = await endpoint.run({ params: c.req.param(), query: c.req.query(), body }, { desk, open, caller });
    if (result.kind === "problem") return problemAnswer(c, result.problem);
    return endpoint.media === undefined ? c.json(result.body) : fileAnswer(c, endpoint.media, result.body);
  } catch (error) {
    if (!(error instanceof LeaseOver)) throw error;
    return problemAnswer(c, {
      status: 503,
      detail: `${error.message}; whether it was done shows on the next primary.`,
    });
  }
}

function fileAnswer(c: Context, media: string, body: unknown): Response {
  const name = c.req.path.split("/").at(-1);
  c.header("content-disposition", `attachment; filename="${name}"`);
  return c.body(String(body), 200, { "content-type": `${media}; charset=utf-8` });
}

function accessRefusal(c: Context, { access }: Endpoint, caller: Caller, desk: Desk): Problem | null {
  switch (access) {
    case "open":
      return null;
    case "reader":
      return caller.amounts ? null : { ...unknownCaller, detail: "Amounts are for whoever is logged in." };
    case "writer":
      return writeRefusal(c, caller);
    case "owner":
      if (isOwnCommand(c, desk)) return null;
      if (caller.by === "write-token") return { ...unknownCaller, status: 403, detail: "This is the owner's alone." };
      return writeRefusal(c, caller);
  }
}

const unknownCaller: Problem = {
  status: 401,
  detail: "This wants a login.",
  remedy: 'Log in at /login, or send a token that "trader api-token create" made.',
};
const closedMeanwhile: Problem = { status: 503, detail: "The ledger was closed meanwhile.", remedy: "Ask again." };
