import { and, asc, eq, gt, isNotNull } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { orderIntents } from "../db/ledger-schema.ts";

/** When a stock was traded last, and since when what is held of it is held; null: not known, or never. */
export type TradeTimes = {
  readonly lastBoughtMs: number | null;
  readonly lastSoldMs: number | null;
  readonly heldSinceMs: number | null;
};

/** The times of every stock that an order of this book has filled, by symbol. */
export function readTradeTimes(db: LedgerDb, book: string): ReadonlyMap<string, TradeTimes> {
  const { symbol, side, filledQty, sentAtMs } = orderIntents;
  const fills = db
    .select({ symbol, side, filledQty, sentAtMs })
    .from(orderIntents)
    .where(and(eq(orderIntents.book, book), gt(filledQty, 0), isNotNull(sentAtMs)))
    .orderBy(asc(sentAtMs), asc(orderIntents.slot), asc(orderIntents.n))
    .all();
  const held = new Map<string, number>();
  const times = new Map<string, TradeTimes>();
  for (const fill of fills) {
    const before = times.get(fill.symbol) ?? { lastBoughtMs: null, lastSoldMs: null, heldSinceMs: null };
    const had = held.get(fill.symbol) ?? 0;
    const has = fill.side === "buy" ? had + fill.filledQty : Math.max(0, had - fill.filledQty);
    held.set(fill.symbol, has);
    const since = had === 0 ? fill.sentAtMs : before.heldSinceMs;
    times.set(fill.symbol, {
      ...before,
      ...(fill.side === "buy" ? { lastBoughtMs: fill.sentAtMs } : { lastSoldMs: fill.sentAtMs }),
      heldSinceMs: has === 0 ? null : since,
    });
  }
  return times;
}
