import { checkedMinor, convert, currencyOf, partOf, toMinor, type Currency, type PriceUnit } from "./amount.ts";

/** What happens to an account, oldest first; `dayMs` is midnight UTC of the day. Amounts are positive minor units. */
export type Entry =
  | {
      readonly kind: "deposit" | "withdrawal" | "fee";
      readonly dayMs: number;
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
  /** `minor` is what arrives, after tax. */
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

/**
 * A holding at average cost, without fees: in the stock's currency, and in the book's at the rates of the days it was
 * bought on.
 */
type Position = {
  readonly qty: number;
  readonly currency: Currency;
  readonly costMinor: number;
  readonly costBaseMinor: number;
};

/** A sale: what came in against the average cost of what was sold; `base` amounts are in the book's own currency. */
type Realised = {
  readonly dayMs: number;
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
};

export type Book = {
  readonly base: Currency;
  readonly cash: ReadonlyMap<Currency, number>;
  readonly positions: ReadonlyMap<string, Position>;
  readonly realised: readonly Realised[];
  readonly sums: Sums;
};

export const emptyBook = (base: Currency): Book => ({
  base,
  cash: new Map(),
  positions: new Map(),
  realised: [],
  sums: { depositedMinor: 0, dividendsMinor: 0, feesMinor: 0 },
});

/**
 * A book after one more entry. Gains are realised at **average cost** (no lots: the order of a day's fills and the
 * choice of a lot change nothing); the last share sold takes what is left of the cost, so costs add up to the cent.
 * Throws one Error on more sold than held, another currency for a stock, an amount that is none, or an unknown rate.
 */
export function post(book: Book, entry: Entry, rates: Rates): Book {
  switch (entry.kind) {
    case "deposit":
    case "withdrawal": {
      const minor = entry.kind === "deposit" ? positive(entry.minor) : -positive(entry.minor);
      return withSum(withCash(book, entry.currency, minor), "depositedMinor", inBase(book, minor, entry, rates));
    }
    case "fee": {
      const spent = withCash(book, entry.currency, -positive(entry.minor));
      return withSum(spent, "feesMinor", inBase(book, entry.minor, entry, rates));
    }
    case "dividend": {
      const paid = withCash(book, entry.currency, positive(entry.minor));
      return withSum(paid, "dividendsMinor", inBase(book, entry.minor, entry, rates));
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
  const held = book.positions.get(symbol) ?? { qty: 0, currency, costMinor: 0, costBaseMinor: 0 };
  if (held.currency !== currency) throw new Error(`${symbol} is held in ${held.currency} and traded in ${currency}`);
  const fees = withSum(book, "feesMinor", inBase(book, feeMinor, { currency, dayMs }, rates));
  if (entry.kind === "buy") {
    const bought = {
      qty: held.qty + qty,
      currency,
      costMinor: held.costMinor + valueMinor,
      costBaseMinor: held.costBaseMinor + valueBaseMinor,
    };
    return withPosition(withCash(fees, currency, -valueMinor - feeMinor), symbol, bought);
  }
  if (qty > held.qty) throw new Error(`${symbol}: ${qty} sold, ${held.qty} held`);
  const costMinor = partOf(held.costMinor, qty, held.qty);
  const costBaseMinor = partOf(held.costBaseMinor, qty, held.qty);
  const rest = {
    qty: held.qty - qty,
    currency,
    costMinor: held.costMinor - costMinor,
    costBaseMinor: held.costBaseMinor - costBaseMinor,
  };
  const sale = {
    dayMs,
    symbol,
    qty,
    currency,
    proceedsMinor: valueMinor,
    costMinor,
    proceedsBaseMinor: valueBaseMinor,
    costBaseMinor,
  };
  const sold = withPosition(withCash(fees, currency, valueMinor - feeMinor), symbol, rest);
  return { ...sold, realised: [...sold.realised, sale] };
}

/** Realised gains of a calendar year (UTC) in the book's own currency, without fees. */
export const realisedInYear = ({ realised }: Book, year: number): number =>
  realised
    .filter(({ dayMs }) => new Date(dayMs).getUTCFullYear() === year)
    .reduce((sum, sale) => sum + sale.proceedsBaseMinor - sale.costBaseMinor, 0);

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

const withSum = (book: Book, sum: keyof Sums, minor: number): Book => ({
  ...book,
  sums: { ...book.sums, [sum]: book.sums[sum] + minor },
});

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
  return { ...held, qty };
}
