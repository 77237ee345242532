import type { ActGuard } from "../../app-ports.ts";
import { and, asc, eq, lt } from "../../db/drizzle.ts";
import type { LedgerDb } from "../../db/ledger.ts";
import { paperOrders, paperSplits } from "../../db/paper-schema.ts";
import { readQuotes, type MarketCache } from "../../db/market-cache.ts";
import { readSplits, type CachedSplit } from "../../db/splits-cache.ts";
import { writeMarginMs } from "./paper-account.ts";

/** A split of what the paper broker may hold, as the ledger has it. */
export type PaperSplit = typeof paperSplits.$inferSelect;

/**
 * The splits that the paper broker's accounts have had, oldest first. What the market source told of since is booked
 * here: each once, since a stock and a day have one row, on whichever node and after any failover; and only when there is
 * a price of the new shares, so that shares and price change together.
 */
export function bookedSplits(db: LedgerDb, cache: MarketCache, guard: ActGuard): readonly PaperSplit[] {
  const quotes = readQuotes(cache);
  const booked = written(db);
  const due = readSplits(cache).filter(
    (split) =>
      !booked.some(({ symbol, dayMs }) => symbol === split.symbol && dayMs === split.dayMs) &&
      (quotes.get(split.symbol)?.asOfMs ?? Number.NEGATIVE_INFINITY) >= split.atMs &&
      mayBeHeld(db, split),
  );
  if (due.length === 0) return booked;
  guard.check(writeMarginMs);
  db.insert(paperSplits).values(due).onConflictDoNothing().run();
  return written(db);
}

const written = (db: LedgerDb): readonly PaperSplit[] =>
  db.select().from(paperSplits).orderBy(asc(paperSplits.atMs), asc(paperSplits.symbol)).all();

const mayBeHeld = (db: LedgerDb, { symbol, atMs }: CachedSplit): boolean =>
  db
    .select({ symbol: paperOrders.symbol })
    .from(paperOrders)
    .where(and(eq(paperOrders.symbol, symbol), lt(paperOrders.submittedAtMs, atMs)))
    .limit(1)
    .get() !== undefined;
