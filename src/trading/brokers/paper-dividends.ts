import type { ActGuard } from "../../app-ports.ts";
import { toMinor, type Currency } from "../../analytics/money/amount.ts";
import { sharesText } from "../../analytics/money/shares.ts";
import { readDividends } from "../../db/dividends-cache.ts";
import { asc, eq, sql } from "../../db/drizzle.ts";
import type { LedgerDb } from "../../db/ledger.ts";
import { newestBarDays, readBarsFrom, type CachedBar, type MarketCache } from "../../db/market-cache.ts";
import { paperDividends } from "../../db/paper-schema.ts";
import { readSplits } from "../../db/splits-cache.ts";
import { barAnomalies } from "../../market/anomaly/bars-gate.ts";
import { toBase, type Rates } from "../../market/fx/rates.ts";
import {
  converted,
  eventId,
  paperAccount,
  writeMarginMs,
  type PaperCash,
  type PaperCosts,
  type PaperOrder,
} from "./paper-account.ts";
import type { PaperSplit } from "./paper-splits.ts";

const DAY_MS = 86_400_000;
/** A dividend whose ex-day is longer ago is not paid any more: for longer than that the splits are kept that it is counted by. */
const PAID_MS_MAX = 90 * DAY_MS;
/** What has its ex-day so close to a dividend that was booked is that one, whose day the source has corrected. */
const SAME_MS = 5 * DAY_MS;
/** The bars before an ex-day that its dividend is judged by: more than the time in which nobody pays the same twice. */
const JUDGED_MS = 30 * DAY_MS;

type DividendDeps = {
  readonly db: LedgerDb;
  readonly cache: MarketCache;
  readonly guard: ActGuard;
  readonly nowMs: () => number;
  /** The account's own. */
  readonly currency: Currency;
  /** Rates that may be traded on, of that currency. */
  readonly rates: () => Rates;
  readonly costs: () => PaperCosts;
};

type Row = typeof paperDividends.$inferSelect;

/**
 * What an account was paid in dividends, in the order of booking. What the market source told of since is booked here, and
 * changed into the account's currency: each once, as it was told first, since an account, a stock and an ex-day have one
 * row, on whichever node and after any failover. What has no rate that may be traded on, or looks wrong, waits.
 */
export function bookedDividends(
  deps: DividendDeps,
  accountId: string,
  orders: readonly PaperOrder[],
  splits: readonly PaperSplit[],
): readonly PaperCash[] {
  const { db, cache, guard } = deps;
  const booked = written(db, accountId);
  const traded = Map.groupBy(orders, ({ symbol }) => symbol);
  const due = readDividends(cache, deps.nowMs() - PAID_MS_MAX)
    .filter(({ symbol, dayMs }) => booked.every((row) => row.symbol !== symbol || !isSame(row.dayMs, dayMs)))
    .flatMap((bar) => paymentOf(deps, accountId, bar, traded.get(bar.symbol) ?? [], splits) ?? []);
  if (due.length === 0) return booked.map(cashOf);
  guard.check(writeMarginMs);
  db.insert(paperDividends).values(due).onConflictDoNothing().run();
  return written(db, accountId).map(cashOf);
}

const isSame = (oneMs: number, otherMs: number): boolean => Math.abs(oneMs - otherMs) < SAME_MS;

const written = (db: LedgerDb, accountId: string): readonly Row[] =>
  db
    .select()
    .from(paperDividends)
    .where(eq(paperDividends.account, accountId))
    .orderBy(asc(sql`rowid`))
    .all();

/** What this ex-day brings after these orders of its stock to whoever held shares before it; null: nothing, or nothing yet. */
function paymentOf(
  { cache, nowMs, currency: own, rates, costs }: DividendDeps,
  account: string,
  { symbol, dayMs, dividend: perShare }: CachedBar,
  orders: readonly PaperOrder[],
  booked: readonly PaperSplit[],
): Row | null {
  const before = orders.filter(({ fill }) => (fill?.atMs ?? Number.POSITIVE_INFINITY) < dayMs);
  if (before.length === 0) return null;
  const splits = splitsInBars(cache, symbol, booked);
  if (splits === null || looksWrong(cache, symbol, dayMs)) return null;
  // An old share brings what is told for one, as often as it is there now.
  const holding = paperAccount(own, 0, before, splits, []).holdings.get(symbol);
  if (holding === undefined) return null;
  const { qty, currency } = holding;
  const rate = toBase(1, currency, rates());
  const minor = toMinor(currency, perShare, qty);
  if (rate.kind === "no-rate" || minor === 0) return null;
  const changed = converted(own, currency, minor, rate.amount, costs(), true);
  return { account, symbol, dayMs, atMs: nowMs(), qty, perShare, currency, minor, converted: changed };
}

/**
 * The splits that a stock's bars are adjusted for, which are those up to its newest bar: after a split all bars are
 * fetched anew and stored oldest first. Null in between, when some may be adjusted and some not.
 */
function splitsInBars(cache: MarketCache, symbol: string, booked: readonly PaperSplit[]): readonly PaperSplit[] | null {
  const known = [...readSplits(cache), ...booked].filter((split) => split.symbol === symbol);
  const newestMs = newestBarDays(cache, [symbol]).get(symbol) ?? Number.NEGATIVE_INFINITY;
  if (known.some(({ dayMs }) => dayMs > newestMs)) return null;
  return [...new Map(known.map((split) => [split.dayMs, split])).values()];
}

/** Whether a day does not fit the bars before it. Those are stored all the same when their stock was blocked for a week. */
function looksWrong(cache: MarketCache, symbol: string, dayMs: number): boolean {
  const bars = readBarsFrom(cache, symbol, dayMs - JUDGED_MS, JUDGED_MS / DAY_MS + 1);
  return barAnomalies(bars.map((bar) => ({ ...bar, adjclose: null }))).some((anomaly) => anomaly.dayMs === dayMs);
}

function cashOf({ symbol, dayMs, atMs, qty, perShare, currency, minor, converted: changed }: Row): PaperCash {
  const note = `${perShare} for each of ${sharesText(qty)} shares; gross, for no withholding tax is known`;
  const dividend = { symbol, note };
  return { id: eventId("dividend", symbol, dayMs), atMs, currency, minor, converted: changed, dividend };
}
