import { z } from "zod";
import type { AccountDay } from "../analytics/money/account-day.ts";
import type { Currency } from "../analytics/money/amount.ts";
import { movementKinds, sharesSigns, type Movement } from "../analytics/money/movement.ts";
import { exactShares } from "../analytics/money/shares.ts";
import { and, asc, desc, eq, gt, inArray, isNotNull, lt, max, sql } from "./drizzle.ts";
import type { LedgerDb } from "./ledger.ts";
import { accountDays, movements } from "./ledger-schema.ts";

const rateSchema = z.record(z.string(), z.number());

/** What writes: a ledger, or a transaction of it. */
type Writer = Pick<LedgerDb, "insert">;

/** All movements of a book, oldest first. */
export const readMovements = (db: LedgerDb, book: string): readonly Movement[] =>
  db
    .select()
    .from(movements)
    .where(eq(movements.book, book))
    .orderBy(asc(movements.atMs), asc(sql`rowid`))
    .all();

/** Instant of the newest movement that the broker told of; null before the first. */
export const newestMovementMs = (db: LedgerDb, book: string): number | null =>
  db
    .select({ atMs: movements.atMs })
    .from(movements)
    .where(eq(movements.book, book))
    .orderBy(desc(movements.atMs))
    .limit(1)
    .get()?.atMs ?? null;

/** The newest split of each stock since an instant: a price from before it is one of other shares. */
export function splitInstants(db: LedgerDb, book: string, sinceMs: number): ReadonlyMap<string, number> {
  const rows = db
    .select({ symbol: movements.symbol, atMs: max(movements.atMs) })
    .from(movements)
    .where(and(eq(movements.book, book), gt(movements.atMs, sinceMs), eq(movements.kind, "split")))
    .groupBy(movements.symbol)
    .all();
  return new Map(rows.flatMap(({ symbol, atMs }) => (symbol === null || atMs === null ? [] : [[symbol, atMs]])));
}

/** Stocks of whose newest split the broker has told only what went, and not yet what came. */
export function halfSplits(db: LedgerDb, book: string): readonly string[] {
  const { symbol, qty } = movements;
  // Of the row with the largest rowid, SQLite gives the other columns too.
  const rows = db
    .select({ symbol, qty, newest: sql`max(rowid)` })
    .from(movements)
    .where(and(eq(movements.book, book), eq(movements.kind, "split")))
    .groupBy(symbol)
    .all();
  return rows.flatMap((row) => (row.symbol !== null && (row.qty ?? 0) < 0 ? [row.symbol] : []));
}

/** The ids of a book's movements after this instant. */
export const movementIdsAfter = (db: LedgerDb, book: string, atMs: number): ReadonlySet<string> =>
  new Set(
    db
      .select({ id: movements.id })
      .from(movements)
      .where(and(eq(movements.book, book), gt(movements.atMs, atMs)))
      .all()
      .map(({ id }) => id),
  );

/** Cash by currency that a book's movements sum to, in minor units. */
export function bookedCash(db: LedgerDb, book: string): ReadonlyMap<Currency, number> {
  const cash = new Map<Currency, number>();
  const ofBook = eq(movements.book, book);
  const own = { currency: movements.currency, minor: sql<number>`sum(${movements.minor})` };
  const arrived = { currency: movements.toCurrency, minor: sql<number>`sum(${movements.toMinor})` };
  const sums = [
    ...db.select(own).from(movements).where(ofBook).groupBy(movements.currency).all(),
    ...db.select(arrived).from(movements).where(ofBook).groupBy(movements.toCurrency).all(),
  ];
  for (const { currency, minor } of sums) if (currency !== null) cash.set(currency, (cash.get(currency) ?? 0) + minor);
  return cash;
}

/** Shares by symbol that a book's movements sum to; 0 of what was held once. */
export const bookedShares = (db: LedgerDb, book: string): ReadonlyMap<string, number> =>
  sharesBefore(db, book, Number.MAX_SAFE_INTEGER);

/** Shares of a stock that a book's movements before an instant sum to. */
export const sharesAt = (db: LedgerDb, book: string, symbol: string, atMs: number): number =>
  sharesBefore(db, book, atMs).get(symbol) ?? 0;

function sharesBefore(db: LedgerDb, book: string, atMs: number): ReadonlyMap<string, number> {
  const { kind, symbol, qty } = movements;
  const those = (sign: 1 | -1) =>
    inArray(
      kind,
      movementKinds.filter((one) => sharesSigns[one] === sign),
    );
  const signed = sql<number>`sum(case when ${those(1)} then ${qty} when ${those(-1)} then -${qty} else 0 end)`;
  const rows = db
    .select({ symbol, qty: signed })
    .from(movements)
    .where(and(eq(movements.book, book), lt(movements.atMs, atMs), isNotNull(symbol), isNotNull(qty)))
    .groupBy(symbol)
    .all();
  return new Map(rows.map((row) => [row.symbol ?? "", exactShares(row.qty)]));
}

/** Writes movements; one whose id the book has already stays as it is. */
export function addMovements(db: Writer, book: string, rows: readonly Movement[]): void {
  for (const row of rows)
    db.insert(movements)
      .values({ book, ...row })
      .onConflictDoNothing()
      .run();
}

/** The newest days of a book, oldest first. */
export const readAccountDays = (db: LedgerDb, book: string, count: number): readonly AccountDay[] =>
  db
    .select()
    .from(accountDays)
    .where(eq(accountDays.book, book))
    .orderBy(desc(accountDays.dayMs))
    .limit(count)
    .all()
    .toReversed()
    .map(({ dayMs, day }) => ({ dayMs, ...day }));

/** The rates of a book's days alone: a part of each row, for what values nothing else by them. */
export const readDayRates = (
  db: LedgerDb,
  book: string,
  base: string,
): readonly { readonly dayMs: number; readonly rates: AccountDay["rates"] }[] =>
  db
    .select({ dayMs: accountDays.dayMs, rates: sql<string>`json_extract(${accountDays.day}, '$.rates')` })
    .from(accountDays)
    .where(and(eq(accountDays.book, book), sql`json_extract(${accountDays.day}, '$.base') = ${base}`))
    .all()
    .map(({ dayMs, rates }) => ({ dayMs, rates: rateSchema.parse(JSON.parse(rates)) }));

/** Writes a day of a book; what was known of it before is replaced. */
export function writeAccountDay(db: Writer, book: string, { dayMs, ...day }: AccountDay): void {
  db.insert(accountDays)
    .values({ book, dayMs, day })
    .onConflictDoUpdate({ target: [accountDays.book, accountDays.dayMs], set: { day } })
    .run();
}
