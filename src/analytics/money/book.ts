import { checkedMinor, convert, currencyOf, toMinor, type Currency, type PriceUnit } from "./amount.ts";
import { firstOut, splitLots, sumOf, type Lot } from "./lots.ts";
import { exactShares, sharesText } from "./shares.ts";

/** What happens to an account, oldest first; `dayMs` is midnight UTC of the day. Amounts are positive minor units. */
export type Entry =
  | {
      readonly kind: "deposit" | "withdrawal";
      readonly dayMs: number;
      readonly currency: Currency;
      readonly minor: number;
    }
  /**
   * What a broker or a state takes, negative where it gives back, for a stock or (null) for the account; `other` is
   * whatever else moves cash, interest above all, with the sign of what it does to it.
   */
  | {
      readonly kind: "fee" | "tax" | "other";
      readonly dayMs: number;
      readonly symbol: string | null;
      readonly currency: Currency;
      readonly minor: number;
    }
  | {
      readonly kind: "buy" | "sell";
      readonly dayMs: number;
      readonly symbol: string;
      readonly qty: number;
      readonly price: number;
      readonly unit: PriceUnit;
      /** In the currency of the price. */
      readonly feeMinor: number;
    }
  /** `minor` is what arrives; a tax that the broker books apart is an entry of its own. */
  | {
      readonly kind: "dividend";
      readonly dayMs: number;
      readonly symbol: string;
      readonly currency: Currency;
      readonly minor: number;
    }
  | {
      readonly kind: "conversion";
      readonly dayMs: number;
      readonly from: Currency;
      readonly fromMinor: number;
      readonly to: Currency;
      readonly toMinor: number;
    }
  /** What was paid for a part of a share that a split left and the broker took: a sale of that part. */
  | {
      readonly kind: "cash-in-lieu";
      readonly dayMs: number;
      readonly symbol: string;
      readonly qty: number;
      readonly currency: Currency;
      readonly minor: number;
    }
  /** More shares (negative: fewer) for the same holding at the same cost. */
  | { readonly kind: "split"; readonly dayMs: number; readonly symbol: string; readonly addedQty: number };

/** Major units of the book's own currency for one of another on a day; null: not known. */
export type Rates = (currency: Currency, dayMs: number) => number | null;

/** A holding: its lots, oldest first, and their sums. */
type Position = Omit<Lot, "dayMs"> & { readonly currency: Currency; readonly lots: readonly Lot[] };

/** A sale: what came in against the cost of the lots that were sold; `base` amounts are in the book's own currency. */
export type Realised = {
  readonly dayMs: number;
  /** Day of the oldest lot that was sold. */
  readonly boughtMs: number;
  readonly symbol: string;
  readonly qty: number;
  readonly currency: Currency;
  readonly proceedsMinor: number;
  readonly costMinor: number;
  readonly proceedsBaseMinor: number;
  readonly costBaseMinor: number;
};

/** Money in the book's own currency that came or went, by what it was for. */
type Sums = {
  /** Deposits less withdrawals. */
  readonly depositedMinor: number;
  readonly dividendsMinor: number;
  readonly feesMinor: number;
  readonly taxesMinor: number;
  readonly otherMinor: number;
};

/** The part of the sums that is a stock's own. */
type StockSums = Pick<Sums, "dividendsMinor" | "feesMinor" | "taxesMinor">;
export const noStockSums: StockSums = { dividendsMinor: 0, feesMinor: 0, taxesMinor: 0 };

export type Book = {
  readonly base: Currency;
  readonly cash: ReadonlyMap<Currency, number>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly realised: readonly Realised[];
  readonly sums: Sums;
  readonly stockSums: ReadonlyMap<string, StockSums>;
};

export const emptyBook = (base: Currency): Book => ({
  base,
  cash: new Map(),
  positions: new Map(),
  realised: [],
  sums: { depositedMinor: 0, dividendsMinor: 0, feesMinor: 0, taxesMinor: 0, otherMinor: 0 },
  stockSums: new Map(),
});

/**
 * A book after one more entry. Gains are realised first in, first out; a split realises none.
 * Throws one Error on more sold than held, another currency for a stock, an amount that is none, or an unknown rate.
 */
export function post(book: Book, entry: Entry, rates: Rates): Book {
  switch (entry.kind) {
    case "deposit":
    case "withdrawal": {
      const minor = entry.kind === "deposit" ? positive(entry.minor) : -positive(entry.minor);
      return withSum(withCash(book, entry.currency, minor), "depositedMinor", inBase(book, minor, entry, rates), null);
    }
    case "fee":
    case "tax": {
      const spent = withCash(book, entry.currency, -checkedMinor(entry.minor, `a ${entry.kind}`));
      const sum = entry.kind === "fee" ? "feesMinor" : "taxesMinor";
      return withSum(spent, sum, inBase(book, entry.minor, entry, rates), entry.symbol);
    }
    case "other": {
      const moved = withCash(book, entry.currency, checkedMinor(entry.minor, "an amount"));
      return withSum(moved, "otherMinor", inBase(book, entry.minor, entry, rates), null);
    }
    case "dividend": {
      const paid = withCash(book, entry.currency, positive(entry.minor));
      return withSum(paid, "dividendsMinor", inBase(book, entry.minor, entry, rates), entry.symbol);
    }
    case "conversion":
      return withCash(withCash(book, entry.from, -positive(entry.fromMinor)), entry.to, positive(entry.toMinor));
    case "split":
      return withPosition(book, entry.symbol, splitOf(heldIn(book, entry.symbol), entry));
    case "cash-in-lieu": {
      const { symbol, currency, minor } = entry;
      const valueMinor = checkedMinor(minor, "an amount");
      checkHeld(heldIn(book, symbol), symbol, currency);
      return sell(withCash(book, currency, valueMinor), { ...entry, qty: shares(entry), valueMinor }, rates);
    }
    case "buy":
    case "sell":
      return trade(book, entry, rates);
  }
}

