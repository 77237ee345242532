import type { MarketView } from "../../src/trading/market-view.ts";

/** The prices and rates of a market view whose base currency is the dollar, all fresh. */
export const dollarPrices = (prices: Iterable<readonly [string, number]>): Pick<MarketView, "prices" | "rates"> => ({
  prices: new Map(
    [...prices].map(([symbol, price]) => [
      symbol,
      { price, currency: "USD", priceBase: price, priceAgeMs: 0, rateAgeMs: 0 },
    ]),
  ),
  rates: { base: "USD", perBase: new Map() },
});
