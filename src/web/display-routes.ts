import { Hono, type MiddlewareHandler } from "hono";
import { LeaseOver } from "../app-ports.ts";
import type { LedDisplay } from "../led/display.ts";
import { bearerOf } from "./caller.ts";
import type { Desk } from "./desk.ts";
import { localPrimary, saysJson } from "./local-primary.ts";
import { problemAnswer } from "./problem.ts";

/**
 * A node's own display; with `?of=primary` a standby leaves the answer to the routes that read through. Whoever
 * brings a token that the ledger knows gets amounts.
 */
export const displayRoute =
  (desk: Desk): MiddlewareHandler =>
  async (c, next) => {
    const open = desk.open();
    if (open === null) return c.req.query("of") === "primary" ? next() : c.json(desk.led(false));
    const token = bearerOf(c);
    const known = token !== null && open.displayTokens.knows(token);
    const answer: LedDisplay = { ...desk.led(known), ...(token !== null && { token: known ? "known" : "unknown" }) };
    return c.json(answer);
  };

/** Makes and revokes display tokens: for callers on this machine only, on the primary. */
export function displayTokenRoutes(desk: Desk): Hono {
  const app = new Hono();
  app.use(localPrimary(desk, "display tokens"));
  app.use(async (c, next) => {
    if (!saysJson(c.req.header("content-type")))
      return problemAnswer(c, { status: 415, detail: "a request is application/json" });
    return next();
  });
  app.post("/", async (c) => {
    const made = await desk.open()?.displayTokens.make();
    if (made === undefined) return problemAnswer(c, { status: 503, detail: "the ledger was closed meanwhile" });
    if (made.kind === "refused") return problemAnswer(c, { status: 409, detail: made.reason });
    return c.json({ token: made.token, confirmed: made.confirmed });
  });
  app.delete("/", async (c) => {
    const done = await desk.open()?.displayTokens.revokeAll();
    return done === undefined
      ? problemAnswer(c, { status: 503, detail: "the ledger was closed meanwhile" })
      : c.json(done);
  });
  app.onError((error, c) =>
    problemAnswer(c, { status: error instanceof LeaseOver ? 503 : 500, detail: error.message }),
  );
  return app;
}