function trade(book: Book, entry: Extract<Entry, { kind: "buy" | "sell" }>, rates: Rates): Book {
  const { symbol, dayMs } = entry;
  const qty = shares(entry);
  const { currency, factor } = currencyOf(entry.unit);
  if (!(entry.price > 0)) throw new Error(`${symbol}: ${entry.price} is no price`);
  const valueMinor = toMinor(currency, entry.price, factor, qty);
  const feeMinor = checkedMinor(entry.feeMinor, "a fee");
  const held = book.positions.get(symbol) ?? { ...nothingHeld, currency };
  checkHeld(held, symbol, currency);
  const fees = withSum(book, "feesMinor", inBase(book, feeMinor, { currency, dayMs }, rates), symbol);
  if (entry.kind === "sell") {
    return sell(withCash(fees, currency, valueMinor - feeMinor), { symbol, dayMs, qty, currency, valueMinor }, rates);
  }
  const lot = {
    dayMs,
    qty,
    costMinor: valueMinor,
    costBaseMinor: inBase(book, valueMinor, { currency, dayMs }, rates),
  };
  return withPosition(withCash(fees, currency, -valueMinor - feeMinor), symbol, withLots(held, [...held.lots, lot]));
}

type Sale = Pick<Realised, "symbol" | "dayMs" | "qty" | "currency"> & { readonly valueMinor: number };

/** Takes the shares and realises their gain; the cash is the caller's. */
function sell(book: Book, { symbol, dayMs, qty, currency, valueMinor }: Sale, rates: Rates): Book {
  const held = book.positions.get(symbol) ?? { ...nothingHeld, currency };
  if (qty > held.qty) throw new Error(`${symbol}: ${sharesText(qty)} sold, ${sharesText(held.qty)} held`);
  const { taken, left } = firstOut(held.lots, qty);
  const sale = {
    dayMs,
    boughtMs: taken[0]?.dayMs ?? dayMs,
    symbol,
    qty,
    currency,
    proceedsMinor: valueMinor,
    costMinor: sumOf(taken, "costMinor"),
    proceedsBaseMinor: inBase(book, valueMinor, { currency, dayMs }, rates),
    costBaseMinor: sumOf(taken, "costBaseMinor"),
  };
  return { ...withPosition(book, symbol, withLots(held, left)), realised: [...book.realised, sale] };
}

const nothingHeld = { qty: 0, costMinor: 0, costBaseMinor: 0, lots: [] };

function shares({ symbol, qty }: { readonly symbol: string; readonly qty: number }): number {
  if (!(exactShares(qty) > 0)) throw new Error(`${symbol}: ${qty} is no number of shares`);
  return exactShares(qty);
}

function checkHeld(held: Position, symbol: string, currency: Currency): void {
  if (held.currency !== currency) throw new Error(`${symbol} is held in ${held.currency} and traded in ${currency}`);
}

const withLots = ({ currency }: Position, lots: readonly Lot[]): Position => ({
  qty: sumOf(lots, "qty"),
  currency,
  costMinor: sumOf(lots, "costMinor"),
  costBaseMinor: sumOf(lots, "costBaseMinor"),
  lots,
});

function inBase(
  book: Book,
  minor: number,
  at: { readonly currency: Currency; readonly dayMs: number },
  rates: Rates,
): number {
  return convert(minor, at.currency, book.base, rateOn(rates, book.base, at.currency, at.dayMs));
}

/** The rate of a day; throws when it is unknown: an amount is never valued at a rate that was made up. */
export function rateOn(rates: Rates, base: Currency, currency: Currency, dayMs: number): number {
  if (currency === base) return 1;
  const rate = rates(currency, dayMs);
  if (rate !== null && rate > 0 && Number.isFinite(rate)) return rate;
  throw new Error(`no rate for ${currency} on ${new Date(dayMs).toISOString().slice(0, 10)}`);
}

const positive = (minor: number): number => {
  if (checkedMinor(minor, "an amount") > 0) return minor;
  throw new Error(`${minor} is no amount: it must be positive`);
};

const withCash = (book: Book, currency: Currency, minor: number): Book => ({
  ...book,
  cash: new Map(book.cash).set(currency, (book.cash.get(currency) ?? 0) + minor),
});

/** Adds to a sum, and to the stock's own part of it. */
function withSum(book: Book, sum: keyof Sums, minor: number, symbol: string | null): Book {
  const sums = { ...book.sums, [sum]: book.sums[sum] + minor };
  if (symbol === null || sum === "depositedMinor" || sum === "otherMinor") return { ...book, sums };
  const own = book.stockSums.get(symbol) ?? noStockSums;
  return { ...book, sums, stockSums: new Map(book.stockSums).set(symbol, { ...own, [sum]: own[sum] + minor }) };
}

function withPosition(book: Book, symbol: string, position: Position): Book {
  const positions = new Map(book.positions);
  if (position.qty === 0) positions.delete(symbol);
  else positions.set(symbol, position);
  return { ...book, positions };
}

function heldIn(book: Book, symbol: string): Position {
  const held = book.positions.get(symbol);
  if (held === undefined) throw new Error(`${symbol} is not held`);
  return held;
}

function splitOf(held: Position, { symbol, addedQty }: Extract<Entry, { kind: "split" }>): Position {
  const qty = exactShares(held.qty + addedQty);
  if (qty > 0) return withLots(held, splitLots(held.lots, qty));
  throw new Error(`${symbol}: a split leaves ${sharesText(qty)} shares of ${sharesText(held.qty)}`);
}
