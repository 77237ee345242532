import { currencyOf, partOf, toMinor, type Currency } from "./amount.ts";
import type { Book, Rates } from "./book.ts";
import { cashValue, holdingValue, type Prices } from "./valuation.ts";

/** Where an account's gain came from, in its own currency; the parts sum to the gain to the cent. */
export type GainSplit = {
  /** Value with cash, less what was paid in. */
  readonly gainMinor: number;
  /** Moves of prices, held and sold, at the rates of purchase. */
  readonly priceMinor: number;
  /** What the rates did to holdings since their purchase, held and sold. */
  readonly fxMinor: number;
  readonly dividendsMinor: number;
  /** Negative. */
  readonly feesMinor: number;
  /** The rest: what the rates did to cash in other currencies, and what conversions cost. */
  readonly cashFxMinor: number;
};

/** Splits the whole gain of a book as of a day. Throws when a price or rate is unknown. */
export function gainSplit(book: Book, dayMs: number, prices: Prices, rates: Rates): GainSplit {
  const sold = book.realised.map((sale) =>
    split(book.base, sale.currency, {
      valueMinor: sale.proceedsMinor,
      valueBaseMinor: sale.proceedsBaseMinor,
      costMinor: sale.costMinor,
      costBaseMinor: sale.costBaseMinor,
    }),
  );
  const held = [...book.positions].map(([symbol, { qty, currency, costMinor, costBaseMinor }]) => {
    const valueBaseMinor = holdingValue(book, symbol, dayMs, prices, rates);
    const quoted = prices(symbol, dayMs);
    const valueMinor = quoted === null ? 0 : toMinor(currency, quoted.price, currencyOf(quoted.unit).factor, qty);
    return { valueBaseMinor, ...split(book.base, currency, { valueMinor, valueBaseMinor, costMinor, costBaseMinor }) };
  });
  const { depositedMinor, dividendsMinor, feesMinor } = book.sums;
  const holdingsMinor = held.reduce((sum, { valueBaseMinor }) => sum + valueBaseMinor, 0);
  const gainMinor = holdingsMinor + cashValue(book, dayMs, rates) - depositedMinor;
  const priceMinor = [...sold, ...held].reduce((sum, part) => sum + part.priceMinor, 0);
  const fxMinor = [...sold, ...held].reduce((sum, part) => sum + part.fxMinor, 0);
  const cashFxMinor = gainMinor - priceMinor - fxMinor - dividendsMinor + feesMinor;
  return { gainMinor, priceMinor, fxMinor, dividendsMinor, feesMinor: 0 - feesMinor, cashFxMinor };
}

type Legs = {
  readonly valueMinor: number;
  readonly valueBaseMinor: number;
  readonly costMinor: number;
  readonly costBaseMinor: number;
};

/** The gain in the stock's currency at the average rate of its purchases is the price's; the rest is the rates'. */
function split(
  base: Currency,
  currency: Currency,
  legs: Legs,
): { readonly priceMinor: number; readonly fxMinor: number } {
  const gainBaseMinor = legs.valueBaseMinor - legs.costBaseMinor;
  if (currency === base) return { priceMinor: gainBaseMinor, fxMinor: 0 };
  const priceMinor =
    legs.costMinor === 0 ? 0 : partOf(legs.valueMinor - legs.costMinor, legs.costBaseMinor, legs.costMinor);
  return { priceMinor, fxMinor: gainBaseMinor - priceMinor };
}
