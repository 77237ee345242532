import { rmSync } from "node:fs";
import Database from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { and, asc, desc, drizzle, eq, gte, lt, migrate, migrationsFolder, sql } from "./drizzle.ts";
import * as schema from "./market-schema.ts";
import type { CachedFundamentals } from "./fundamentals-cache.ts";
import { checkPages } from "./pages.ts";
import { isDamaged } from "./sqlite-error.ts";

const BUSY_TIMEOUT_MS = 500;
const ROWS_PER_INSERT = 200;
const WAL_BYTES_MAX = 4 * 1024 * 1024;

/** Small tables that are read all the time, as they are; null until read, and after each write. */
type HotRows = {
  quotes: ReadonlyMap<string, CachedQuote> | null;
  rates: ReadonlyMap<string, CachedRate> | null;
  scores: ReadonlyMap<string, CachedScore> | null;
  blocks: ReadonlyMap<string, PriceBlock> | null;
  fundamentals: ReadonlyMap<string, CachedFundamentals> | null;
};

/** One process has a cache open at a time: only so is what it remembers true. */
export type MarketCache = {
  readonly db: BetterSQLite3Database<typeof schema> & { readonly $client: Database.Database };
  readonly hot: HotRows;
  close(): void;
};

export type CachedBar = typeof schema.bars.$inferSelect;
/** The last good price of a symbol; `fetchedAtMs` (app clock) tells its age. */
export type CachedQuote = typeof schema.quotes.$inferSelect;
/** The last good rate of a currency; `fetchedAtMs` (app clock) tells its age. */
export type CachedRate = typeof schema.fxRates.$inferSelect;
export type CachedScore = typeof schema.scores.$inferSelect;
export type PriceBlock = typeof schema.blocks.$inferSelect;

/**
 * Opens (creates, migrates) the market cache at this path. Its content can be fetched again: commits need not survive a
 * power cut (synchronous=NORMAL keeps it consistent), and a damaged file is replaced by an empty one. Throws an Error
 * with `cause`.
 */
export function openMarketCache(path: string): MarketCache {
  try {
    return open(path);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    return open(path);
  }
}

