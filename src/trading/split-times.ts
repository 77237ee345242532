import type { LedgerDb } from "../db/ledger.ts";
import type { MarketCache } from "../db/market-cache.ts";
import { sharesAt, splitInstants } from "../db/money-rows.ts";
import { readSplits } from "../db/splits-cache.ts";
import { shownBook } from "./books.ts";
import type { MarketHours } from "./market-view.ts";

const DAY_MS = 86_400_000;
/** For so long a split is looked at: a price that is older is too old anyway. */
const SPLIT_MS_MAX = 14 * DAY_MS;
/** How long before its day a broker may book a split, and for how long after it that is waited for. */
const TOLD_BEFORE_MS = 4 * DAY_MS;
const WAITED_MS_MAX = 3 * DAY_MS;

/**
 * Since when the prices of what the shown book holds are those of its shares, by symbol, where it split lately: the
 * broker's own instant, or never yet (`Infinity`) where the prices have split and the broker's shares have not. The paper
 * broker's shares split with their prices. Empty on a replay: its prices are adjusted for every split of its time, which
 * is not the account's.
 */
export function splitTimes(
  db: LedgerDb,
  cache: MarketCache,
  hours: MarketHours,
  nowMs: number,
): ReadonlyMap<string, number> {
  if (hours === "replay") return new Map();
  const book = shownBook(db);
  const times = new Map(splitInstants(db, book, nowMs - SPLIT_MS_MAX));
  if (book.startsWith("paper/")) return times;
  for (const { symbol, atMs } of readSplits(cache)) {
    const isTold = (times.get(symbol) ?? Number.NEGATIVE_INFINITY) > atMs - TOLD_BEFORE_MS;
    if (isTold || nowMs - atMs > WAITED_MS_MAX || sharesAt(db, book, symbol, atMs) <= 0) continue;
    times.set(symbol, Number.POSITIVE_INFINITY);
  }
  return times;
}
