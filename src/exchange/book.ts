import { toMinor } from "../analytics/money/amount.ts";
import { exactShares } from "../analytics/money/shares.ts";

/** The simulated exchange's book, pure: entries of its journal file in, orders, positions and cash out. */

export type ExchangeOrder = {
  readonly id: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly qty: number;
  readonly submittedAtMs: number;
  readonly status: "new" | "partially_filled" | "filled" | "canceled" | "expired";
  readonly endedAtMs: number | null;
  readonly filledQty: number;
  /** Over all fills; null before the first. */
  readonly filledAvgPriceUsd: number | null;
};

/** One attempt to place an order, the refused ones too; `at` is ISO real time, `from` the address that it came from. */
export type Attempt = {
  readonly at: string;
  readonly from?: string | undefined;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: string;
  readonly qty: number;
  readonly outcome: string;
};

/** What the durable file holds, one entry a line. Instants ending in `Ms` are the exchange's own (app) clock. */
export type Entry =
  | { readonly kind: "attempt"; readonly attempt: Attempt; readonly accepted: Accepted | null }
  /** Without `qty`: all that is left. */
  | {
      readonly kind: "fill";
      readonly id: string;
      readonly atMs: number;
      readonly priceUsd: number;
      readonly qty?: number | undefined;
    }
  | { readonly kind: "cancel" | "expire"; readonly id: string; readonly atMs: number }
  | Deposit
  | CashEntry
  | SplitEntry;
/** Money from outside; a withdrawal is negative. */
type Deposit = {
  readonly kind: "deposit";
  readonly id: string;
  readonly atMs: number;
  readonly usd: number;
};
/** Dividends, taxes withheld from them, fees, interest: negative where the account pays. */
type CashEntry = {
  readonly kind: "cash";
  readonly id: string;
  readonly atMs: number;
  readonly type: (typeof cashTypes)[number];
  readonly usd: number;
  readonly symbol: string | null;
};
/** So many new shares for so many old ones, the price of a new one with which a part of a share is paid out; null: kept. */
type SplitEntry = {
  readonly kind: "split";
  readonly id: string;
  readonly atMs: number;
  readonly symbol: string;
  readonly newShares: number;
  readonly oldShares: number;
  readonly inLieuUsd: number | null;
};
export const cashTypes = ["DIV", "DIVNRA", "FEE", "INT"] as const;
export type Accepted = { readonly id: string; readonly submittedAtMs: number; readonly reservedUsd: number };

/** Whatever moved cash or shares, in the order in which it did; `trade` of a fill. */
export type Activity = {
  readonly id: string;
  readonly atMs: number;
  readonly type: "FILL" | "CSD" | "CSW" | "SPLIT" | "CIL" | CashEntry["type"];
  readonly usd: number;
  readonly symbol: string | null;
  /** Shares that came, or (negative) went, by what is no trade. */
  readonly sharesMoved: number | null;
  readonly trade: {
    readonly orderId: string;
    readonly side: "buy" | "sell";
    readonly qty: number;
    readonly priceUsd: number;
  } | null;
};

type Holding = { readonly qty: number; readonly avgPriceUsd: number };

export type Book = {
  /** Always whole cents: every fill is rounded to them, as a broker's statement is. */
  cashUsd: number;
  /** In order of arrival. */
  readonly orders: Map<string, ExchangeOrder>;
  readonly idsByClientOrderId: Map<string, string>;
  readonly holdings: Map<string, Holding>;
  /** Cash that open buys may still need, by order id. */
  readonly reservedUsd: Map<string, number>;
  /** What splits have made of a share's price by now, by symbol. */
  readonly priceFactors: Map<string, number>;
  readonly attempts: Attempt[];
  readonly activities: Activity[];
};

export const newBook = (cashUsd: number): Book => ({
  cashUsd,
  orders: new Map(),
  idsByClientOrderId: new Map(),
  holdings: new Map(),
  reservedUsd: new Map(),
  priceFactors: new Map(),
  attempts: [],
  activities: [],
});

