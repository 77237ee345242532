import { and, asc, gte, sql } from "./drizzle.ts";
import type { CachedBar, MarketCache } from "./market-cache.ts";
import { bars } from "./market-schema.ts";

/** The bars of ex-days since this one, oldest first: what was paid per share is adjusted for splits. */
export const readDividends = (cache: MarketCache, fromDayMs: number): readonly CachedBar[] =>
  cache.db
    .select()
    .from(bars)
    // In these words: it is the condition of their index.
    .where(and(sql`dividend > 0`, gte(bars.dayMs, fromDayMs)))
    .orderBy(asc(bars.dayMs), asc(bars.symbol))
    .all();
