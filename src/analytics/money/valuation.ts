import { convert, currencyOf, toMinor, type Currency, type PriceUnit } from "./amount.ts";
import { rateOn, type Book, type Entry, type Rates } from "./book.ts";

/** A closing price of a stock on a day; null: not known. */
export type Prices = (symbol: string, dayMs: number) => { readonly price: number; readonly unit: PriceUnit } | null;

/** A day's end in the book's own currency. */
export type DayValue = {
  readonly dayMs: number;
  /** Cash and holdings together. */
  readonly totalMinor: number;
  readonly cashMinor: number;
  readonly holdings: ReadonlyMap<string, number>;
  /** Deposits less withdrawals of the day. */
  readonly flowMinor: number;
  /** By stock: what was paid for buys less what sells and dividends brought that day, fees included. */
  readonly invested: ReadonlyMap<string, number>;
};

/** Value of a holding in the book's own currency; throws when its price or rate is unknown. */
export function holdingValue(book: Book, symbol: string, dayMs: number, prices: Prices, rates: Rates): number {
  const held = book.positions.get(symbol);
  if (held === undefined) return 0;
  const quoted = prices(symbol, dayMs);
  if (quoted === null) throw new Error(`no price for ${symbol} on ${new Date(dayMs).toISOString().slice(0, 10)}`);
  const { currency, factor } = currencyOf(quoted.unit);
  if (currency !== held.currency) throw new Error(`${symbol} is held in ${held.currency} and priced in ${currency}`);
  const minor = toMinor(currency, quoted.price, factor, held.qty);
  return convert(minor, currency, book.base, rateOn(rates, book.base, currency, dayMs));
}

/** All cash in the book's own currency at a day's rates. */
export const cashValue = (book: Book, dayMs: number, rates: Rates): number =>
  [...book.cash].reduce(
    (sum, [currency, minor]) => sum + convert(minor, currency, book.base, rateOn(rates, book.base, currency, dayMs)),
    0,
  );

/** What an entry put into a stock (negative: took out of it) in the base currency; null for what is none's. */
export function paidFor(
  base: Currency,
  entry: Entry,
  rates: Rates,
): { readonly symbol: string; readonly minor: number } | null {
  const inBase = (minor: number, currency: Currency): number =>
    convert(minor, currency, base, rateOn(rates, base, currency, entry.dayMs));
  switch (entry.kind) {
    case "buy":
    case "sell": {
      const { currency, factor } = currencyOf(entry.unit);
      const minor = toMinor(currency, entry.price, factor, entry.qty);
      const signed = entry.kind === "buy" ? inBase(minor, currency) : -inBase(minor, currency);
      return { symbol: entry.symbol, minor: signed + inBase(entry.feeMinor, currency) };
    }
    case "dividend":
    case "cash-in-lieu":
      return { symbol: entry.symbol, minor: -inBase(entry.minor, entry.currency) };
    case "fee":
    case "tax": {
      const { symbol, minor, currency } = entry;
      return symbol === null ? null : { symbol, minor: inBase(minor, currency) };
    }
    case "deposit":
    case "withdrawal":
    case "other":
    case "conversion":
    case "split":
      return null;
  }
}
