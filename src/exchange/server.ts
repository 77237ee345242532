import { Hono } from "hono";
import { z } from "zod";
import { buyingPowerUsd } from "./book.ts";
import type { Exchange, PriceAt } from "./exchange.ts";
import {
  accountJson,
  activitiesQuery,
  listQuery,
  orderJson,
  orderRequest,
  positionsJson,
  selectActivities,
  selectOrders,
} from "./wire.ts";

const connection = z.object({ incoming: z.object({ socket: z.object({ remoteAddress: z.string() }) }) });

/** Where a request came from; undefined where no socket brought it. */
const senderOf = (env: unknown): string | undefined => connection.safeParse(env).data?.incoming.socket.remoteAddress;

/**
 * Alpaca's trading endpoints over a simulated exchange, plus `GET /journal` with every attempt.
 * Any key pair is let in. The market is always open: the replay has a trading day in each quarter of an hour.
 */
export function exchangeServer(exchange: Exchange): Hono {
  const { book, options } = exchange;
  const priceAt: PriceAt = (symbol, atMs) => exchange.priceAt(symbol, atMs);
  const app = new Hono();
  app.get("/journal", (c) => c.json(book.attempts));
  app.use("/v2/*", async (c, next) => {
    const { req } = c;
    if (!req.header("APCA-API-KEY-ID") || !req.header("APCA-API-SECRET-KEY")) {
      return c.json({ code: 40110000, message: "request is not authorized" }, 401);
    }
    return next();
  });
  app.post("/v2/orders", async (c) => {
    const body: unknown = await c.req.json().catch(() => null);
    const parsed = orderRequest.safeParse(body);
    if (!parsed.success) {
      const reason = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
      exchange.refuse(whatCanBeRead(body), reason, senderOf(c.env));
      return c.json({ code: 40010001, message: reason }, 422);
    }
    const { client_order_id: clientOrderId, symbol, side, qty } = parsed.data;
    const { verdict, id } = exchange.submit({ clientOrderId, symbol, side, qty }, senderOf(c.env));
    const order = id === null ? undefined : book.orders.get(id);
    if (order !== undefined) return c.json(orderJson(order));
    if (verdict.kind === "refuse") return c.json({ code: verdict.code, message: verdict.message }, verdict.status);
    return c.json({ code: 40010001, message: "client_order_id must be unique" }, 422);
  });
  app.get("/v2/orders", (c) => {
    const query = listQuery.safeParse(c.req.query());
    if (!query.success) return c.json({ code: 40010001, message: query.error.message }, 422);
    return c.json(selectOrders(book, query.data).map(orderJson));
  });
  app.get("/v2/orders:by_client_order_id", (c) => {
    const id = book.idsByClientOrderId.get(c.req.query("client_order_id") ?? "");
    const order = id === undefined ? undefined : book.orders.get(id);
    if (order === undefined) return c.json({ code: 40410000, message: "order not found" }, 404);
    return c.json(orderJson(order));
  });
  app.get("/v2/orders/:id", (c) => {
    const order = book.orders.get(c.req.param("id"));
    if (order === undefined) return c.json({ code: 40410000, message: "order not found" }, 404);
    return c.json(orderJson(order));
  });
  app.delete("/v2/orders/:id", (c) => {
    const id = c.req.param("id");
    if (!book.orders.has(id)) return c.json({ code: 40410000, message: "order not found" }, 404);
    if (!exchange.cancel(id)) return c.json({ code: 42210000, message: "order is not cancelable" }, 422);
    return c.body(null, 204);
  });
  app.get("/v2/positions", (c) => c.json(positionsJson(book, priceAt, options.nowMs())));
  app.get("/v2/account", (c) => c.json(accountJson(book, priceAt, options.nowMs(), buyingPowerUsd(book))));
  app.get("/v2/account/activities", (c) => {
    const query = activitiesQuery.safeParse(c.req.query());
    if (!query.success) return c.json({ code: 40010001, message: query.error.message }, 422);
    return c.json(selectActivities(book, query.data));
  });
  app.get("/v2/clock", (c) => {
    const nowMs = options.nowMs();
    const nextDay = new Date(nowMs + 86_400_000).toISOString();
    return c.json({ timestamp: new Date(nowMs).toISOString(), is_open: true, next_open: nextDay, next_close: nextDay });
  });
  app.notFound((c) => c.json({ code: 40410000, message: "endpoint not found" }, 404));
  return app;
}

// A malformed attempt is journaled too: the judge of a failover must see everything that was tried.
const whatCanBeRead = (body: unknown): z.infer<typeof readable> => readable.catch(readable.parse({})).parse(body);

const text = z.string().max(128).catch("").default("");
const readable = z
  .object({ client_order_id: text, symbol: text, side: text, qty: z.coerce.number().catch(0).default(0) })
  .transform(({ client_order_id: clientOrderId, symbol, side, qty }) => ({ clientOrderId, symbol, side, qty }));
