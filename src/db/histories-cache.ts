import type { MarketCache } from "./market-cache.ts";
import { histories } from "./market-schema.ts";

/** When the bars of each symbol were last fetched as a whole (app clock). */
export const readHistories = (cache: MarketCache): ReadonlyMap<string, number> =>
  new Map(
    cache.db
      .select()
      .from(histories)
      .all()
      .map(({ symbol, wholeAtMs }) => [symbol, wholeAtMs]),
  );

/** Notes the same of a symbol of which nothing is noted: its bars were begun by a copy, and went on from a source. */
export const ensureHistory = (cache: MarketCache, symbol: string, wholeAtMs: number): void =>
  void cache.db.insert(histories).values({ symbol, wholeAtMs }).onConflictDoNothing().run();

/** Notes that all bars of a symbol are of a fetch at this instant. To be written after the bars. */
export const writeHistory = (cache: MarketCache, symbol: string, wholeAtMs: number): void =>
  void cache.db
    .insert(histories)
    .values({ symbol, wholeAtMs })
    .onConflictDoUpdate({ target: histories.symbol, set: { wholeAtMs } })
    .run();
