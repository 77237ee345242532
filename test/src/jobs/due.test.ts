import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ATTEMPTS_MAX,
  CAUGHT_UP_MAX,
  decide,
  LISTED_MAX,
  RETRY_DELAY_MS,
  STARTS_MAX,
  type Decision,
  type DueJob,
  type JobRecords,
  type OpenRun,
} from "../../../src/jobs/due.ts";
import { slotMs, slotText } from "../../../src/jobs/slots.ts";

const at = slotMs;
const MINUTE_MS = 60_000;
const every: DueJob = { name: "every", cron: "*/5 * * * *", catchUp: "every" };
const newest: DueJob = { name: "newest", cron: "*/5 * * * *", catchUp: "newest" };
const none: JobRecords = { newestMs: null, newestBegunMs: null, open: [] };
const upTo = (text: string, ...open: OpenRun[]): JobRecords => ({ newestMs: at(text), newestBegunMs: at(text), open });
const open = (
  text: string,
  status: "running" | "failed",
  attempts: number,
  endedAtMs: number | null = null,
): OpenRun => ({
  atMs: at(text),
  status,
  attempts,
  endedAtMs,
  outcome: status === "failed" ? "no answer" : null,
});
const next = (job: DueJob, records: JobRecords, nowMs: number): Decision => decide([job], () => records, nowMs);

type Row = {
  status: "running" | "completed" | "failed";
  attempts: number;
  endedAtMs: number | null;
  outcome: string | null;
};

const newestOf = (rows: readonly (readonly [number, Row])[]): number | null =>
  rows.length === 0 ? null : Math.max(...rows.map(([atMs]) => atMs));

/** A ledger in memory that refuses what the real one refuses. */
class Records {
  readonly rows = new Map<string, Map<number, Row>>();
  of(job: string): JobRecords {
    const rows = [...(this.rows.get(job) ?? [])];
    return {
      newestMs: newestOf(rows),
      newestBegunMs: newestOf(rows.filter(([, row]) => row.attempts > 0)),
      open: rows.flatMap(([atMs, { status, ...rest }]) => (status === "completed" ? [] : [{ atMs, status, ...rest }])),
    };
  }
  write(job: string, atMs: number, row: Row): void {
    const rows = this.rows.get(job) ?? new Map<number, Row>();
    if (rows.get(atMs)?.status === "completed") throw new Error("a completed row was overwritten");
    this.rows.set(job, rows.set(atMs, row));
  }
}

const trader: readonly DueJob[] = [
  { name: "rebalance", cron: "*/15 * * * *", catchUp: "newest" },
  { name: "score-refresh", cron: "*/30 * * * *", catchUp: "newest" },
  { name: "price-sync", cron: "*/5 * * * *", catchUp: "newest" },
];
/** Runs everything that is due; each run takes this long. */
function runDue(records: Records, fromMs: number, runMs: number, runs: number): string[] {
  const order: string[] = [];
  for (let nowMs = fromMs; order.length < runs;) {
    const decision = decide(trader, (job) => records.of(job), nowMs);
    const done = { status: "completed", attempts: 1, endedAtMs: nowMs, outcome: "" } as const;
    if (decision.kind === "wait") break;
    if (decision.kind === "close") {
      for (const { atMs } of decision.closings) records.write(decision.job, atMs, { ...done, attempts: 0 });
    }
    if (decision.kind !== "run") continue;
    order.push(`${decision.job} ${slotText(decision.atMs).slice(9)}`);
    records.write(decision.job, decision.atMs, done);
    nowMs += runMs;
  }
  return order;
}