export type Request = {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly qty: number;
};
export type Verdict =
  | { readonly kind: "accept"; readonly reservedUsd: number }
  | { readonly kind: "duplicate" }
  | { readonly kind: "refuse"; readonly status: 403 | 422; readonly code: number; readonly message: string };

/** Whether the exchange takes this order now; `priceUsd` is null for a symbol that it does not list. */
export function judge(book: Book, request: Request, priceUsd: number | null, acceptDuplicates: boolean): Verdict {
  if (!acceptDuplicates && book.idsByClientOrderId.has(request.clientOrderId)) return { kind: "duplicate" };
  if (priceUsd === null) {
    return { kind: "refuse", status: 422, code: 42210000, message: `asset "${request.symbol}" not found` };
  }
  if (request.side === "buy") {
    const neededUsd = request.qty * priceUsd;
    if (neededUsd > buyingPowerUsd(book)) {
      return { kind: "refuse", status: 403, code: 40310000, message: "insufficient buying power" };
    }
    return { kind: "accept", reservedUsd: neededUsd };
  }
  const available = availableQty(book, request.symbol);
  if (request.qty > available) {
    const message = `insufficient qty available for order (requested: ${request.qty}, available: ${available})`;
    return { kind: "refuse", status: 403, code: 40310000, message };
  }
  return { kind: "accept", reservedUsd: 0 };
}

/** Brings the book up to date with one entry; the same code runs live and when the file is replayed. */
export function apply(book: Book, entry: Entry): void {
  switch (entry.kind) {
    case "attempt":
      return applyAttempt(book, entry.attempt, entry.accepted);
    case "fill":
      return applyFill(book, entry);
    case "cancel":
    case "expire": {
      const order = openOrder(book, entry.id);
      const status = entry.kind === "cancel" ? "canceled" : "expired";
      book.orders.set(order.id, { ...order, status, endedAtMs: entry.atMs });
      book.reservedUsd.delete(order.id);
      return undefined;
    }
    case "deposit":
      return moveCash(book, {
        ...entry,
        type: entry.usd < 0 ? "CSW" : "CSD",
        symbol: null,
        sharesMoved: null,
        trade: null,
      });
    case "cash":
      return moveCash(book, { ...entry, sharesMoved: null, trade: null });
    case "split":
      return applySplit(book, entry);
  }
}

export const buyingPowerUsd = (book: Book): number =>
  book.cashUsd - [...book.reservedUsd.values()].reduce((sum, usd) => sum + usd, 0);

/** Shares that no open sell has spoken for. */
function availableQty(book: Book, symbol: string): number {
  const held = book.holdings.get(symbol)?.qty ?? 0;
  const selling = [...book.orders.values()]
    .filter((order) => isOpen(order) && order.side === "sell" && order.symbol === symbol)
    .reduce((sum, order) => sum + order.qty - order.filledQty, 0);
  return held - selling;
}

function applyAttempt(book: Book, attempt: Attempt, accepted: Accepted | null): void {
  book.attempts.push(attempt);
  if (accepted === null) return;
  book.orders.set(accepted.id, {
    id: accepted.id,
    clientOrderId: attempt.clientOrderId,
    symbol: attempt.symbol,
    side: attempt.side === "sell" ? "sell" : "buy",
    qty: attempt.qty,
    submittedAtMs: accepted.submittedAtMs,
    status: "new",
    endedAtMs: null,
    filledQty: 0,
    filledAvgPriceUsd: null,
  });
  // With duplicates accepted the first order stays the one that a look-up by client order id finds.
  if (!book.idsByClientOrderId.has(attempt.clientOrderId)) {
    book.idsByClientOrderId.set(attempt.clientOrderId, accepted.id);
  }
  if (accepted.reservedUsd > 0) book.reservedUsd.set(accepted.id, accepted.reservedUsd);
}

