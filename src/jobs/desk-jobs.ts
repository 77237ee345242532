import { LeaseOver, type Job } from "../app-ports.ts";
import { isUnusable } from "../db/sqlite-error.ts";
import type { OpenDesk, TradingDesk } from "../trading/trading-desk.ts";

/** A job whose every run opens the desk: the switches in force are those of its beginning. */
export const atOpenDesk = (desk: TradingDesk, timing: Omit<Job, "run">, job: (open: OpenDesk) => Job): Job => ({
  ...timing,
  run: async (slot, signal) => job(await desk.open()).run(slot, signal),
});

/** The cycle, whose failure is a lock: the schedule's record of it is not what the owner looks at. */
export const toldWhenFailed = (desk: TradingDesk, cycle: Job): Job => ({
  ...cycle,
  run: async (slot, signal) => {
    try {
      return await cycle.run(slot, signal);
    } catch (error) {
      const isJobs = !(error instanceof LeaseOver) && !isUnusable(error) && !signal.aborted;
      if (isJobs) desk.cycleFailed(error instanceof Error ? error.message : String(error));
      throw error;
    }
  },
});

/** A job that does nothing at a wrong time: a clock without a battery names the wrong slot, and takes a closed market for an open one. */
export const byRightTime = (trouble: () => string | null, job: Job): Job => ({
  ...job,
  async run(slot, signal) {
    const why = trouble();
    return why === null ? job.run(slot, signal) : `Nothing is traded: ${why}.`;
  },
});

/** A job that waits for this first, once. */
export const afterwards = (before: Promise<void>, job: Job): Job => ({
  ...job,
  async run(slot, signal) {
    await before;
    return job.run(slot, signal);
  },
});
