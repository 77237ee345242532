import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import * as fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LeaseOver, type ActGuard, type AppClock, type Job } from "../../../src/app-ports.ts";
import { asc } from "../../../src/db/drizzle.ts";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { jobRuns, settings } from "../../../src/db/ledger-schema.ts";
import { cronOf } from "../../../src/jobs/intervals.ts";
import { Scheduler, type SchedulerOptions } from "../../../src/jobs/scheduler.ts";
import { slotMs, slotsBetween, slotText } from "../../../src/jobs/slots.ts";

const log = pino({ level: "silent" });
const start = slotMs("20261122T1415Z") + 1;

let dir: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-scheduler-"));
  ledger = openLedger(join(dir, "ledger.db"), 250);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A clock that moves only when the scheduler waits, and stops it at its end. */
function stage(jobs: readonly Job[], endMs: number, more: Pick<SchedulerOptions, "cronOf"> = {}) {
  let nowMs = start;
  const clock: AppClock = { nowMs: () => nowMs, originAppMs: start, realMs: (appMs) => appMs };
  let checksLeft = Number.POSITIVE_INFINITY;
  const guardOf = (epoch: number): ActGuard => ({
    epoch,
    remainingMs: () => 1000,
    check: () => {
      if (--checksLeft < 0) throw new LeaseOver("over");
    },
  });
  const schedulerOf = (epoch: number): Scheduler => {
    const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
      if (signal.aborted) return;
      nowMs += ms;
      if (nowMs >= endMs) scheduler.stop();
    };
    const guard = guardOf(epoch);
    const scheduler = new Scheduler({ jobs, ledger, clock, guard, node: `uno-${epoch}`, log, wait, ...more });
    return scheduler;
  };
  return {
    schedulerOf,
    pass: (ms: number) => void (nowMs += ms),
    leaseEndsAfterChecks: (checks: number) => void (checksLeft = checks),
  };
}

const job = (name: string, run: Job["run"], catchUp: Job["catchUp"] = "newest"): Job => ({
  name,
  cron: "*/5 * * * *",
  catchUp,
  run,
});
const rows = () => ledger.db.select().from(jobRuns).orderBy(asc(jobRuns.slot), asc(jobRuns.job)).all();

describe("the scheduler", () => {
  test("runs each slot once, in order, and records node, epoch and outcome", async () => {
    const ran: string[] = [];
    const work = job("price-sync", async (slot) => `did ${ran.push(slot.text)}`);
    await stage([work], start + 12 * 60_000)
      .schedulerOf(3)
      .run();
    expect(ran).toEqual(["20261122T1415Z", "20261122T1420Z", "20261122T1425Z"]);
    expect(rows()).toMatchObject(
      ran.map((slot, index) => ({
        slot,
        job: "price-sync",
        epoch: 3,
        node: "uno-3",
        status: "completed",
        attempts: 1,
        outcome: `did ${index + 1}`,
      })),
    );
  });

  test("tries a failed run again within its slot, then gives it up and goes on", async () => {
    let calls = 0;
    const work = job("price-sync", async (slot) => {
      calls++;
      if (slot.text === "20261122T1415Z") throw new Error("no answer");
      return "fine";
    });
    await stage([work], start + 6 * 60_000)
      .schedulerOf(1)
      .run();
    expect(calls).toBe(4);
    expect(rows()).toMatchObject([
      { status: "completed", attempts: 3, outcome: "gave up after 3 of 3 attempts: no answer" },
      { status: "completed", attempts: 1, outcome: "fine" },
    ]);
  });

  test.each(["SQLITE_CORRUPT", "SQLITE_IOERR_FSYNC", "SQLITE_READONLY"])(
    "a ledger that cannot be worked with (%s) is no failure of the job that met it: the schedule ends",
    async (code) => {
      const cause = new Database.SqliteError("it does not work", code);
      const work = job("price-sync", () => Promise.reject(new Error("no plan could be read", { cause })));
      const ran = stage([work], start + 12 * 60_000)
        .schedulerOf(3)
        .run();
      await expect(ran).rejects.toThrow("no plan could be read");
      expect(rows()).toMatchObject([{ status: "running", attempts: 1 }]);
    },
  );

  test("writes nothing once the lease is over", async () => {
    const theatre = stage([job("price-sync", async () => "fine")], start + 60_000);
    theatre.leaseEndsAfterChecks(1);
    await expect(theatre.schedulerOf(1).run()).rejects.toThrow(LeaseOver);
    expect(rows()).toMatchObject([{ status: "running", endedAtMs: null }]);
  });

  test("a successor runs an interrupted slot again, whatever epoch it was of, and closes the missed ones", async () => {
    const theatre = stage([job("price-sync", async () => "fine")], start + 22 * 60_000);
    theatre.leaseEndsAfterChecks(1);
    await expect(theatre.schedulerOf(1).run()).rejects.toThrow(LeaseOver);
    theatre.leaseEndsAfterChecks(1000);
    theatre.pass(16 * 60_000);
    await theatre.schedulerOf(2).run();
    expect(rows().map(({ slot, epoch, outcome }) => [slot, epoch, outcome])).toEqual([
      ["20261122T1415Z", 2, "skipped: superseded by 20261122T1430Z"],
      ["20261122T1420Z", 2, "skipped: superseded by 20261122T1430Z"],
      ["20261122T1425Z", 2, "skipped: superseded by 20261122T1430Z"],
      ["20261122T1430Z", 2, "fine"],
      ["20261122T1435Z", 2, "fine"],
    ]);
  });

  test("across lease ends at any write, every slot has one completed row and none succeeds twice", async () => {
    // Not what is tested here, and by far the slowest part of it.
    ledger.db.$client.pragma("synchronous = OFF");
    const property = fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 20 })), { maxLength: 4 }),
      async (leases) => {
        ledger.db.delete(jobRuns).run();
        const completed: string[] = [];
        const jobs = (["price-sync", "rebalance"] as const).map((name, index) =>
          job(name, async (slot) => `${completed.push(`${name} ${slot.text}`)}`, index === 0 ? "newest" : "every"),
        );
        const endMs = start + 60 * 60_000;
        const theatre = stage(jobs, endMs);
        let epoch = 0;
        for (const [checks, gapMinutes] of leases) {
          theatre.leaseEndsAfterChecks(checks);
          await theatre
            .schedulerOf(++epoch)
            .run()
            .catch((error: unknown) => expect(error).toBeInstanceOf(LeaseOver));
          theatre.pass(gapMinutes * 60_000);
        }
        theatre.leaseEndsAfterChecks(Number.POSITIVE_INFINITY);
        await theatre.schedulerOf(++epoch).run();
        for (const { name, cron } of jobs) {
          const recorded = rows().filter((row) => row.job === name);
          expect(recorded.every((row) => row.status === "completed")).toBe(true);
          const [first, last] = [recorded[0]?.slot ?? "", recorded.at(-1)?.slot ?? ""];
          const expected = slotsBetween(cron, slotMs(first) - 1, slotMs(last), 1000).map(slotText);
          expect(recorded.map((row) => row.slot)).toEqual(expected);
          expect(slotMs(last)).toBeGreaterThan(endMs - 6 * 60_000);
        }
      },
    );
    await fc.assert(property, { numRuns: 5 });
  });
});

