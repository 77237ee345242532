import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { jobRuns, plans, snapshots } from "../../../src/db/ledger-schema.ts";
import { openMarketCache, type MarketCache } from "../../../src/db/market-cache.ts";
import { bars } from "../../../src/db/market-schema.ts";
import { dailyMaintenanceJob } from "../../../src/jobs/maintenance/daily-maintenance.ts";
import { cutByMonth } from "../../../src/jobs/maintenance/retention.ts";
import { weeklyMaintenanceJob } from "../../../src/jobs/maintenance/weekly-maintenance.ts";
import { slotText } from "../../../src/jobs/slots.ts";

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 10, 22, 3);
const free = { epoch: 4, remainingMs: () => 1_000, check: () => {} };
const never = new AbortController().signal;

let dir: string;
let ledger: Ledger;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-maintenance-"));
  ledger = openLedger(join(dir, "ledger.db"), 200);
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  ledger.close();
  cache.close();
  rmSync(dir, { recursive: true });
});

const daily = () =>
  dailyMaintenanceJob({ ledger, cache, guard: free, clock: { nowMs: () => nowMs } }).run(
    { text: slotText(nowMs), atMs: nowMs },
    never,
  );

test("[do-not-inherit 12] a cut falls on the first of a month: no month is ever kept in part", () => {
  expect(new Date(cutByMonth(nowMs, 90)).toISOString()).toBe("2026-08-01T00:00:00.000Z");
  expect(new Date(cutByMonth(Date.UTC(2026, 0, 1), 365)).toISOString()).toBe("2025-01-01T00:00:00.000Z");
});

test("old runs, snapshots, plans without orders and bars go; the newest run of a job and each day's last value stay", async () => {
  const run = (job: string, ageDays: number, status: "completed" | "failed" = "completed") =>
    ledger.db
      .insert(jobRuns)
      .values({ job, slot: slotText(nowMs - ageDays * dayMs), epoch: 1, node: "a", status, startedAtMs: 1 })
      .run();
  for (const age of [1, 13, 15, 400]) run("price-sync", age);
  for (const age of [20, 40]) run("seldom", age);
  run("price-sync", 30, "failed");
  const snapshot = (atMs: number) =>
    ledger.db
      .insert(snapshots)
      .values({ slot: slotText(atMs), atMs, equity: 1, cash: 1 })
      .run();
  const may = Date.UTC(2026, 4, 5);
  const late = Date.UTC(2026, 7, 1);
  for (const atMs of [may, may + 900_000, may + dayMs - 60_000, may + dayMs, late, late + 900_000]) snapshot(atMs);
  const plan = (ageDays: number) =>
    ledger.db
      .insert(plans)
      .values({
        slot: slotText(nowMs - ageDays * dayMs),
        epoch: 1,
        node: "a",
        createdAtMs: 1,
        status: "done",
        reason: "",
      })
      .run();
  for (const age of [1, 200]) plan(age);
  const bar = (at: number) => cache.db.insert(bars).values({ symbol: "A", dayMs: at, close: 1 }).run();
  const newest = Date.UTC(2022, 11, 30);
  for (const at of [newest, Date.UTC(2012, 10, 1), Date.UTC(2012, 9, 31)]) bar(at);

  expect(await daily()).toBe("deleted 3 runs of jobs, 2 snapshots, 1 empty plans, 1 daily bars");
  expect(await daily()).toBe("deleted 0 runs of jobs, 0 snapshots, 0 empty plans, 0 daily bars");
  const left = ledger.db.select({ job: jobRuns.job, slot: jobRuns.slot }).from(jobRuns).all();
  expect(left).toHaveLength(4);
  expect(left).toContainEqual({ job: "seldom", slot: slotText(nowMs - 20 * dayMs) });
  const kept = ledger.db.select({ slot: snapshots.slot }).from(snapshots).all();
  expect(kept.map(({ slot }) => slot)).toEqual([
    "20260505T2359Z",
    "20260506T0000Z",
    "20260801T0000Z",
    "20260801T0015Z",
  ]);
  expect(cache.db.select({ dayMs: bars.dayMs }).from(bars).all()).toHaveLength(2);
});

test("much is deleted in parts, and what a run does not manage the next one does", async () => {
  const values = Array.from({ length: 600 }, (_, n) => ({
    job: "price-sync",
    slot: slotText(nowMs - 20 * dayMs - n * 300_000),
    epoch: 1,
    node: "a",
    status: "completed" as const,
    startedAtMs: 1,
  }));
  ledger.db.insert(jobRuns).values(values).run();
  ledger.db
    .insert(jobRuns)
    .values({ ...values[0]!, slot: slotText(nowMs) })
    .run();
  expect(await daily()).toContain("deleted 600 runs");
});

test("the weekly check finds what an index lost, and nothing in a sound ledger", async () => {
  const weekly = () => weeklyMaintenanceJob(join(dir, "ledger.db")).run({ text: slotText(nowMs), atMs: nowMs }, never);
  expect(await weekly()).toBe("the ledger holds together");
  const client = new Database(join(dir, "ledger.db"));
  client.exec(
    "INSERT INTO job_runs (job, slot, epoch, node, status, started_at_ms) VALUES ('a','b',1,'n','completed',1)",
  );
  client.unsafeMode(true);
  client.pragma("writable_schema = ON");
  client.exec("UPDATE sqlite_schema SET sql = replace(sql, '<>', '=') WHERE name = 'job_runs_open'");
  client.close();
  await expect(weekly()).rejects.toThrow(/job_runs: .*job_runs_open/);
});
