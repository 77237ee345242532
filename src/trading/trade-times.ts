import { exactShares } from "../analytics/money/shares.ts";
import { and, asc, eq, gt, isNotNull, sql } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { movements, orderIntents } from "../db/ledger-schema.ts";

/** When a stock was traded last, and since when what is held of it is held; null: not known, or never. */
export type TradeTimes = {
  readonly lastBoughtMs: number | null;
  readonly lastSoldMs: number | null;
  readonly heldSinceMs: number | null;
};

type Fill = Pick<typeof orderIntents.$inferSelect, "symbol" | "side" | "filledQty"> & { readonly sentAtMs: number };

/** The times of every stock that an order of this book has filled, by symbol. */
export function readTradeTimes(db: LedgerDb, book: string): ReadonlyMap<string, TradeTimes> {
  const { symbol, side, filledQty, sentAtMs } = orderIntents;
  const fills = db
    .select({ symbol, side, filledQty, sentAtMs })
    .from(orderIntents)
    .where(and(eq(orderIntents.book, book), gt(filledQty, 0), isNotNull(sentAtMs)))
    .orderBy(asc(sentAtMs), asc(orderIntents.slot), asc(orderIntents.n))
    .all()
    .flatMap((fill): Fill[] => (fill.sentAtMs === null ? [] : [{ ...fill, sentAtMs: fill.sentAtMs }]));
  const splits = readSplits(db, book);
  let next = 0;
  const held = new Map<string, number>();
  const times = new Map<string, TradeTimes>();
  for (const fill of fills) {
    for (; (splits[next]?.atMs ?? Number.POSITIVE_INFINITY) <= fill.sentAtMs; next++) rescale(held, splits[next]);
    const before = times.get(fill.symbol) ?? { lastBoughtMs: null, lastSoldMs: null, heldSinceMs: null };
    const had = held.get(fill.symbol) ?? 0;
    const has = exactShares(fill.side === "buy" ? had + fill.filledQty : Math.max(0, had - fill.filledQty));
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

/** New shares for one old, oldest first. */
type Split = { readonly symbol: string; readonly atMs: number; readonly ratio: number };

function rescale(held: Map<string, number>, split: Split | undefined): void {
  const had = split === undefined ? undefined : held.get(split.symbol);
  if (split !== undefined && had !== undefined) held.set(split.symbol, exactShares(had * split.ratio));
}

/** Of a split the broker tells how many shares went and how many came; of anything else no ratio is known. */
function readSplits(db: LedgerDb, book: string): readonly Split[] {
  const rows = db
    .select({ symbol: movements.symbol, atMs: movements.atMs, qty: movements.qty })
    .from(movements)
    .where(and(eq(movements.book, book), eq(movements.kind, "split")))
    .orderBy(asc(movements.atMs), asc(sql`rowid`))
    .all();
  const gone = new Map<string | null, number>();
  return rows.flatMap(({ symbol, atMs, qty }): Split[] => {
    const went = gone.get(symbol);
    gone.delete(symbol);
    if (symbol === null || qty === null) return [];
    if (qty < 0) gone.set(symbol, -qty);
    return qty > 0 && went !== undefined ? [{ symbol, atMs, ratio: qty / went }] : [];
  });
}
