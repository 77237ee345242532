import { z } from "zod";
import { type CachedScore, type MarketCache, readScores } from "../db/market-cache.ts";
import type { Place } from "../planning/place.ts";
import type { Group } from "../scoring/score-part.ts";
import { inPortfolio, qualityOf, type Score } from "../scoring/score.ts";

/** What the cache says of a stock's score; null is unknown. */
export type ScoreFigures = {
  /** Of the score by itself, without a portfolio. */
  readonly confidence: number;
  readonly quality: number | null;
  /** Fraction a year. */
  readonly growth: number | null;
  /**
   * Its score with this place in a portfolio, as it was so many market days ago; without a place what depends on one is
   * unknown. null: it has no score.
   */
  readonly inPortfolio: (place: Place | null, ageDays: number) => Score | null;
};

const DAY_MS = 86_400_000;

const share = z.number().min(0).max(1);
const scored = { name: z.string(), weight: share, value: share.nullable(), confidence: share };
const groups = z.array(
  z.object({
    ...scored,
    parts: z.array(
      z.object({
        ...scored,
        inputs: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
        ageDays: z.number().nullable(),
      }),
    ),
  }),
);

/** The figures of these symbols' scores at this market time; of a symbol that has none they are unknown. */
export function scoreFigures(
  cache: MarketCache,
  symbols: readonly string[],
  nowMs: number,
): ReadonlyMap<string, ScoreFigures> {
  const scores = readScores(cache);
  return new Map(symbols.map((symbol) => [symbol, figuresOf(scores.get(symbol), nowMs)]));
}

function figuresOf(score: CachedScore | undefined, nowMs: number): ScoreFigures {
  const all = groupsOf(score);
  const growth = all.flatMap(({ parts }) => parts).find(({ name }) => name === "growth")?.inputs["growth"];
  return {
    confidence: score?.confidence ?? 0,
    quality: qualityOf(all),
    growth: typeof growth === "number" ? growth : null,
    inPortfolio(place, ageDays) {
      if (score === undefined) return null;
      // An explanation that cannot be read is no reason to hide the score.
      if (all.length === 0) return { total: score.total, confidence: score.confidence, groups: all };
      return inPortfolio(all, place && { ...place, asOfMs: nowMs - ageDays * DAY_MS }, nowMs);
    },
  };
}

/** Of rows as the cache remembers them: a row is read for every page and plan, and written every half hour. */
const known = new WeakMap<CachedScore, readonly Group[]>();

function groupsOf(score: CachedScore | undefined): readonly Group[] {
  if (score === undefined) return [];
  const before = known.get(score);
  if (before !== undefined) return before;
  const explained = groups.safeParse(JSON.parse(score.explanation));
  const all = explained.success ? explained.data : [];
  known.set(score, all);
  return all;
}
