import type { MarketCache } from "./market-cache.ts";
import { fundamentals } from "./market-schema.ts";
import type { Fundamentals } from "../scoring/score-input.ts";

/** What a source last said of a company, null when it has nothing; `fetchedAtMs` (app clock) tells its age. */
export type CachedFundamentals = {
  readonly symbol: string;
  readonly figures: Fundamentals | null;
  readonly fetchedAtMs: number;
};

/** All cached figures, by symbol. */
export const readFundamentals = (cache: MarketCache): ReadonlyMap<string, CachedFundamentals> =>
  (cache.hot.fundamentals ??= new Map(
    cache.db
      .select()
      .from(fundamentals)
      .all()
      .map((row) => [row.symbol, row]),
  ));

/** Writes a company's figures; those of the same symbol are replaced. */
export function writeFundamentals(cache: MarketCache, row: CachedFundamentals): void {
  const { figures, fetchedAtMs } = row;
  cache.db
    .insert(fundamentals)
    .values(row)
    .onConflictDoUpdate({ target: fundamentals.symbol, set: { figures, fetchedAtMs } })
    .run();
  cache.hot.fundamentals = null;
}
