import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeaseOver, type ActGuard, type Job } from "../../src/app-ports.ts";
import { appClock, realTime } from "../../src/clock.ts";
import { marketDefaults } from "../../src/db/universe.ts";
import { openMarketCache, type MarketCache } from "../../src/db/market-cache.ts";
import { Primary, type PrimaryOptions } from "../../src/primary.ts";
import { noMarket } from "../support/no-market.ts";

let dir: string;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-primary-"));
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  cache.close();
  rmSync(dir, { recursive: true });
});

const free: ActGuard = { epoch: 4, remainingMs: () => 1_000, check: () => {} };

let onWarning: (() => void) | undefined;
const log = pino({ level: "warn" }, { write: () => onWarning?.() });

const primaryOptions = (): Omit<PrimaryOptions, "work"> => ({
  node: "uno-a",
  ledgerPath: join(dir, "ledger.db"),
  beginning: marketDefaults.embedded,
  clock: appClock(realTime),
  guard: free,
  confirm: () => Promise.resolve("confirmed"),
  cache,
  base: "USD",
  log,
});

const primaryWith = (work: (guard: ActGuard) => Pick<Job, "run">): Primary =>
  new Primary({
    ...primaryOptions(),
    work: (_ledger, guard) => ({
      jobs: [{ name: "one", cron: "* * * * *", catchUp: "newest", ...work(guard) }],
      blocked: () => new Map(),
      scores: () => new Map(),
      begin: () => Promise.resolve(),
      valuation: () => noMarket,
      command: () => Promise.reject(new Error("not asked for")),
    }),
  });

test("what outlives a drain writes nothing, until the drain is called off", async () => {
  let guard: ActGuard = free;
  const primary = primaryWith((given) => {
    guard = given;
    return { run: () => Promise.resolve("done") };
  });
  expect(() => guard.check(0)).not.toThrow();
  await primary.drain();
  expect(() => guard.check(0)).toThrow("handed over");
  expect(guard.remainingMs()).toBe(0);
  await expect(primary.probes.add("late")).resolves.toMatchObject({ kind: "refused" });
  primary.resume();
  expect(() => guard.check(0)).not.toThrow();
  expect(await primary.probes.add("on time")).toMatchObject({ kind: "written", epoch: 4 });
  expect(primary.lastConfirm()?.outcome).toBe("confirmed");
});

test("the view names the job's next run on the app's clock", () => {
  const primary = primaryWith(() => ({ run: () => Promise.resolve("done") }));
  expect(primary.view().jobRuns).toEqual([]);
  const [next] = primary.nextRuns();
  expect(next?.job).toBe("one");
  expect(next?.inRealMs).toBeLessThanOrEqual(60_000);
});

test("a lease that ran short and was renewed does not end the schedule, one that is over does", async () => {
  let leftMs = 1_000;
  let warnings = 0;
  const guard: ActGuard = {
    epoch: 4,
    remainingMs: () => leftMs,
    check: (marginMs) => {
      if (leftMs < marginMs) throw new LeaseOver(`${leftMs} ms left`);
    },
  };
  const slots: string[] = [];
  const ran = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let nowMs = Date.UTC(2026, 0, 1, 12, 0, 30);
  const primary = new Primary({
    ...primaryOptions(),
    guard,
    clock: { nowMs: () => nowMs, originAppMs: 0, realMs: () => 1 },
    work: () => ({
      jobs: [
        {
          name: "one",
          cron: "* * * * *",
          catchUp: "newest",
          run: (slot) => {
            slots.push(slot.text);
            ran[slots.length - 1]?.resolve();
            return Promise.resolve("done");
          },
        },
      ],
      blocked: () => new Map(),
      scores: () => new Map(),
      begin: () => Promise.resolve(),
      valuation: () => noMarket,
      command: () => Promise.reject(new Error("not asked for")),
    }),
  });
  const warned = new Promise<void>((resolve) => {
    onWarning = () => {
      warnings++;
      resolve();
    };
  });
  const over = primary.run();
  await ran[0]?.promise;
  leftMs = 20;
  nowMs += 60_000;
  await warned;
  leftMs = 1_000;
  await ran[1]?.promise;
  leftMs = 0;
  nowMs += 60_000;
  await over;
  expect(slots).toHaveLength(2);
  expect(warnings).toBeGreaterThan(1);
});

test("a ledger that another process has locked for a while does not end the schedule", async () => {
  const ran = Promise.withResolvers<void>();
  let nowMs = Date.UTC(2026, 0, 1, 12, 0, 30);
  const primary = new Primary({
    ...primaryOptions(),
    clock: { nowMs: () => nowMs, originAppMs: 0, realMs: () => 1 },
    work: () => ({
      jobs: [
        {
          name: "one",
          cron: "* * * * *",
          catchUp: "newest",
          run: () => {
            ran.resolve();
            return Promise.resolve("done");
          },
        },
      ],
      blocked: () => new Map(),
      scores: () => new Map(),
      begin: () => Promise.resolve(),
      valuation: () => noMarket,
      command: () => Promise.reject(new Error("not asked for")),
    }),
  });
  const other = new Database(join(dir, "ledger.db"));
  other.exec("begin immediate");
  const warned = new Promise<void>((resolve) => (onWarning = resolve));
  void primary.run();
  nowMs += 60_000;
  await warned;
  other.exec("commit");
  other.close();
  await ran.promise;
  await primary.drain();
});

test("once the ledger cannot be worked with, nothing more is written to it, and the primary ends", async () => {
  let guard: ActGuard = free;
  const primary = primaryWith((given) => {
    guard = given;
    return { run: () => Promise.reject(new Database.SqliteError("disk I/O error", "SQLITE_IOERR_FSYNC")) };
  });
  await expect(primary.run()).rejects.toThrow("disk I/O error");
  expect(() => guard.check(0)).toThrow("cannot be worked with");
  await expect(primary.probes.add("late")).rejects.toThrow("cannot be worked with");
});

test("a probe that meets a damaged ledger ends the primary, and nothing more is written", async () => {
  const primary = primaryWith(() => ({ run: () => Promise.resolve("done") }));
  const run = primary.run();
  await primary.probes.add("before");
  const other = new Database(join(dir, "ledger.db"));
  other.pragma("wal_checkpoint(TRUNCATE)");
  other.exec("CREATE TABLE other (n); DROP TABLE other");
  other.close();
  truncateSync(join(dir, "ledger.db"), 4_096);
  await expect(primary.probes.add("after")).rejects.toThrow(/malformed|I\/O error/);
  await expect(primary.probes.add("late")).rejects.toThrow("cannot be worked with");
  await expect(run).rejects.toThrow(/malformed|I\/O error/);
});
