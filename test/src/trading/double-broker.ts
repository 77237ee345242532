import {
  type Activity,
  type Book,
  type ExchangeOrder,
  apply,
  isOpen,
  judge,
  newBook,
} from "../../../src/exchange/book.ts";
import type { Broker, BrokerActivity, BrokerOrder, OrderIntent, PlaceOutcome } from "../../../src/trading/broker.ts";

export type DoubleBroker = Broker & {
  readonly book: Book;
  /** Takes a request as the exchange does, without an answer: one that arrives after its sender has died. */
  deliver(intent: OrderIntent): PlaceOutcome;
  /** Fills an open order by hand, in part where a quantity is given. */
  fill(clientOrderId: string, qty?: number): void;
  /** Splits a stock; a part of a share is paid out at this price, or stays. */
  split(symbol: string, newShares: number, oldShares: number, inLieuUsd: number | null): void;
};
export type DoubleOptions = {
  readonly fills?: boolean;
  readonly money?: Broker["money"];
  readonly acceptDuplicates?: boolean;
  readonly idempotency?: Broker["idempotency"];
  readonly nowMs?: () => number;
  readonly priceUsd?: (symbol: string) => number | null;
};

const STATES = {
  new: "open",
  partially_filled: "partly-filled",
  filled: "filled",
  canceled: "cancelled",
  expired: "expired",
} as const;

/** A broker in memory over the exchange simulator's own book; it passes the contract suite of the port. */
export function doubleBroker(options: DoubleOptions = {}): DoubleBroker {
  const book = newBook(100_000);
  const nowMs = options.nowMs ?? (() => Date.UTC(2026, 10, 22, 14, 15));
  const priceOf = options.priceUsd ?? (() => 100);
  let count = 0;
  const fillOrder = (order: ExchangeOrder, qty?: number): void =>
    apply(book, { kind: "fill", id: order.id, atMs: nowMs(), priceUsd: priceOf(order.symbol) ?? 0, qty });
  const deliver = (intent: OrderIntent): PlaceOutcome => {
    const verdict = judge(book, intent, priceOf(intent.symbol), options.acceptDuplicates ?? false);
    const { clientOrderId, symbol, side, qty } = intent;
    const attempt = { at: "", clientOrderId, symbol, side, qty, outcome: verdict.kind };
    const id = `order-${++count}`;
    const reservedUsd = verdict.kind === "accept" ? verdict.reservedUsd : 0;
    const accepted = verdict.kind === "accept" ? { id, submittedAtMs: nowMs(), reservedUsd } : null;
    apply(book, { kind: "attempt", attempt, accepted });
    if (verdict.kind === "duplicate") return { kind: "duplicate" };
    if (verdict.kind === "refuse") return { kind: "refused", reason: verdict.message };
    const order = book.orders.get(id)!;
    const placed = toBrokerOrder(order);
    if (options.fills ?? true) fillOrder(order);
    return { kind: "placed", order: placed };
  };
  return {
    name: "double",
    money: options.money ?? "paper",
    idempotency: options.idempotency ?? "enforced",
    whyNotTradable: () => null,
    book,
    deliver,
    fill: (clientOrderId, qty) => fillOrder(book.orders.get(book.idsByClientOrderId.get(clientOrderId) ?? "")!, qty),
    split: (symbol, newShares, oldShares, inLieuUsd) => {
      const of = { symbol, newShares, oldShares, inLieuUsd };
      apply(book, { kind: "split", id: `split-${++count}`, atMs: nowMs(), ...of });
    },
    place: async (intent) => deliver(intent),
    findByClientOrderId: async (clientOrderId) => {
      const order = book.orders.get(book.idsByClientOrderId.get(clientOrderId) ?? "");
      return order === undefined ? null : toBrokerOrder(order);
    },
    listByPrefix: async (prefix, sinceMs) =>
      [...book.orders.values()]
        .filter((order) => order.clientOrderId.startsWith(prefix) && order.submittedAtMs >= sinceMs)
        .toReversed()
        .map(toBrokerOrder),
    cancel: async (brokerOrderId) => {
      const order = book.orders.get(brokerOrderId);
      if (order === undefined || !isOpen(order)) return "too-late";
      apply(book, { kind: "cancel", id: brokerOrderId, atMs: nowMs() });
      return "accepted";
    },
    positions: async () =>
      [...book.holdings].map(([symbol, { qty, avgPriceUsd: avgPrice }]) => ({
        symbol,
        qty,
        currency: "USD",
        avgPrice,
      })),
    account: async () => {
      const heldUsd = [...book.holdings].reduce((sum, [symbol, { qty }]) => sum + qty * (priceOf(symbol) ?? 0), 0);
      return { accountId: "double", currency: "USD", cash: { USD: book.cashUsd }, equity: book.cashUsd + heldUsd };
    },
    isMarketOpen: async () => true,
    activities: async (sinceMs) => book.activities.filter(({ atMs }) => atMs > sinceMs).map(activityOf),
  };
}

const kinds = {
  FILL: "other",
  CSD: "deposit",
  CSW: "withdrawal",
  DIV: "dividend",
  DIVNRA: "tax",
  FEE: "fee",
  INT: "other",
  SPLIT: "split",
  CIL: "cash-in-lieu",
} as const;

const activityOf = ({ id, atMs, type, usd, symbol, sharesMoved, trade }: Activity): BrokerActivity => ({
  id,
  atMs,
  kind: trade?.side ?? kinds[type],
  currency: "USD",
  amount: trade === null ? usd : null,
  symbol,
  qty: trade?.qty ?? (type === "CIL" ? -(sharesMoved ?? 0) : sharesMoved),
  price: trade?.priceUsd ?? null,
  note: type,
});

function toBrokerOrder(order: ExchangeOrder): BrokerOrder {
  const { clientOrderId, symbol, side, qty, filledQty, filledAvgPriceUsd: filledAvgPrice } = order;
  const state = STATES[order.status];
  return { brokerOrderId: order.id, clientOrderId, symbol, side, qty, state, filledQty, filledAvgPrice };
}
