import { eq } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { locks } from "../db/ledger-schema.ts";
import type { Lock } from "./locks.ts";

/** The locks of a book as they were found last, in the order of their names. */
export const readLocks = (db: LedgerDb, book: string): readonly Lock[] =>
  db
    .select({
      name: locks.name,
      blocks: locks.blocks,
      symbol: locks.symbol,
      reason: locks.reason,
      sinceMs: locks.sinceMs,
      untilMs: locks.untilMs,
      ends: locks.ends,
    })
    .from(locks)
    .where(eq(locks.book, book))
    .orderBy(locks.name)
    .all();

/**
 * Makes these the book's locks; what has only been found again keeps its beginning. Writes nothing when nothing has
 * changed. `write` performs the write, if there is one.
 */
export function writeLocks(
  db: LedgerDb,
  book: string,
  found: readonly Lock[],
  write: (work: () => void) => void,
): readonly Lock[] {
  const before = new Map(readLocks(db, book).map((lock) => [lock.name, lock]));
  const after = found
    .map((lock) => {
      const known = before.get(lock.name);
      return known?.blocks === lock.blocks ? { ...lock, sinceMs: known.sinceMs } : lock;
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (JSON.stringify(after) === JSON.stringify([...before.values()])) return after;
  write(() =>
    db.transaction((tx) => {
      tx.delete(locks).where(eq(locks.book, book)).run();
      for (const lock of after) {
        tx.insert(locks)
          .values({ book, ...lock })
          .run();
      }
    }),
  );
  return after;
}
