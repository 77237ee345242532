import { z } from "zod";
import { type Activity, type Book, type ExchangeOrder, isOpen } from "./book.ts";
import type { PriceAt } from "./exchange.ts";

/** Alpaca's JSON: snake_case, amounts as strings. Pure; only the fields that a client of market orders reads. */
export const orderRequest = z.object({
  symbol: z.string().min(1).max(20),
  qty: z.coerce.number().int().positive().max(1_000_000),
  side: z.enum(["buy", "sell"]),
  type: z.literal("market"),
  time_in_force: z.enum(["day", "gtc"]),
  client_order_id: z.string().min(1).max(128),
});

const iso = (atMs: number): string => new Date(atMs).toISOString();

export function orderJson(order: ExchangeOrder): Record<string, unknown> {
  const endedAt = order.endedAtMs === null ? null : iso(order.endedAtMs);
  return {
    id: order.id,
    client_order_id: order.clientOrderId,
    created_at: iso(order.submittedAtMs),
    updated_at: endedAt ?? iso(order.submittedAtMs),
    submitted_at: iso(order.submittedAtMs),
    filled_at: order.status === "filled" ? endedAt : null,
    expired_at: order.status === "expired" ? endedAt : null,
    canceled_at: order.status === "canceled" ? endedAt : null,
    failed_at: null,
    asset_class: "us_equity",
    symbol: order.symbol,
    notional: null,
    qty: String(order.qty),
    filled_qty: String(order.filledQty),
    filled_avg_price: order.filledAvgPriceUsd === null ? null : String(order.filledAvgPriceUsd),
    order_class: "simple",
    order_type: "market",
    type: "market",
    side: order.side,
    time_in_force: "day",
    limit_price: null,
    stop_price: null,
    status: order.status,
    extended_hours: false,
    legs: null,
  };
}

export function positionsJson(book: Book, priceAt: PriceAt, nowMs: number): Record<string, unknown>[] {
  return [...book.holdings].map(([symbol, holding]) => {
    const priceUsd = priceAt(symbol, nowMs) ?? holding.avgPriceUsd;
    return {
      asset_id: symbol,
      symbol,
      exchange: "NASDAQ",
      asset_class: "us_equity",
      asset_marginable: false,
      qty: String(holding.qty),
      avg_entry_price: String(holding.avgPriceUsd),
      side: "long",
      market_value: String(holding.qty * priceUsd),
      cost_basis: String(holding.qty * holding.avgPriceUsd),
      unrealized_pl: String(holding.qty * (priceUsd - holding.avgPriceUsd)),
      current_price: String(priceUsd),
    };
  });
}

export function accountJson(book: Book, priceAt: PriceAt, nowMs: number, buyingPowerUsd: number) {
  const heldUsd = [...book.holdings].reduce(
    (sum, [symbol, holding]) => sum + holding.qty * (priceAt(symbol, nowMs) ?? holding.avgPriceUsd),
    0,
  );
  const equityUsd = String(book.cashUsd + heldUsd);
  return {
    id: "simulated",
    account_number: "SIMULATED",
    status: "ACTIVE",
    currency: "USD",
    cash: String(book.cashUsd),
    buying_power: String(buyingPowerUsd),
    long_market_value: String(heldUsd),
    equity: equityUsd,
    portfolio_value: equityUsd,
    trading_blocked: false,
    account_blocked: false,
  };
}

export const listQuery = z.object({
  status: z.enum(["open", "closed", "all"]).default("open"),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  direction: z.enum(["asc", "desc"]).default("desc"),
  after: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  before_order_id: z.string().optional(),
  symbols: z.string().optional(),
});

/** The page of orders that a query names; `before_order_id` means submitted before that order. */
export function selectOrders(book: Book, query: z.infer<typeof listQuery>): ExchangeOrder[] {
  const all = [...book.orders.values()];
  const before =
    query.before_order_id === undefined ? all.length : all.findIndex((o) => o.id === query.before_order_id);
  const symbols = query.symbols?.split(",");
  const chosen = all
    .slice(0, Math.max(before, 0))
    .filter(
      (order) =>
        (query.status === "all" || (query.status === "open") === isOpen(order)) &&
        (query.after === undefined || order.submittedAtMs > Date.parse(query.after)) &&
        (query.until === undefined || order.submittedAtMs < Date.parse(query.until)) &&
        (symbols === undefined || symbols.includes(order.symbol)),
    );
  return (query.direction === "desc" ? chosen.toReversed() : chosen).slice(0, query.limit);
}

export const activitiesQuery = z.object({
  activity_types: z.string().optional(),
  after: z.iso.datetime({ offset: true }).optional(),
  page_size: z.coerce.number().int().min(1).max(100).default(100),
  page_token: z.string().optional(),
});

/** The account's activities, all types unless some are named, newest first; `page_token` is the last id of the page before. */
export function selectActivities(book: Book, query: z.infer<typeof activitiesQuery>): Record<string, unknown>[] {
  const types = query.activity_types?.split(",");
  const all = book.activities
    .toReversed()
    .filter(
      (one) =>
        (types === undefined || types.includes(one.type)) &&
        (query.after === undefined || one.atMs > Date.parse(query.after)),
    );
  const first = query.page_token === undefined ? 0 : all.findIndex((one) => one.id === query.page_token) + 1;
  return all.slice(first, first + query.page_size).map(activityJson);
}

function activityJson({ id, type, atMs, usd, symbol, sharesMoved, trade }: Activity): Record<string, unknown> {
  if (trade === null) {
    const date = iso(atMs).slice(0, 10);
    const own = { net_amount: String(usd), currency: "USD", status: "executed", ...(symbol && { symbol }) };
    const shares = sharesMoved === null ? {} : { qty: String(sharesMoved) };
    return { id, activity_type: type, date, created_at: iso(atMs), ...own, ...shares };
  }
  const { orderId, side, qty, priceUsd } = trade;
  return {
    id,
    activity_type: type,
    transaction_time: iso(atMs),
    type: "fill",
    price: String(priceUsd),
    qty: String(qty),
    side,
    symbol,
    order_id: orderId,
  };
}
