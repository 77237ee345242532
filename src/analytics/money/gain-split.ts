import { currencyOf, partOf, toMinor, type Currency } from "./amount.ts";
import { noStockSums, type Book, type Rates } from "./book.ts";
import { cashValue, holdingValue, type Prices } from "./valuation.ts";

/** Where one stock's gain came from since it was first bought, in the book's own currency; its parts sum to `gainMinor`. */
export type StockGain = {
  readonly symbol: string;
  readonly qty: number;
  readonly valueMinor: number;
  /** What the shares held have cost, first in, first out, without fees. */
  readonly costMinor: number;
  readonly gainMinor: number;
  /** Of shares that were sold, without fees, taxes and dividends; a part of price and rates. */
  readonly realisedMinor: number;
  /** Moves of the price, held and sold, at the rates of purchase. */
  readonly priceMinor: number;
  /** What the rates did since the purchase, held and sold. */
  readonly fxMinor: number;
  readonly dividendsMinor: number;
  /** Negative, as are taxes, unless more was given back than taken. */
  readonly feesMinor: number;
  readonly taxesMinor: number;
};

/** Where an account's gain came from, in its own currency; the parts sum to the gain to the cent. */
export type GainSplit = Pick<StockGain, "gainMinor" | "priceMinor" | "fxMinor" | "dividendsMinor"> & {
  /** Of the stocks and of the account. */
  readonly feesMinor: number;
  readonly taxesMinor: number;
  /** Interest and what else moved cash without being paid in. */
  readonly otherMinor: number;
  /** The rest: what the rates did to cash in other currencies, and what conversions cost. */
  readonly cashFxMinor: number;
};

/** The gain of every stock that was ever held, by symbol. Throws when the price or rate of a holding is unknown. */
export function stockGains(book: Book, dayMs: number, prices: Prices, rates: Rates): readonly StockGain[] {
  const sold = Map.groupBy(book.realised, ({ symbol }) => symbol);
  const symbols = new Set([...book.positions.keys(), ...sold.keys(), ...book.stockSums.keys()]);
  return [...symbols].toSorted().map((symbol) => {
    const held = heldLegs(book, symbol, dayMs, prices, rates);
    const sales = (sold.get(symbol) ?? []).map((sale) => ({
      currency: sale.currency,
      valueMinor: sale.proceedsMinor,
      valueBaseMinor: sale.proceedsBaseMinor,
      costMinor: sale.costMinor,
      costBaseMinor: sale.costBaseMinor,
    }));
    const parts = [...(held === null ? [] : [held]), ...sales].map((legs) => split(book.base, legs));
    const priceMinor = parts.reduce((sum, part) => sum + part.priceMinor, 0);
    const fxMinor = parts.reduce((sum, part) => sum + part.fxMinor, 0);
    const { dividendsMinor, feesMinor, taxesMinor } = book.stockSums.get(symbol) ?? noStockSums;
    return {
      symbol,
      qty: book.positions.get(symbol)?.qty ?? 0,
      valueMinor: held?.valueBaseMinor ?? 0,
      costMinor: held?.costBaseMinor ?? 0,
      gainMinor: priceMinor + fxMinor + dividendsMinor - feesMinor - taxesMinor,
      realisedMinor: sales.reduce((sum, legs) => sum + legs.valueBaseMinor - legs.costBaseMinor, 0),
      priceMinor,
      fxMinor,
      dividendsMinor,
      feesMinor: 0 - feesMinor,
      taxesMinor: 0 - taxesMinor,
    };
  });
}

/** Splits the whole gain of a book as of a day, given its stocks': its value with cash, less what was paid in. */
export function gainSplit(book: Book, dayMs: number, stocks: readonly StockGain[], rates: Rates): GainSplit {
  const sum = (key: "valueMinor" | "priceMinor" | "fxMinor"): number =>
    stocks.reduce((total, stock) => total + stock[key], 0);
  const { depositedMinor, dividendsMinor, feesMinor, taxesMinor, otherMinor } = book.sums;
  const gainMinor = sum("valueMinor") + cashValue(book, dayMs, rates) - depositedMinor;
  const [priceMinor, fxMinor] = [sum("priceMinor"), sum("fxMinor")];
  return {
    gainMinor,
    priceMinor,
    fxMinor,
    dividendsMinor,
    feesMinor: 0 - feesMinor,
    taxesMinor: 0 - taxesMinor,
    otherMinor,
    cashFxMinor: gainMinor - priceMinor - fxMinor - dividendsMinor + feesMinor + taxesMinor - otherMinor,
  };
}

type Legs = {
  readonly currency: Currency;
  readonly valueMinor: number;
  readonly valueBaseMinor: number;
  readonly costMinor: number;
  readonly costBaseMinor: number;
};

function heldLegs(book: Book, symbol: string, dayMs: number, prices: Prices, rates: Rates): Legs | null {
  const position = book.positions.get(symbol);
  const quoted = prices(symbol, dayMs);
  if (position === undefined) return null;
  const valueBaseMinor = holdingValue(book, symbol, dayMs, prices, rates);
  const { qty, currency, costMinor, costBaseMinor } = position;
  const valueMinor = quoted === null ? 0 : toMinor(currency, quoted.price, currencyOf(quoted.unit).factor, qty);
  return { currency, valueMinor, valueBaseMinor, costMinor, costBaseMinor };
}

/** The gain in the stock's currency at the average rate of its purchases is the price's; the rest is the rates'. */
function split(base: Currency, legs: Legs): { readonly priceMinor: number; readonly fxMinor: number } {
  const gainBaseMinor = legs.valueBaseMinor - legs.costBaseMinor;
  if (legs.currency === base) return { priceMinor: gainBaseMinor, fxMinor: 0 };
  const priceMinor =
    legs.costMinor === 0 ? 0 : partOf(legs.valueMinor - legs.costMinor, legs.costBaseMinor, legs.costMinor);
  return { priceMinor, fxMinor: gainBaseMinor - priceMinor };
}
