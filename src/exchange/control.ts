import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { z } from "zod";
import { cashTypes } from "./book.ts";
import type { Exchange } from "./exchange.ts";
import { type Fault, type FaultScript, faultScript, operationOf, takeFault } from "./faults.ts";

const deposit = z.strictObject({ usd: z.number() });
const cash = z.strictObject({ type: z.enum(cashTypes), usd: z.number(), symbol: z.string().nullable().default(null) });
const shares = z.int().positive();
const split = z.strictObject({
  symbol: z.string().min(1),
  new: shares,
  old: shares,
  cashInLieu: z.boolean().default(false),
});

/** What a disturbed request needs of the world. `die` does not return. */
export type ControlPorts = { readonly exchange: Exchange; readonly inner: Hono; readonly die: () => void };

/**
 * The exchange's endpoints behind a script of faults, with the endpoints that set it: `POST /control/faults` replaces
 * the script, `GET` shows what is left of it; `POST /control/deposits` brings money in, or takes it out;
 * `POST /control/cash` books a dividend, a tax, a fee or interest; `POST /control/splits` splits a stock, as
 * `{ symbol, new, old }`, and pays parts of shares out with `cashInLieu`.
 */
export function controlledServer({ exchange, inner, die }: ControlPorts): Hono<{ Bindings: Partial<HttpBindings> }> {
  let script: FaultScript = [];
  const app = new Hono<{ Bindings: Partial<HttpBindings> }>();
  app.get("/control/faults", (c) => c.json(script));
  app.post("/control/faults", async (c) => {
    const parsed = faultScript.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ message: z.prettifyError(parsed.error) }, 422);
    script = parsed.data;
    return c.json(script);
  });
  app.post("/control/deposits", async (c) => {
    const parsed = deposit.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ message: z.prettifyError(parsed.error) }, 422);
    exchange.deposit(parsed.data.usd);
    return c.json({ cashUsd: exchange.book.cashUsd });
  });
  app.post("/control/cash", async (c) => {
    const parsed = cash.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ message: z.prettifyError(parsed.error) }, 422);
    exchange.bookCash(parsed.data.type, parsed.data.usd, parsed.data.symbol);
    return c.json({ cashUsd: exchange.book.cashUsd });
  });
  app.post("/control/splits", async (c) => {
    const parsed = split.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ message: z.prettifyError(parsed.error) }, 422);
    exchange.split(parsed.data.symbol, parsed.data.new, parsed.data.old, parsed.data.cashInLieu);
    return c.json({ cashUsd: exchange.book.cashUsd });
  });
  app.all("*", async (c) => {
    const request = c.req.raw;
    const operation = operationOf(c.req.method, c.req.path);
    const { fault, left } = operation === null ? { fault: null, left: script } : takeFault(script, operation);
    script = left;
    const ask = async (): Promise<Response> => inner.fetch(request.clone());
    if (fault?.fault === "partial") await planFill(exchange, request.clone(), fault);
    if (fault !== null) return disturbed(fault, ask, c.env, request.signal, die);
    return ask();
  });
  return app;
}

async function disturbed(
  fault: Fault,
  ask: () => Promise<Response>,
  { outgoing }: Partial<HttpBindings>,
  gone: AbortSignal,
  die: () => void,
): Promise<Response> {
  switch (fault.fault) {
    case "slow": {
      const answer = await ask();
      await sleep(fault.ms);
      return answer;
    }
    case "late":
      await sleep(fault.ms);
      return ask();
    case "silent":
      if (fault.done) await ask();
      return untilGone(gone);
    case "status":
      if (fault.done) await ask();
      return Response.json({ code: fault.status * 100_000, message: "scripted fault" }, { status: fault.status });
    case "repeat":
      await ask();
      return ask();
    case "double-answer": {
      const answer = await ask();
      const body = await answer.text();
      const { status } = answer;
      const head = `HTTP/1.1 ${status} Again\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
      outgoing?.once("finish", () => outgoing.req.socket.write(head + body));
      return new Response(body, answer);
    }
    case "partial":
      return ask();
    case "die":
      if (fault.done) await ask();
      die();
      return untilGone(gone);
  }
}

const untilGone = (gone: AbortSignal): Promise<Response> =>
  new Promise((resolve) => {
    const answer = (): void => resolve(new Response(null, { status: 503 }));
    if (gone.aborted) answer();
    else gone.addEventListener("abort", answer, { once: true });
  });

const named = z.object({ client_order_id: z.string() });

async function planFill(exchange: Exchange, request: Request, { qty, rest }: Extract<Fault, { fault: "partial" }>) {
  const order = named.safeParse(await request.json().catch(() => null));
  if (order.success) exchange.fillPartly(order.data.client_order_id, { qty, rest });
}
