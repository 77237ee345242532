import { isCurrency } from "../../src/analytics/money/amount.ts";
import { defaultPlanning } from "../../src/planning/settings.ts";
import type { PaperDeps } from "../../src/trading/brokers/paper.ts";

type Quoted = ReadonlyMap<string, { readonly price: number; readonly currency: string }>;

/** What the paper broker asks of a market with these prices, where one of the base currency buys so many of the others. */
export function paperMarket(
  prices: () => Quoted,
  { base, perBase = {} }: { readonly base: string; readonly perBase?: Readonly<Record<string, number>> },
): Pick<PaperDeps, "currency" | "market" | "valuation" | "costs"> {
  if (!isCurrency(base)) throw new Error(`no account is kept in ${base}`);
  const rateOf = (currency: string): number => (currency === base ? 1 : 1 / (perBase[currency] ?? Number.NaN));
  const listed = ({ price, currency }: { readonly price: number; readonly currency: string }) => ({
    price,
    currency,
    priceBase: price * rateOf(currency),
    priceAgeMs: 0,
    rateAgeMs: 0,
  });
  return {
    currency: base,
    market: () => ({
      prices: new Map([...prices()].map(([symbol, quoted]) => [symbol, listed(quoted)])),
      rates: { base, perBase: new Map(Object.entries(perBase)) },
    }),
    valuation: () => ({
      base,
      prices: prices(),
      rates: new Map(Object.keys(perBase).map((currency) => [currency, rateOf(currency)])),
    }),
    costs: () => defaultPlanning,
  };
}