/** A job that holds until it is released or told to stop. */
function held() {
  const began = Promise.withResolvers<void>();
  const release = Promise.withResolvers<string>();
  const work = job("price-sync", async (_slot, signal) => {
    began.resolve();
    signal.addEventListener("abort", () => release.reject(signal.reason));
    return await release.promise;
  });
  return { work, began: began.promise, release: release.resolve };
}
const options = (jobs: readonly Job[]) => {
  const clock: AppClock = { nowMs: () => start, originAppMs: start, realMs: (appMs) => appMs };
  const guard: ActGuard = { epoch: 1, remainingMs: () => 1000, check: () => {} };
  return { jobs, ledger, clock, guard, node: "uno-a", log };
};

test("a changed interval counts from the next slot on, without a restart, and changes nothing that is recorded", async () => {
  const begun: string[] = [];
  const prices = job("price-sync", (slot) => {
    begun.push(slot.text.slice(9, 13));
    const value = { "1425": "15", "1445": "2" }[slot.text.slice(9, 13)];
    const set = { key: "jobs.priceMinutes", value: value ?? "" };
    if (value !== undefined) {
      ledger.db.insert(settings).values(set).onConflictDoUpdate({ target: settings.key, set }).run();
    }
    return Promise.resolve("done");
  });
  await stage([prices], slotMs("20261122T1449Z"), { cronOf }).schedulerOf(1).run();
  expect(begun).toEqual(["1415", "1420", "1425", "1430", "1445", "1446", "1448"]);
  const rows = ledger.db.select().from(jobRuns).orderBy(asc(jobRuns.slot)).all();
  expect(rows.map(({ slot, status, attempts }) => [slot.slice(9, 13), status, attempts])).toEqual(
    begun.map((slot) => [slot, "completed", 1]),
  );
});

describe("a drain", () => {
  test("lets a run finish, writes its outcome, and starts no other", async () => {
    const { work, began, release } = held();
    let others = 0;
    const scheduler = new Scheduler(options([work, job("rebalance", async () => `${++others}`)]));
    const running = scheduler.run();
    await began;
    const drained = scheduler.drain();
    release("fine");
    await drained;
    expect(rows()).toMatchObject([{ job: "price-sync", status: "completed", outcome: "fine" }]);
    expect(others).toBe(0);
    scheduler.stop();
    await running;
  });

  test("stops a run that does not finish, which costs it no attempt, and resume runs it again", async () => {
    const { work, began } = held();
    let calls = 0;
    const again = Promise.withResolvers<void>();
    const twice: Job = {
      ...work,
      run: (slot, signal) => {
        if (++calls === 1) return work.run(slot, signal);
        again.resolve();
        return Promise.resolve("fine");
      },
    };
    const scheduler = new Scheduler(options([twice]));
    const running = scheduler.run();
    await began;
    await scheduler.drain();
    expect(rows()).toMatchObject([{ status: "failed", attempts: 0, outcome: "the schedule is drained" }]);
    scheduler.resume();
    await again.promise;
    scheduler.stop();
    await running;
    expect(calls).toBe(2);
  });

  test("of an idle scheduler is answered at once, and stop ends it", async () => {
    const scheduler = new Scheduler(options([]));
    const running = scheduler.run();
    await scheduler.drain();
    scheduler.stop();
    await running;
    expect(rows()).toEqual([]);
  });
});
