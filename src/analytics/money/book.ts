import { checkedMinor, convert, currencyOf, partOf, toMinor, type Currency, type PriceUnit } from "./amount.ts";

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
  /** `ratio` new shares for one old; what it leaves must be whole shares. */
  | { readonly kind: "split"; readonly dayMs: number; readonly symbol: string; readonly ratio: number };

/** Major units of the book's own currency for one of another on a day; null: not known. */
export type Rates = (currency: Currency, dayMs: number) => number | null;

/** Shares bought together: their cost without fees in the stock's currency, and in the book's at the rate of that day. */
type Lot = {
  readonly dayMs: number;
  readonly qty: number;
  readonly costMinor: number;
  readonly costBaseMinor: number;
};

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
 * A book after one more entry. Gains are realised **first in, first out**: a sale takes the oldest lots, and of the last
 * of them its part; the last share of a lot takes what is left of its cost, so costs add up to the cent.
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
      return withPosition(book, entry.symbol, splitOf(heldIn(book, entry.symbol), entry.ratio, entry.symbol));
    case "buy":
    case "sell":
      return trade(book, entry, rates);
  }
}

function trade(book: Book, entry: Extract<Entry, { kind: "buy" | "sell" }>, rates: Rates): Book {
  const { symbol, qty, dayMs } = entry;
  if (!Number.isSafeInteger(qty) || qty <= 0) throw new Error(`${symbol}: ${qty} is no number of shares`);
  const { currency, factor } = currencyOf(entry.unit);
  if (!(entry.price > 0)) throw new Error(`${symbol}: ${entry.price} is no price`);
  const valueMinor = toMinor(currency, entry.price, factor, qty);
  const feeMinor = checkedMinor(entry.feeMinor, "a fee");
  const valueBaseMinor = inBase(book, valueMinor, { currency, dayMs }, rates);
  const held = book.positions.get(symbol) ?? { ...nothingHeld, currency };
  if (held.currency !== currency) throw new Error(`${symbol} is held in ${held.currency} and traded in ${currency}`);
  const fees = withSum(book, "feesMinor", inBase(book, feeMinor, { currency, dayMs }, rates), symbol);
  if (entry.kind === "buy") {
    const lot = { dayMs, qty, costMinor: valueMinor, costBaseMinor: valueBaseMinor };
    return withPosition(withCash(fees, currency, -valueMinor - feeMinor), symbol, withLots(held, [...held.lots, lot]));
  }
  if (qty > held.qty) throw new Error(`${symbol}: ${qty} sold, ${held.qty} held`);
  const { taken, left } = firstOut(held.lots, qty);
  const sold = withPosition(withCash(fees, currency, valueMinor - feeMinor), symbol, withLots(held, left));
  const sale = {
    dayMs,
    boughtMs: taken[0]?.dayMs ?? dayMs,
    symbol,
    qty,
    currency,
    proceedsMinor: valueMinor,
    costMinor: sumOf(taken, "costMinor"),
    proceedsBaseMinor: valueBaseMinor,
    costBaseMinor: sumOf(taken, "costBaseMinor"),
  };
  return { ...sold, realised: [...sold.realised, sale] };
}

const nothingHeld = { qty: 0, costMinor: 0, costBaseMinor: 0, lots: [] };

const sumOf = (lots: readonly Lot[], key: "qty" | "costMinor" | "costBaseMinor"): number =>
  lots.reduce((sum, lot) => sum + lot[key], 0);

const withLots = ({ currency }: Position, lots: readonly Lot[]): Position => ({
  qty: sumOf(lots, "qty"),
  currency,
  costMinor: sumOf(lots, "costMinor"),
  costBaseMinor: sumOf(lots, "costBaseMinor"),
  lots,
});

/** Takes so many shares from the oldest lots; no more than there are. */
function firstOut(
  lots: readonly Lot[],
  qty: number,
): { readonly taken: readonly Lot[]; readonly left: readonly Lot[] } {
  const [taken, left]: [Lot[], Lot[]] = [[], []];
  let wanted = qty;
  for (const lot of lots) {
    const some = Math.min(wanted, lot.qty);
    wanted -= some;
    const costMinor = partOf(lot.costMinor, some, lot.qty);
    const costBaseMinor = partOf(lot.costBaseMinor, some, lot.qty);
    const rest = {
      qty: lot.qty - some,
      costMinor: lot.costMinor - costMinor,
      costBaseMinor: lot.costBaseMinor - costBaseMinor,
    };
    if (some > 0) taken.push({ dayMs: lot.dayMs, qty: some, costMinor, costBaseMinor });
    if (rest.qty > 0) left.push({ dayMs: lot.dayMs, ...rest });
  }
  return { taken, left };
}

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

function splitOf(held: Position, ratio: number, symbol: string): Position {
  // A ratio such as 1/3 is no exact decimal: a millionth of a share is rounding, more is a fraction to be paid out.
  const qty = Math.round(held.qty * ratio);
  if (!(ratio > 0) || Math.abs(qty - held.qty * ratio) > 1e-6)
    throw new Error(`${symbol}: a split by ${ratio} leaves fractions`);
  // A lot may have no whole number of shares then, only all of them together: each ends at the rounded sum so far, and
  // one that is left with none goes with its neighbour.
  const lots: Lot[] = [];
  let [before, after] = [0, 0];
  for (const lot of held.lots) {
    before += lot.qty;
    const own = { ...lot, qty: Math.round(before * ratio) - after };
    after += own.qty;
    const last = lots.at(-1);
    if (last === undefined || (last.qty > 0 && own.qty > 0)) lots.push(own);
    else lots[lots.length - 1] = together(last, own);
  }
  return withLots(held, lots);
}

const together = (a: Lot, b: Lot): Lot => ({
  dayMs: a.dayMs,
  qty: a.qty + b.qty,
  costMinor: a.costMinor + b.costMinor,
  costBaseMinor: a.costBaseMinor + b.costBaseMinor,
});
