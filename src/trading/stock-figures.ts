import { highestCloses, type MarketCache, marketNowMs, readBars } from "../db/market-cache.ts";
import { WEEKS_52_MS } from "../analytics/metrics/technical.ts";
import { adjustedCloses } from "../market/adjusted-closes.ts";
import { CLOSES_MIN } from "../scoring/price-figures.ts";
import type { PriceHistory } from "../scoring/score-input.ts";
import { type Holding, sellScore } from "../scoring/sell-score.ts";
import { type ScoreFigures, scoreFigures } from "./score-figures.ts";

/** What the cache says of a stock beyond its price and its score; null is unknown. */
export type StockFigures = ScoreFigures & BarFigures;

type BarFigures = {
  /** A price (of the listing) as a share of the highest close of 52 weeks, itself included. */
  readonly toHigh: (price: number) => number | null;
  readonly sellScore: (holding: Omit<Holding, "prices" | "nowMs">) => number | null;
};

/** Two years and a little: what the sell score looks back on. */
const BARS_WANTED = 520;

/** The figures of these symbols, from their scores' explanations and their bars. */
export function stockFigures(cache: MarketCache, symbols: readonly string[]): ReadonlyMap<string, StockFigures> {
  const nowMs = marketNowMs(cache, symbols);
  const highs = highestCloses(cache, symbols, WEEKS_52_MS);
  return new Map(
    [...scoreFigures(cache, symbols, nowMs)].map(([symbol, figures]) => {
      const { close, count } = highs.get(symbol) ?? { close: Number.NaN, count: 0 };
      const high = count < CLOSES_MIN ? Number.NaN : close;
      const ofBars: BarFigures = {
        toHigh: (price) => (high > 0 ? price / Math.max(high, price) : null),
        // Two years of bars, which are read of the few stocks that are held.
        sellScore: (holding) => sellScore({ ...holding, prices: pricesOf(cache, symbol), nowMs }).value,
      };
      return [symbol, { ...figures, ...ofBars }];
    }),
  );
}

function pricesOf(cache: MarketCache, symbol: string): PriceHistory {
  const bars = readBars(cache, symbol, BARS_WANTED);
  const closes = bars.map(({ close }) => close);
  return { daysMs: bars.map(({ dayMs }) => dayMs), closes, adjustedCloses: adjustedCloses(bars) };
}