function open(path: string): MarketCache {
  let client: Database.Database | undefined;
  try {
    client = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    client.pragma("journal_mode = WAL");
    client.pragma("synchronous = NORMAL");
    client.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`);
    checkPages(client, "the market cache");
    const db = drizzle(client, { schema });
    migrate(db, { migrationsFolder: migrationsFolder("market") });
    const opened = client;
    const hot: HotRows = { quotes: null, rates: null, scores: null, blocks: null, fundamentals: null };
    return { db, hot, close: () => opened.close() };
  } catch (error) {
    client?.close();
    throw new Error(`the market cache ${path} could not be opened`, { cause: error });
  }
}

const bySymbol = <Row extends { readonly symbol: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [row.symbol, row]));

/** All cached quotes, by symbol. */
export const readQuotes = (cache: MarketCache): ReadonlyMap<string, CachedQuote> =>
  (cache.hot.quotes ??= bySymbol(cache.db.select().from(schema.quotes).all()));

/** All cached scores, by symbol. */
export const readScores = (cache: MarketCache): ReadonlyMap<string, CachedScore> =>
  (cache.hot.scores ??= bySymbol(cache.db.select().from(schema.scores).all()));

/** All cached rates to this base, by currency. */
export function readRates(cache: MarketCache, base: string): ReadonlyMap<string, CachedRate> {
  const rows = cache.db.select().from(schema.fxRates);
  cache.hot.rates ??= new Map(rows.all().map((row) => [row.currency, row]));
  return new Map([...cache.hot.rates].filter(([, row]) => row.base === base));
}

/** The newest daily closes of one symbol, at most `limit`, oldest first. */
export const readBars = (cache: MarketCache, symbol: string, limit: number): readonly CachedBar[] =>
  cache.db
    .select()
    .from(schema.bars)
    .where(eq(schema.bars.symbol, symbol))
    .orderBy(desc(schema.bars.dayMs))
    .limit(limit)
    .all()
    .toReversed();

/** Bars of one symbol from this day on, at most `limit`, oldest first. */
export const readBarsFrom = (
  cache: MarketCache,
  symbol: string,
  fromDayMs: number,
  limit: number,
): readonly CachedBar[] =>
  cache.db
    .select()
    .from(schema.bars)
    .where(and(eq(schema.bars.symbol, symbol), gte(schema.bars.dayMs, fromDayMs)))
    .orderBy(asc(schema.bars.dayMs))
    .limit(limit)
    .all();

/** The newest bar of one symbol up to this instant; null when there is none. */
export const barUpTo = (cache: MarketCache, symbol: string, atMs: number): CachedBar | null =>
  cache.db
    .select()
    .from(schema.bars)
    .where(and(eq(schema.bars.symbol, symbol), lt(schema.bars.dayMs, atMs + 1)))
    .orderBy(desc(schema.bars.dayMs))
    .limit(1)
    .get() ?? null;

/** Midnight UTC of the newest bar of each of these symbols; absent when there is none. */
export function newestBarDays(cache: MarketCache, symbols: readonly string[]): ReadonlyMap<string, number> {
  // One step in the index for each: a maximum over groups would read every bar of ten years.
  const newest = cache.db.$client.prepare<[string], { dayMs: number | null }>(
    "SELECT max(day_ms) AS dayMs FROM bars WHERE symbol = ?",
  );
  return new Map(
    symbols.flatMap((symbol) => {
      const dayMs = newest.get(symbol)?.dayMs ?? null;
      return dayMs === null ? [] : [[symbol, dayMs] as const];
    }),
  );
}

/** Of each of these symbols: the highest close of so long up to its newest bar, and of how many; absent when it has no bars. */
export function highestCloses(
  cache: MarketCache,
  symbols: readonly string[],
  spanMs: number,
): ReadonlyMap<string, { readonly close: number; readonly count: number }> {
  // No row leaves the database: plans and each of their orders ask for the whole universe.
  const highest = cache.db.$client.prepare<[string, number, string], { close: number | null; count: number }>(
    `SELECT max(close) AS close, count(*) AS count FROM bars
     WHERE symbol = ? AND day_ms > (SELECT max(day_ms) - ? FROM bars WHERE symbol = ?)`,
  );
  return new Map(
    symbols.flatMap((symbol) => {
      const { close = null, count = 0 } = highest.get(symbol, spanMs, symbol) ?? {};
      return close === null ? [] : [[symbol, { close, count }] as const];
    }),
  );
}

/** Market time: midnight UTC of the newest bar of these symbols, 0 without any. Ages count from it: a replay's is years ago. */
export const marketNowMs = (cache: MarketCache, symbols: readonly string[]): number =>
  Math.max(0, ...newestBarDays(cache, symbols).values());

/** Writes bars; one of the same symbol and day is replaced. */
export function writeBars(cache: MarketCache, rows: readonly CachedBar[]): void {
  const { close, dividend } = excluded;
  const set = { close, dividend };
  const target = [schema.bars.symbol, schema.bars.dayMs];
  cache.db.transaction((tx) => {
    // Many rows a statement: building one takes longer than running it.
    for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
      const some = rows.slice(start, start + ROWS_PER_INSERT);
      tx.insert(schema.bars).values(some).onConflictDoUpdate({ target, set }).run();
    }
  });
}

/** Writes quotes; the one of the same symbol is replaced. */
export function writeQuotes(cache: MarketCache, rows: readonly CachedQuote[]): void {
  if (rows.length === 0) return;
  cache.hot.quotes = null;
  const { price, currency, asOfMs, fetchedAtMs } = excluded;
  cache.db
    .insert(schema.quotes)
    .values([...rows])
    .onConflictDoUpdate({ target: schema.quotes.symbol, set: { price, currency, asOfMs, fetchedAtMs } })
    .run();
}

/** Writes a rate; the one of the same currency is replaced. */
export function writeRate(cache: MarketCache, row: CachedRate): void {
  cache.hot.rates = null;
  const { base, perBase, asOfMs, fetchedAtMs } = excluded;
  cache.db
    .insert(schema.fxRates)
    .values(row)
    .onConflictDoUpdate({ target: schema.fxRates.currency, set: { base, perBase, asOfMs, fetchedAtMs } })
    .run();
}

/** Drops the bars of a symbol before this day: they are in other units than those of a later fetch. */
export const dropBarsBefore = (cache: MarketCache, symbol: string, dayMs: number): void =>
  void cache.db
    .delete(schema.bars)
    .where(and(eq(schema.bars.symbol, symbol), lt(schema.bars.dayMs, dayMs)))
    .run();

/** Writes scores; the one of the same symbol is replaced. */
export function writeScores(cache: MarketCache, rows: readonly CachedScore[]): void {
  if (rows.length === 0) return;
  cache.hot.scores = null;
  const { total, confidence, explanation, computedAtMs } = excluded;
  cache.db
    .insert(schema.scores)
    .values([...rows])
    .onConflictDoUpdate({
      target: schema.scores.symbol,
      set: { total, confidence, explanation, computedAtMs },
    })
    .run();
}

/** Blocks whose end is later than this instant, by symbol. */
export function readBlocks(cache: MarketCache, nowMs: number): ReadonlyMap<string, PriceBlock> {
  cache.hot.blocks ??= bySymbol(cache.db.select().from(schema.blocks).all());
  return new Map([...cache.hot.blocks].filter(([, { untilMs }]) => untilMs > nowMs));
}

/** Writes a block; one of the same symbol gets this reason and end, and keeps its beginning if it had not ended. */
export function writeBlock(cache: MarketCache, row: PriceBlock): void {
  const { kind, reason, untilMs } = row;
  const earlier = readBlocks(cache, row.sinceMs).get(row.symbol);
  const sinceMs = earlier?.sinceMs ?? row.sinceMs;
  cache.hot.blocks = null;
  cache.db
    .insert(schema.blocks)
    .values({ ...row, sinceMs })
    .onConflictDoUpdate({ target: schema.blocks.symbol, set: { kind, reason, sinceMs, untilMs } })
    .run();
}

const excluded = {
  base: sql`excluded.base`,
  close: sql`excluded.close`,
  dividend: sql`excluded.dividend`,
  perBase: sql`excluded.per_base`,
  price: sql`excluded.price`,
  currency: sql`excluded.currency`,
  asOfMs: sql`excluded.as_of_ms`,
  fetchedAtMs: sql`excluded.fetched_at_ms`,
  total: sql`excluded.total`,
  confidence: sql`excluded.confidence`,
  explanation: sql`excluded.explanation`,
  computedAtMs: sql`excluded.computed_at_ms`,
};