describe("what a scheduler does next", () => {
  test("a new ledger begins with the present slot", () => {
    const decision = next(every, none, at("20261122T1417Z"));
    expect(decision).toEqual({ kind: "run", job: "every", atMs: at("20261122T1415Z"), attempt: 1 });
  });

  test("with all done it waits for the next slot", () => {
    const decision = next(every, upTo("20261122T1415Z"), at("20261122T1417Z"));
    expect(decision).toEqual({ kind: "wait", untilMs: at("20261122T1420Z") });
  });

  test("jobs of a slot run in their order, an older slot before a newer one", () => {
    const names = ["rebalance", "mine", "score-refresh", "price-sync", "portfolio-sync"];
    const jobs = names.map((name): DueJob => ({ name, cron: "*/15 * * * *", catchUp: "newest" }));
    const done = new Set<string>();
    const order: string[] = [];
    const look = () => decide(jobs, (job) => (done.has(job) ? upTo("20261122T1415Z") : none), at("20261122T1416Z"));
    for (let decision = look(); decision.kind === "run"; decision = look()) {
      order.push(decision.job);
      done.add(decision.job);
    }
    expect(order).toEqual(["price-sync", "portfolio-sync", "score-refresh", "rebalance", "mine"]);
  });

  test("at the first start prices come before scores, though the scores' slot is older", () => {
    const order = runDue(new Records(), at("20261122T1417Z"), 1, 9);
    expect(order).toEqual(["price-sync 1415Z", "score-refresh 1400Z", "rebalance 1415Z"]);
  });

  test("after a takeover prices come before the rebalance that was missed", () => {
    const records = new Records();
    runDue(records, at("20261122T1417Z"), 1, 9);
    const order = runDue(records, at("20261122T1437Z"), 1, 9);
    expect(order).toEqual(["price-sync 1435Z", "score-refresh 1430Z", "rebalance 1430Z"]);
  });

  test("a job that takes longer than its interval starves nobody", () => {
    const order = runDue(new Records(), at("20261122T1417Z"), 6 * MINUTE_MS, 9);
    expect(order.filter((run) => run.startsWith("rebalance")).length).toBeGreaterThan(1);
    expect(order.filter((run) => run.startsWith("score")).length).toBeGreaterThan(1);
  });

  test("catchUp every runs missed slots in order; newest closes the older ones", () => {
    const records = upTo("20261122T1415Z");
    expect(next(every, records, at("20261122T1432Z"))).toMatchObject({ kind: "run", atMs: at("20261122T1420Z") });
    expect(next(newest, records, at("20261122T1432Z"))).toEqual({
      kind: "close",
      job: "newest",
      closings: [
        { atMs: at("20261122T1420Z"), outcome: "skipped: superseded by 20261122T1430Z" },
        { atMs: at("20261122T1425Z"), outcome: "skipped: superseded by 20261122T1430Z" },
      ],
    });
  });

  test("catchUp every runs only the newest dozen, and the rest is closed", () => {
    const decision = next(every, upTo("20261122T1200Z"), at("20261122T1400Z"));
    if (decision.kind !== "close") throw new Error(decision.kind);
    expect(decision.closings).toHaveLength(24 - CAUGHT_UP_MAX);
    expect(decision.closings[0]).toEqual({
      atMs: at("20261122T1205Z"),
      outcome: "skipped: more than 12 slots were missed",
    });
  });

  test("a very long absence is listed as far as the bound, and the oldest row says so", () => {
    const decision = next(newest, upTo("20200101T0000Z"), at("20261122T1400Z"));
    if (decision.kind !== "close") throw new Error(decision.kind);
    expect(decision.closings).toHaveLength(LISTED_MAX - 1);
    expect(decision.closings[0]?.outcome).toContain("any between 20200101T0000Z and this one too");
    expect(decision.closings[1]?.outcome).not.toContain("any between");
  });

  test("an interrupted run is run again", () => {
    const records = upTo("20261122T1415Z", open("20261122T1415Z", "running", 1));
    expect(next(every, records, at("20261122T1417Z"))).toMatchObject({
      kind: "run",
      atMs: at("20261122T1415Z"),
      attempt: 2,
    });
  });

  test("a failed run waits, is tried again, and after three attempts is closed with its reason", () => {
    const failed = at("20261122T1415Z") + 5_000;
    const records = (attempts: number) => upTo("20261122T1415Z", open("20261122T1415Z", "failed", attempts, failed));
    expect(next(every, records(1), failed)).toEqual({ kind: "wait", untilMs: failed + RETRY_DELAY_MS });
    expect(next(every, records(1), failed + RETRY_DELAY_MS)).toMatchObject({ kind: "run", attempt: 2 });
    expect(next(every, records(ATTEMPTS_MAX), failed)).toMatchObject({
      kind: "close",
      closings: [{ outcome: "gave up after 3 of 3 attempts: no answer" }],
    });
  });

  test("a failed run is not tried again once its slot is over", () => {
    const records = upTo("20261122T1415Z", open("20261122T1415Z", "failed", 1, at("20261122T1419Z")));
    const closing = (job: DueJob) => next(job, records, at("20261122T1420Z"));
    expect(closing(every)).toMatchObject({
      kind: "close",
      closings: [{ outcome: "gave up after 1 of 3 attempts: no answer" }],
    });
    expect(closing(newest)).toMatchObject({
      kind: "close",
      closings: [{ outcome: "skipped: superseded by 20261122T1420Z after a failure: no answer" }],
    });
  });

  test("a run that kills its process every time has an end", () => {
    const records = upTo("20261122T1415Z", open("20261122T1415Z", "running", STARTS_MAX));
    expect(next(every, records, at("20261122T1417Z"))).toMatchObject({
      kind: "close",
      closings: [{ outcome: "gave up after 6 starts" }],
    });
  });

  test("a clock that was set back holds no retry up", () => {
    const records = upTo("20261122T1415Z", open("20261122T1415Z", "failed", 1, at("20261122T1800Z")));
    expect(next(every, records, at("20261122T1417Z"))).toMatchObject({ kind: "run" });
  });
});

