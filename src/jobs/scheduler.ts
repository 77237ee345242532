import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { LeaseOver, type ActGuard, type AppClock, type Job } from "../app-ports.ts";
import type { Ledger, LedgerDb } from "../db/ledger.ts";
import { isUnusable } from "../db/sqlite-error.ts";
import { decide, type Decision } from "./due.ts";
import { readRecords, recordClosings, recordEnd, recordStart } from "./run-records.ts";
import { slotAt } from "./slots.ts";

/** Real time that a commit may take: no write starts with less of the lease left. */
const WRITE_MARGIN_MS = 50;
/** A drain first lets a run finish, then asks it to stop, then goes on without it. */
const DRAIN_GRACE_MS = 250;
const DRAIN_ABORT_MS = 750;
/** A run that takes longer in real time is asked to stop. */
const RUN_LIMIT_MS = 120_000;
const WAIT_MAX_MS = 60_000;

export type SchedulerOptions = {
  readonly jobs: readonly Job[];
  readonly ledger: Ledger;
  readonly clock: AppClock;
  readonly guard: ActGuard;
  readonly node: string;
  readonly log: Logger;
  /** The expression by which a job runs now, read in the transaction that decides; its own where absent. */
  readonly cronOf?: (db: Pick<LedgerDb, "select">, job: Job) => string;
  /** Resolves after this many real milliseconds, or at once when the signal fires. Tests give their own. */
  readonly wait?: (realMs: number, signal: AbortSignal) => Promise<void>;
};

type Current = { readonly abort: AbortController; readonly ended: Promise<void> };

/** Runs the jobs of a primary, one at a time, as `decide` says, and records every slot in the ledger. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #wait: (realMs: number, signal: AbortSignal) => Promise<void>;
  #mode: "running" | "draining" | "drained" | "stopped" = "running";
  #wake = new AbortController();
  #current: Current | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#wait = options.wait ?? waitFor;
  }

  /** Resolves after `stop`; rejects with `LeaseOver`, or when the ledger fails. Call it once. */
  async run(): Promise<void> {
    while (this.#mode !== "stopped") {
      // A fresh controller before looking: a wake between the look and the wait is not lost.
      this.#wake = new AbortController();
      if (this.#mode === "running") await this.#turn();
      else await this.#wait(WAIT_MAX_MS, this.#wake.signal);
    }
  }

  /** No new run starts; one that is under way finishes or is stopped, within a second, and its outcome is written. */
  async drain(): Promise<void> {
    if (this.#mode === "stopped") return;
    this.#mode = "draining";
    this.#wake.abort();
    const current = this.#current;
    if (current !== null && !(await endsWithin(current.ended, DRAIN_GRACE_MS))) {
      current.abort.abort(new Error("the schedule is drained"));
      if (!(await endsWithin(current.ended, DRAIN_ABORT_MS))) {
        this.#options.log.warn("a run did not stop for the drain; its record stays open and it will be run again");
      }
    }
    if (this.#mode === "draining") this.#mode = "drained";
  }

  /** Looks again at once: what the schedule rests on has changed. */
  wake(): void {
    this.#wake.abort();
  }

  /** Goes on after a drain that was called off. */
  resume(): void {
    if (this.#mode === "stopped") return;
    this.#mode = "running";
    this.#wake.abort();
  }

  /** Ends `run`; a run under way is asked to stop and is not waited for. */
  stop(): void {
    this.#mode = "stopped";
    this.#wake.abort();
    this.#current?.abort.abort(new Error("the scheduler is stopped"));
  }

  async #turn(): Promise<void> {
    const { jobs, ledger, clock, cronOf } = this.#options;
    const decision = ledger.db.transaction((tx) => {
      const due = jobs.map((job) => ({ ...job, cron: cronOf?.(tx, job) ?? job.cron }));
      return decide(due, (job) => readRecords(ledger, job), clock.nowMs());
    });
    switch (decision.kind) {
      case "close":
        this.#options.guard.check(WRITE_MARGIN_MS);
        recordClosings(ledger, decision.job, decision.closings, clock.nowMs(), this.#writer());
        this.#options.log.info({ job: decision.job, slots: decision.closings.length }, "slots closed without a run");
        break;
      case "run":
        await this.#runJob(decision);
        break;
      case "wait": {
        const realMs = Math.ceil(clock.realMs(decision.untilMs - clock.nowMs()));
        await this.#wait(Math.min(Math.max(realMs, 1), WAIT_MAX_MS), this.#wake.signal);
        break;
      }
    }
  }

  async #runJob({ job: name, atMs, attempt }: Extract<Decision, { kind: "run" }>): Promise<void> {
    const { jobs, ledger, clock, guard, log } = this.#options;
    const job = jobs.find((candidate) => candidate.name === name);
    if (job === undefined) throw new Error(`no job ${name}`);
    guard.check(WRITE_MARGIN_MS);
    recordStart(ledger, { job: name, atMs, attempt, nowMs: clock.nowMs() }, this.#writer());

    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const abort = new AbortController();
    this.#current = { abort, ended };
    try {
      const limit = AbortSignal.timeout(RUN_LIMIT_MS);
      const result = await settle(async () => job.run(slotAt(atMs), AbortSignal.any([abort.signal, limit])));
      if (result.kind === "failed" && endsAll(result.error)) throw result.error;
      // What ends after the drain was answered is nobody's any more: its record stays open and it is run again.
      if (this.#mode === "drained" || this.#mode === "stopped") return;
      guard.check(WRITE_MARGIN_MS);
      const interrupted = abort.signal.aborted && result.kind === "failed";
      const attempts = interrupted ? attempt - 1 : attempt;
      const outcome = result.kind === "done" ? result.outcome : describe(result.error);
      const status = result.kind === "done" ? "completed" : "failed";
      recordEnd(ledger, { job: name, atMs, attempts, nowMs: clock.nowMs() }, status, outcome);
      if (result.kind === "failed") log.warn({ job: name, slot: slotAt(atMs).text, err: result.error }, "run failed");
    } finally {
      this.#current = null;
      end();
    }
  }

  #writer() {
    return { epoch: this.#options.guard.epoch, node: this.#options.node };
  }
}

/** Neither a lease that is over nor a ledger that cannot be worked with is the job's own failure. */
const endsAll = (error: unknown): boolean => error instanceof LeaseOver || isUnusable(error);

type Settled =
  | { readonly kind: "done"; readonly outcome: string }
  | { readonly kind: "failed"; readonly error: unknown };

const settle = async (work: () => Promise<string>): Promise<Settled> => {
  try {
    return { kind: "done", outcome: await work() };
  } catch (error) {
    return { kind: "failed", error };
  }
};

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300);

async function waitFor(realMs: number, signal: AbortSignal): Promise<void> {
  // The only rejection is the signal's: being woken is the point.
  await sleep(realMs, undefined, { signal }).catch(() => {});
}

async function endsWithin(ended: Promise<void>, limitMs: number): Promise<boolean> {
  const late = new AbortController();
  try {
    return await Promise.race([ended.then(() => true), waitFor(limitMs, late.signal).then(() => false)]);
  } finally {
    late.abort();
  }
}
