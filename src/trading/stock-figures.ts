import { type MarketCache, marketNowMs, readBars } from "../db/market-cache.ts";
import { high52Weeks } from "../analytics/metrics/technical.ts";
import { adjustedCloses } from "../market/adjusted-closes.ts";
import { CLOSES_MIN } from "../scoring/price-figures.ts";
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
  const ofScores = scoreFigures(cache, symbols, nowMs);
  return new Map([...ofScores].map(([symbol, figures]) => [symbol, { ...figures, ...ofBars(cache, symbol, nowMs) }]));
}

function ofBars(cache: MarketCache, symbol: string, nowMs: number): BarFigures {
  const bars = readBars(cache, symbol, BARS_WANTED);
  const daysMs = bars.map(({ dayMs }) => dayMs);
  const closes = bars.map(({ close }) => close);
  const high = bars.length < CLOSES_MIN ? Number.NaN : high52Weeks(daysMs, Float64Array.from(closes));
  const prices = { daysMs, closes, adjustedCloses: adjustedCloses(bars) };
  return {
    toHigh: (price) => (high > 0 ? price / Math.max(high, price) : null),
    sellScore: (holding) => sellScore({ ...holding, prices, nowMs }).value,
  };
}
