import { z } from "zod";
import { readFundamentals } from "../db/fundamentals-cache.ts";
import { readHistories } from "../db/histories-cache.ts";
import { newestBarDays, readBarsFrom, readQuotes, type MarketCache } from "../db/market-cache.ts";
import { blocks, fxRates } from "../db/market-schema.ts";
import { readSplits } from "../db/splits-cache.ts";

const text = z.string().max(500);
const symbol = z.string().min(1).max(40);
const instant = z.int();
const price = z.number().positive();
const known = z.number().nullable();

/** All that a cache has besides bars and scores, and which bars it has. */
export const marketIndex = z.object({
  quotes: z.array(z.object({ symbol, price, currency: text, asOfMs: instant, fetchedAtMs: instant })),
  rates: z.array(z.object({ currency: text, base: text, perBase: price, asOfMs: instant, fetchedAtMs: instant })),
  blocks: z.array(z.object({ symbol, kind: text, reason: text, sinceMs: instant, untilMs: instant })),
  companies: z.array(
    z.object({
      symbol,
      fetchedAtMs: instant,
      figures: z
        .object({
          asOfMs: instant,
          profitMargin: known,
          debtToEquityPercent: known,
          currentRatio: known,
          trailingPe: known,
          forwardPe: known,
          dividendYield: known,
          payoutRatio: known,
          fiveYearDividendYield: known,
          recommendationMean: known,
          recommendationKey: text.nullable(),
          analystCount: known,
          targetPrice: known,
          currentPrice: known,
        })
        .nullable(),
    }),
  ),
  /** A node of an earlier version tells of none. */
  splits: z.array(z.object({ symbol, dayMs: instant, atMs: instant, newShares: price, oldShares: price })).default([]),
  /** `wholeAtMs`: when the history was last fetched as a whole; another one there means that all its bars may differ. */
  histories: z.array(z.object({ symbol, wholeAtMs: instant, newestDayMs: instant })),
});
export type MarketIndex = z.infer<typeof marketIndex>;

/** Bars of one symbol in a row, oldest first: day, close, dividend. Fewer than a page's worth: there are no more. */
export const barsPage = z.array(z.tuple([instant, price, z.number()])).max(1_000);
export type BarsPage = z.infer<typeof barsPage>;
export const BARS_PER_PAGE = 1_000;

/** The index of this cache. */
export function indexOf(cache: MarketCache): MarketIndex {
  const histories = readHistories(cache);
  const newest = newestBarDays(cache, [...histories.keys()]);
  return {
    quotes: [...readQuotes(cache).values()],
    rates: cache.db.select().from(fxRates).all(),
    blocks: cache.db.select().from(blocks).all(),
    companies: [...readFundamentals(cache).values()],
    splits: [...readSplits(cache)],
    histories: [...histories].flatMap(([of, wholeAtMs]) => {
      const newestDayMs = newest.get(of);
      return newestDayMs === undefined ? [] : [{ symbol: of, wholeAtMs, newestDayMs }];
    }),
  };
}

/** A page of this cache's bars of a symbol, from this day on. */
export const pageOf = (cache: MarketCache, of: string, fromDayMs: number): BarsPage =>
  readBarsFrom(cache, of, fromDayMs, BARS_PER_PAGE).map(({ dayMs, close, dividend }) => [dayMs, close, dividend]);
