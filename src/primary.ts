import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { LeaseOver, type ActGuard, type AppClock, type Confirm } from "./app-ports.ts";
import { openLedger, type Ledger } from "./db/ledger.ts";
import type { MarketCache } from "./db/market-cache.ts";
import type { NewLedger } from "./db/universe.ts";
import { isBusy, isUnusable } from "./db/sqlite-error.ts";
import { cronOf } from "./jobs/intervals.ts";
import { Scheduler } from "./jobs/scheduler.ts";
import { nextRuns } from "./jobs/slots.ts";
import { workNotes } from "./jobs/work-notes.ts";
import { orderTeller, readLedgerView, type LedgerView } from "./ledger-view.ts";
import { moneyView, type MoneyView } from "./money-view.ts";
import type { PrimaryWork } from "./primary-work.ts";
import { LedgerSettings } from "./settings/ledger-settings.ts";
import { tradingNotes } from "./trading/notes.ts";
import type { CommandOutcome } from "./trading/command-outcome.ts";
import { readTradingState, type TradingState } from "./trading/trading-state.ts";
import type { ConfirmTime, NextRun, OpenLedger } from "./web/desk.ts";
import { ApiTokens } from "./web/api-tokens.ts";
import { LedgerDisplayTokens } from "./web/display-tokens.ts";
import { LedgerReads } from "./web/ledger-reads.ts";
import { LedgerProbes } from "./web/probes.ts";
import { Sessions } from "./web/sessions.ts";
import { Stocks } from "./web/stocks.ts";

/** A wait for another process's lock holds up everything here: at most a quarter of the lease, within these bounds. */
const busyMsMin = 150;
const busyMsMax = 2_000;
/** A schedule that met a lock is begun again after this long, this often in a row. */
const busyPauseMs = 250;
const busyRunsMax = 20;
/** A drain waits this long for answers to probes; their rows are committed anyway. */
const probeDrainMs = 1_000;

/** Performs one write; after one that the ledger could not take there is no other. */
type Write = <T>(work: () => T) => T;

export type PrimaryOptions = {
  readonly node: string;
  readonly ledgerPath: string;
  /** The stocks of a new ledger. */
  readonly beginning: NewLedger;
  /** The currency that everything is converted to. */
  readonly base: string;
  readonly clock: AppClock;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  readonly cache: MarketCache;
  /** What a primary does on this ledger, under this guard; `confirm` is timed here and handed on. */
  readonly work: (ledger: Ledger, guard: ActGuard, confirm: Confirm, write: Write) => PrimaryWork;
  readonly log: Logger;
};

/** What an app is from its promotion until it is killed: an open ledger, a schedule, probes. */
export class Primary implements OpenLedger {
  readonly probes: LedgerProbes;
  readonly displayTokens: LedgerDisplayTokens;
  readonly sessions: Sessions;
  readonly apiTokens: ApiTokens;
  readonly settings: LedgerSettings;
  readonly stocks: Stocks;
  readonly reads: LedgerReads;
  readonly #options: PrimaryOptions;
  readonly #ledger: Ledger;
  readonly #work: PrimaryWork;
  readonly #scheduler: Scheduler;
  #lastConfirm: ConfirmTime | null = null;
  /** Why nothing is written any more; null while all goes on. */
  #closed: string | null = null;
  readonly #unusable = Promise.withResolvers<never>();

  /** The present one: a lease may go on under a higher epoch. */
  get epoch(): number {
    return this.#options.guard.epoch;
  }

