import type { Split } from "../market/source.ts";
import { asc, lt } from "./drizzle.ts";
import type { MarketCache } from "./market-cache.ts";
import { splits } from "./market-schema.ts";

/** For so long a node may be away and still find what happened to its shares. */
const KEPT_MS = 400 * 86_400_000;

export type CachedSplit = typeof splits.$inferSelect;

/** The splits that are kept, oldest first. */
export const readSplits = (cache: MarketCache): readonly CachedSplit[] =>
  cache.db.select().from(splits).orderBy(asc(splits.atMs), asc(splits.symbol)).all();

/** Notes the splits of a symbol that are not too old at this instant of the market; those that are go. */
export function writeSplits(cache: MarketCache, symbol: string, found: readonly Split[], nowMs: number): void {
  const rows = found.filter(({ dayMs }) => dayMs >= nowMs - KEPT_MS).map((split) => ({ symbol, ...split }));
  if (rows.length === 0) return;
  cache.db
    .delete(splits)
    .where(lt(splits.dayMs, nowMs - KEPT_MS))
    .run();
  cache.db.insert(splits).values(rows).onConflictDoNothing().run();
}
