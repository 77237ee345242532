import { setImmediate as nextTurn } from "node:timers/promises";
import type { ActGuard, AppClock, Job } from "../../app-ports.ts";
import { sql } from "../../db/drizzle.ts";
import type { Ledger } from "../../db/ledger.ts";
import type { MarketCache } from "../../db/market-cache.ts";
import { slotText } from "../slots.ts";
import { cutByAge, cutByMonth, keptDays } from "./retention.ts";

const writeMarginMs = 50;
/** Rows deleted at once: leases are renewed on this thread, and each part is a transaction that has to be replicated. */
const rowsAtOnce = 250;
/** Parts of one table in one run; the next run goes on. */
const partsMax = 40;

export type MaintenanceDeps = {
  readonly ledger: Ledger;
  readonly cache: MarketCache;
  readonly guard: ActGuard;
  readonly clock: Pick<AppClock, "nowMs">;
};

/** Every night: what is older than it is kept goes, in small parts. */
export const dailyMaintenanceJob = (deps: MaintenanceDeps): Job => ({
  name: "daily-maintenance",
  cron: "0 3 * * *",
  catchUp: "newest",
  async run(_slot, signal) {
    const { ledger, cache } = deps;
    const nowMs = deps.clock.nowMs();
    const runs = await inParts(deps, signal, (rows) => ledger.db.run(oldRuns(nowMs, rows)).changes);
    const snapshots = await inParts(deps, signal, (rows) => ledger.db.run(oldSnapshots(nowMs, rows)).changes);
    const plans = await inParts(deps, signal, (rows) => ledger.db.run(emptyPlans(nowMs, rows)).changes);
    let bars = 0;
    for (const symbol of symbolsWithBars(cache)) {
      bars += await inParts(deps, signal, (rows) => cache.db.run(oldBars(cache, symbol, rows)).changes);
    }
    return `deleted ${runs} runs of jobs, ${snapshots} snapshots, ${plans} empty plans, ${bars} daily bars`;
  },
});

async function inParts(
  { guard }: MaintenanceDeps,
  signal: AbortSignal,
  part: (rows: number) => number,
): Promise<number> {
  let sum = 0;
  for (let parts = 0; parts < partsMax; parts++) {
    signal.throwIfAborted();
    guard.check(writeMarginMs);
    const changes = part(rowsAtOnce);
    sum += changes;
    if (changes < rowsAtOnce) break;
    await nextTurn();
  }
  return sum;
}

/** The newest begun run of a job stays whatever its age: the schedule goes on from it. */
const oldRuns = (nowMs: number, rows: number) => sql`
  DELETE FROM job_runs WHERE rowid IN (
    SELECT old.rowid FROM job_runs AS old
    WHERE old.status = 'completed' AND old.slot < ${slotText(cutByAge(nowMs, keptDays.jobRuns))}
      AND old.slot < (SELECT max(slot) FROM job_runs AS kept WHERE kept.job = old.job AND kept.attempts > 0)
    LIMIT ${rows})`;

const oldSnapshots = (nowMs: number, rows: number) => {
  const cutMs = cutByMonth(nowMs, keptDays.snapshots);
  return sql`
  DELETE FROM snapshots WHERE rowid IN (
    SELECT rowid FROM snapshots
    WHERE at_ms < ${cutMs}
      AND (book, slot) NOT IN (
        SELECT book, max(slot) FROM snapshots WHERE at_ms < ${cutMs} GROUP BY book, substr(slot, 1, 8))
    LIMIT ${rows})`;
};

const emptyPlans = (nowMs: number, rows: number) => sql`
  DELETE FROM plans WHERE rowid IN (
    SELECT plans.rowid FROM plans
    WHERE status = 'done' AND slot < ${slotText(cutByMonth(nowMs, keptDays.emptyPlans))}
      AND slot < (SELECT max(slot) FROM plans AS kept WHERE kept.book = plans.book)
      AND NOT EXISTS (
        SELECT 1 FROM order_intents WHERE order_intents.book = plans.book AND order_intents.slot = plans.slot)
    LIMIT ${rows})`;

/** By the newest bar, not the date: a replayed market's days are years ago. */
function oldBars({ db }: MarketCache, symbol: string, rows: number) {
  const newest = db.get<{ dayMs: number | null }>(sql`SELECT max(day_ms) AS dayMs FROM bars WHERE symbol = ${symbol}`);
  const cutMs = cutByMonth(newest?.dayMs ?? 0, keptDays.bars);
  return sql`
  DELETE FROM bars WHERE symbol = ${symbol} AND day_ms IN (
    SELECT day_ms FROM bars WHERE symbol = ${symbol} AND day_ms < ${cutMs} LIMIT ${rows})`;
}

/** One after the other by the index: a list of them all would read every bar. */
function* symbolsWithBars({ db }: MarketCache): Generator<string> {
  let last = "";
  for (;;) {
    const next = db.get<{ symbol: string | null }>(sql`SELECT min(symbol) AS symbol FROM bars WHERE symbol > ${last}`);
    if (typeof next?.symbol !== "string") return;
    last = next.symbol;
    yield last;
  }
}