function applyFill(book: Book, fill: Extract<Entry, { kind: "fill" }>): void {
  const order = openOrder(book, fill.id);
  const { symbol, side } = order;
  const { atMs, priceUsd } = fill;
  const leftQty = order.qty - order.filledQty;
  const qty = fill.qty ?? leftQty;
  if (qty > leftQty) throw new Error(`a fill of ${qty} for order ${order.id}, which has ${leftQty} left`);
  const filledQty = order.filledQty + qty;
  const filledAvgPriceUsd = ((order.filledAvgPriceUsd ?? 0) * order.filledQty + priceUsd * qty) / filledQty;
  const whole = filledQty === order.qty;
  const status = whole ? "filled" : "partially_filled";
  book.orders.set(order.id, { ...order, status, endedAtMs: whole ? atMs : null, filledQty, filledAvgPriceUsd });
  const reservedUsd = book.reservedUsd.get(order.id) ?? 0;
  if (whole || reservedUsd === 0) book.reservedUsd.delete(order.id);
  else book.reservedUsd.set(order.id, reservedUsd * (1 - qty / leftQty));
  const trade = { orderId: order.id, side, qty, priceUsd };
  const usd = (side === "buy" ? -1 : 1) * (toMinor("USD", qty, priceUsd) / 100);
  moveCash(book, { id: `${order.id}-${filledQty}`, atMs, type: "FILL", usd, symbol, sharesMoved: null, trade });
  moveShares(book, symbol, side === "buy" ? qty : -qty, priceUsd);
}

/** As Alpaca books it: all old shares out, all new ones in, the part of a share paid out; open orders are cancelled. */
function applySplit(book: Book, { id, atMs, symbol, newShares, oldShares, inLieuUsd }: SplitEntry): void {
  for (const order of book.orders.values()) {
    if (order.symbol === symbol && isOpen(order)) apply(book, { kind: "cancel", id: order.id, atMs });
  }
  book.priceFactors.set(symbol, ((book.priceFactors.get(symbol) ?? 1) * oldShares) / newShares);
  const held = book.holdings.get(symbol);
  if (held === undefined) return;
  const qty = exactShares((held.qty * newShares) / oldShares);
  const told = { atMs, usd: 0, symbol, trade: null };
  moveCash(book, { ...told, id: `${id}-out`, type: "SPLIT", sharesMoved: -held.qty });
  moveCash(book, { ...told, id: `${id}-in`, type: "SPLIT", sharesMoved: qty });
  book.holdings.set(symbol, { qty, avgPriceUsd: (held.qty * held.avgPriceUsd) / qty });
  const part = exactShares(qty % 1);
  if (inLieuUsd === null || part === 0) return;
  const usd = toMinor("USD", part, inLieuUsd) / 100;
  moveCash(book, { ...told, id: `${id}-part`, type: "CIL", usd, sharesMoved: -part });
  moveShares(book, symbol, -part, inLieuUsd);
}

function moveCash(book: Book, activity: Activity): void {
  const cents = toMinor("USD", activity.usd);
  book.cashUsd = (toMinor("USD", book.cashUsd) + cents) / 100;
  const { id, atMs, type, symbol, sharesMoved, trade } = activity;
  book.activities.push({ id, atMs, type, usd: cents / 100, symbol, sharesMoved, trade });
}

function moveShares(book: Book, symbol: string, qty: number, priceUsd: number): void {
  const held = book.holdings.get(symbol) ?? { qty: 0, avgPriceUsd: 0 };
  const after = exactShares(held.qty + qty);
  if (after === 0) book.holdings.delete(symbol);
  else if (qty < 0) book.holdings.set(symbol, { ...held, qty: after });
  else book.holdings.set(symbol, { qty: after, avgPriceUsd: (held.qty * held.avgPriceUsd + qty * priceUsd) / after });
}

/** An order that can still fill. */
export const isOpen = ({ status }: ExchangeOrder): boolean => status === "new" || status === "partially_filled";

function openOrder(book: Book, id: string): ExchangeOrder {
  const order = book.orders.get(id);
  if (order === undefined || !isOpen(order)) throw new Error(`entry for order ${id}, which is not open`);
  return order;
}