const fate = fc.record({
  kind: fc.constantFrom("done", "done", "done", "failed", "killed-before", "killed-after"),
  takesMs: fc.integer({ min: 1, max: 3 * MINUTE_MS }),
  /** Until the successor looks, after a kill. */
  gapMs: fc.oneof(fc.integer({ min: 0, max: MINUTE_MS }), fc.integer({ min: 0, max: 200 * MINUTE_MS })),
});

const someJobs = fc
  .uniqueArray(fc.constantFrom("price-sync", "portfolio-sync", "score-refresh", "rebalance", "other"), { minLength: 1 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          everyMinutes: fc.constantFrom(5, 15, 30),
          catchUp: fc.constantFrom("every" as const, "newest" as const),
        }),
      ),
    ),
  )
  .map((jobs) => jobs.map((job) => ({ ...job, cron: `*/${job.everyMinutes} * * * *` })));

describe("across takeovers at any instant", () => {
  test("every slot ends with exactly one completed row, none succeeds twice, no hole is left, order holds", () => {
    const startMs = fc.integer({ min: at("20261122T0000Z"), max: at("20261122T2359Z") });
    fc.assert(
      fc.property(someJobs, startMs, fc.array(fate, { maxLength: 40 }), (jobs, start, fates) => {
        const records = new Records();
        const succeeded = new Set<string>();
        const lastRunMs = new Map<string, number>();
        let nowMs = start;
        const pending = [...fates];
        let turns = 0;
        for (;;) {
          if (++turns > 2000) throw new Error("no end");
          const decision = decide(jobs, (job) => records.of(job), nowMs);
          if (decision.kind === "close") {
            for (const { atMs, outcome } of decision.closings) {
              records.write(decision.job, atMs, { status: "completed", attempts: 0, endedAtMs: nowMs, outcome });
            }
          } else if (decision.kind === "wait") {
            expect(decision.untilMs).toBeGreaterThan(nowMs);
            if (pending.length === 0 && jobs.every((job) => records.of(job.name).open.length === 0)) break;
            nowMs = decision.untilMs;
          } else {
            const { job, atMs, attempt } = decision;
            expect(atMs).toBeGreaterThanOrEqual(lastRunMs.get(job) ?? 0);
            lastRunMs.set(job, atMs);
            records.write(job, atMs, { status: "running", attempts: attempt, endedAtMs: null, outcome: null });
            const { kind, takesMs, gapMs } = pending.shift() ?? { kind: "done", takesMs: 1, gapMs: 0 };
            nowMs += takesMs;
            if (kind === "done" || kind === "killed-after") {
              expect(succeeded.has(`${job} ${atMs}`)).toBe(false);
              succeeded.add(`${job} ${atMs}`);
              records.write(job, atMs, { status: "completed", attempts: attempt, endedAtMs: nowMs, outcome: "done" });
            } else if (kind === "failed") {
              records.write(job, atMs, { status: "failed", attempts: attempt, endedAtMs: nowMs, outcome: "no" });
            }
            if (kind.startsWith("killed")) nowMs += gapMs;
          }
        }
        for (const { name, everyMinutes } of jobs) {
          const rows = records.rows.get(name) ?? new Map<number, Row>();
          const recorded = [...rows.keys()].sort((a, b) => a - b);
          const stepMs = everyMinutes * MINUTE_MS;
          const expected: number[] = [];
          for (let slot = Math.floor(start / stepMs) * stepMs; slot <= nowMs; slot += stepMs) expected.push(slot);
          expect(recorded).toEqual(expected.filter((slot) => slot >= (recorded[0] ?? 0)));
          expect(recorded.length).toBeGreaterThan(0);
          expect([...rows.values()].every((row) => row.status === "completed")).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("jobs of one slot that are due together never run against their order", () => {
    const rank = ["price-sync", "portfolio-sync", "score-refresh", "rebalance"];
    fc.assert(
      fc.property(fc.shuffledSubarray(rank, { minLength: 2 }), fc.integer({ min: 0, max: 90 }), (names, minutes) => {
        const jobs = names.map((name): DueJob => ({ name, cron: "*/15 * * * *", catchUp: "newest" }));
        const records = new Records();
        const nowMs = at("20261122T0000Z") + minutes * MINUTE_MS;
        const order: string[] = [];
        for (;;) {
          const decision = decide(jobs, (job) => records.of(job), nowMs);
          if (decision.kind !== "run") break;
          order.push(decision.job);
          records.write(decision.job, decision.atMs, {
            status: "completed",
            attempts: 1,
            endedAtMs: nowMs,
            outcome: "",
          });
        }
        expect(order).toEqual(rank.filter((name) => names.includes(name)));
      }),
      { numRuns: 50 },
    );
  });
});