  /** Opens and migrates the ledger; throws with `cause` when that fails. Starts nothing. */
  constructor(options: PrimaryOptions) {
    const { node, ledgerPath, clock, log } = options;
    this.#options = options;
    const guard = this.#untilDrained(options.guard);
    guard.check(busyMsMin);
    const busyTimeoutMs = Math.round(Math.min(Math.max(guard.remainingMs() / 4, busyMsMin), busyMsMax));
    this.#ledger = openLedger(ledgerPath, busyTimeoutMs, options.beginning);
    this.#work = options.work(this.#ledger, guard, this.#confirm, this.#write);
    const schedule = { jobs: this.#work.jobs, ledger: this.#ledger, cronOf };
    this.#scheduler = new Scheduler({ ...schedule, clock, guard, node, log });
    const rows = {
      db: this.#ledger.db,
      guard,
      confirm: this.#confirm,
      nowMs: () => clock.nowMs(),
      write: this.#write,
    };
    this.probes = new LedgerProbes(rows);
    this.displayTokens = new LedgerDisplayTokens(rows);
    this.sessions = new Sessions(rows);
    this.apiTokens = new ApiTokens(rows);
    this.settings = new LedgerSettings(rows, () => this.#scheduler.wake());
    const { blocked, scores } = this.#work;
    this.stocks = new Stocks({ ...rows, cache: options.cache, blocked, scores });
    this.reads = new LedgerReads({ db: rows.db, clock, jobs: this.#work.jobs, orders: this.#orders });
  }

  /** Reconciles with the broker beside the schedule, whose first order waits for it; resolves at the end of the lease, rejects when the ledger fails. */
  async run(): Promise<void> {
    const { log } = this.#options;
    try {
      await Promise.race([this.#unusable.promise, Promise.all([this.#work.begin(), this.#schedule()])]);
    } catch (error) {
      if (isUnusable(error)) this.#giveUp(error);
      if (!(error instanceof LeaseOver)) throw error;
      log.warn({ err: error }, "the lease is over: the schedule has stopped");
    }
  }

  async #schedule(): Promise<void> {
    for (let runs = 1; ; runs++) {
      try {
        return await this.#scheduler.run();
      } catch (error) {
        // Neither a lock held for long nor a lease that ran short, and may be renewed yet, is the end of this node's
        // work; records tell the schedule where to go on. A lease that is over ends the process.
        const isShort = error instanceof LeaseOver && this.#options.guard.remainingMs() > 0;
        if (!isShort && (!isBusy(error) || runs >= busyRunsMax)) throw error;
        const reason = isShort ? "the lease ran short" : "the ledger is locked";
        this.#options.log.warn({ err: error }, `${reason}: the schedule is begun again`);
        await sleep(busyPauseMs);
      }
    }
  }

  /**
   * Starts nothing more and resolves when what runs has ended and its outcome is written, or has had its time:
   * whatever is still on its way then can write no more.
   */
  async drain(): Promise<void> {
    const limit = new Promise<void>((resolve) => void setTimeout(resolve, probeDrainMs).unref());
    await Promise.all([this.#scheduler.drain(), Promise.race([this.probes.drain(), limit])]);
    this.#closed ??= `epoch ${this.epoch} has been handed over`;
  }

  resume(): void {
    this.#closed = null;
    this.probes.resume();
    this.#scheduler.resume();
  }

  view(): LedgerView {
    const names = this.#work.jobs.map((job) => job.name);
    return readLedgerView(this.#ledger.db, this.#work.valuation(), names);
  }

  money(): MoneyView {
    return moneyView(this.#ledger.db, this.#options.base);
  }

  /** What fails and what is old, orders whose fate is not known, and what may not be traded and why. */
  notes(): readonly string[] {
    const { cache, clock } = this.#options;
    const nowMs = clock.nowMs();
    const jobs = this.#work.jobs.map((job) => job.name);
    return [...workNotes({ ledger: this.#ledger, cache, jobs, nowMs }), ...tradingNotes(this.#ledger.db, nowMs)];
  }

  trading(): TradingState {
    return readTradingState(this.#ledger.db, this.#options.clock.nowMs());
  }

  /** Performs one of the owner's commands. */
  command(request: unknown): Promise<CommandOutcome> {
    return this.#work.command(request);
  }

  nextRuns(): readonly NextRun[] {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const jobs = this.#work.jobs.map((job) => ({ name: job.name, cron: cronOf(this.#ledger.db, job) }));
    return nextRuns(jobs, nowMs).map(({ job, slot }) => ({
      job,
      slot: slot.text,
      inRealMs: Math.max(0, Math.round(clock.realMs(slot.atMs - nowMs))),
    }));
  }

  readonly #orders = (): ReturnType<typeof orderTeller> =>
    orderTeller(this.#ledger.db, this.#work.valuation(), this.view().equityBase);

  /** Whether its lease runs, and has not been handed over. */
  get leads(): boolean {
    return this.#closed === null && this.#options.guard.remainingMs() > 0;
  }

  lastConfirm(): ConfirmTime | null {
    return this.#lastConfirm;
  }

  #untilDrained(guard: ActGuard): ActGuard {
    return {
      get epoch() {
        return guard.epoch;
      },
      remainingMs: () => (this.#closed === null ? guard.remainingMs() : 0),
      check: (marginMs) => {
        // Not a LeaseOver: the handover may be called off, and then all goes on.
        if (this.#closed !== null) throw new Error(this.#closed);
        guard.check(marginMs);
      },
    };
  }

  /** [litestream 12] What a failed commit left in the log may be replicated already: nothing may be written over it. */
  readonly #write = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (isUnusable(error)) this.#giveUp(error);
      throw error;
    }
  };

  #giveUp(error: unknown): void {
    this.#closed = "the ledger cannot be worked with";
    this.#unusable.reject(error);
  }

  readonly #confirm: Confirm = async () => {
    const startedMs = performance.now();
    const outcome = await this.#options.confirm();
    this.#lastConfirm = { outcome, tookMs: Math.round(performance.now() - startedMs) };
    return outcome;
  };
}
