import { z } from "zod";
import { type CachedScore, type MarketCache, newestBarDays, readBars, readScores } from "../db/market-cache.ts";
import { high52Weeks } from "../analytics/metrics/technical.ts";
import { adjustedCloses } from "../market/adjusted-closes.ts";
import { CLOSES_MIN } from "../scoring/price-figures.ts";
import { qualityOf } from "../scoring/score.ts";
import { type Holding, sellScore } from "../scoring/sell-score.ts";

/** What the cache says of a stock beyond its price and its score; null is unknown. */
export type StockFigures = {
  readonly confidence: number;
  readonly quality: number | null;
  /** Fraction a year. */
  readonly growth: number | null;
  /** A price (of the listing) as a share of the highest close of 52 weeks, itself included. */
  readonly toHigh: (price: number) => number | null;
  readonly sellScore: (holding: Omit<Holding, "prices" | "nowMs">) => number | null;
};

/** Two years and a little: what the sell score looks back on. */
const BARS_WANTED = 520;

const groups = z.array(
  z.object({
    name: z.string(),
    value: z.number().nullable(),
    parts: z.array(z.object({ name: z.string(), inputs: z.record(z.string(), z.unknown()) })),
  }),
);

/** The figures of these symbols, from their scores' explanations and their bars. */
export function stockFigures(cache: MarketCache, symbols: readonly string[]): ReadonlyMap<string, StockFigures> {
  const scores = readScores(cache);
  // Ages are counted in market time: a replay's is years ago.
  const nowMs = Math.max(0, ...newestBarDays(cache, symbols).values());
  return new Map(symbols.map((symbol) => [symbol, figuresOf(cache, symbol, scores.get(symbol), nowMs)]));
}

function figuresOf(cache: MarketCache, symbol: string, score: CachedScore | undefined, nowMs: number): StockFigures {
  const explained = groups.safeParse(JSON.parse(score?.explanation ?? "[]"));
  const all = explained.success ? explained.data : [];
  const growth = all.flatMap(({ parts }) => parts).find(({ name }) => name === "growth")?.inputs["growth"];
  const bars = readBars(cache, symbol, BARS_WANTED);
  const daysMs = bars.map(({ dayMs }) => dayMs);
  const closes = bars.map(({ close }) => close);
  const high = bars.length < CLOSES_MIN ? Number.NaN : high52Weeks(daysMs, Float64Array.from(closes));
  const prices = { daysMs, closes, adjustedCloses: adjustedCloses(bars) };
  return {
    confidence: score?.confidence ?? 0,
    quality: qualityOf(all),
    growth: typeof growth === "number" ? growth : null,
    toHigh: (price) => (high > 0 ? price / Math.max(high, price) : null),
    sellScore: (holding) => sellScore({ ...holding, prices, nowMs }).value,
  };
}
