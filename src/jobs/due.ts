import type { Job } from "../app-ports.ts";
import { nextSlotMs, slotsBetween, slotText } from "./slots.ts";

/** A recorded run that has not ended well. While nothing runs here, a "running" one was interrupted. */
export type OpenRun = {
  readonly atMs: number;
  readonly status: "running" | "failed";
  readonly attempts: number;
  readonly endedAtMs: number | null;
  readonly outcome: string | null;
};

/** What the ledger knows of one job. */
export type JobRecords = {
  /** Newest recorded slot. */
  readonly newestMs: number | null;
  /** Newest slot that was begun at all, not only closed. */
  readonly newestBegunMs: number | null;
  /** The rows that are not completed. */
  readonly open: readonly OpenRun[];
};

export type DueJob = Pick<Job, "name" | "cron" | "catchUp">;

/** A slot to be recorded as completed without a run, and why. */
export type Closing = { readonly atMs: number; readonly outcome: string };

export type Decision =
  | { readonly kind: "close"; readonly job: string; readonly closings: readonly Closing[] }
  | { readonly kind: "run"; readonly job: string; readonly atMs: number; readonly attempt: number }
  | { readonly kind: "wait"; readonly untilMs: number };

/** Failed attempts of a slot before it is given up. */
export const ATTEMPTS_MAX = 3;
/** Starts of a slot that ended in neither success nor failure before it is given up. */
export const STARTS_MAX = 6;
/** Missed slots that a job with catchUp "every" still runs. */
export const CAUGHT_UP_MAX = 12;
/** Missed slots that get a row of their own; the oldest row tells of any before it. */
export const LISTED_MAX = 1_000;
/** App time between attempts of a failed slot, times the attempts made. */
export const RETRY_DELAY_MS = 20_000;
const WAIT_MAX_MS = 3_600_000;

/** Jobs of the same slot run in this order; others come after, in the order given. */
const ORDER = ["price-sync", "portfolio-sync", "score-refresh", "rebalance"];

/**
 * What a scheduler in which nothing runs does next, from records and time alone: the same records give the same
 * decision on every node. Every slot since the first recorded one ends in exactly one completed row: by a run, or by a
 * closing that says why there was none.
 */
export function decide(jobs: readonly DueJob[], records: (job: string) => JobRecords, nowMs: number): Decision {
  const candidates: Candidate[] = [];
  let wakeMs = nowMs + WAIT_MAX_MS;
  for (const [index, job] of jobs.entries()) {
    const recorded = records(job.name);
    const due = dueSlots(job, recorded, nowMs);
    const closings = closingsOf(job, due, recorded);
    if (closings.length > 0) return { kind: "close", job: job.name, closings };
    // A newer slot closes one that waits for its retry, so its beginning is a reason to wake too.
    wakeMs = Math.min(wakeMs, nextSlotMs(job.cron, nowMs) ?? wakeMs);
    const rank = ORDER.includes(job.name) ? ORDER.indexOf(job.name) : ORDER.length + index;
    if (due[0] !== undefined) candidates.push({ job: job.name, slot: due[0], rank, recorded });
  }
  const first = firstOf(candidates);
  if (first === undefined) return { kind: "wait", untilMs: wakeMs };
  const { open, atMs } = first.slot;
  const retryMs = open?.status === "failed" ? (open.endedAtMs ?? 0) + RETRY_DELAY_MS * open.attempts : nowMs;
  // A clock that was set back must not hold a retry for longer than its delay.
  if (retryMs > nowMs && retryMs <= nowMs + RETRY_DELAY_MS * ATTEMPTS_MAX) {
    return { kind: "wait", untilMs: Math.min(wakeMs, retryMs) };
  }
  return { kind: "run", job: first.job, atMs, attempt: (open?.attempts ?? 0) + 1 };
}

type Candidate = {
  readonly job: string;
  readonly slot: DueSlot;
  readonly rank: number;
  readonly recorded: JobRecords;
};

/**
 * The oldest slot, and of one slot the job that is first in the order. Yet a job that others build on goes before them
 * whatever the slots, unless it has been done since their slot began: after a start or takeover, prices of 14:35 come
 * before a rebalance of 14:30, and a job that is always due starves nobody.
 */
function firstOf(candidates: readonly Candidate[]): Candidate | undefined {
  const byRank = candidates.toSorted((a, b) => a.rank - b.rank);
  const oldest = byRank.toSorted((a, b) => a.slot.atMs - b.slot.atMs)[0];
  if (oldest === undefined) return undefined;
  const { atMs } = oldest.slot;
  const isDoneSince = ({ newestBegunMs, open }: JobRecords): boolean =>
    newestBegunMs !== null && newestBegunMs >= atMs && !open.some((run) => run.atMs >= atMs);
  return byRank.find(({ rank, recorded }) => rank < oldest.rank && !isDoneSince(recorded)) ?? oldest;
}

type DueSlot = { readonly atMs: number; readonly open: OpenRun | null };

/** Slots without a completed row, oldest first: the open ones, and those that began since the newest recorded one. */
function dueSlots(job: DueJob, { newestMs, open }: JobRecords, nowMs: number): readonly DueSlot[] {
  const begun =
    newestMs === null ? slotsBetween(job.cron, 0, nowMs, 1) : slotsBetween(job.cron, newestMs, nowMs, LISTED_MAX);
  return [...open.map((run) => ({ atMs: run.atMs, open: run })), ...begun.map((atMs) => ({ atMs, open: null }))].sort(
    (a, b) => a.atMs - b.atMs,
  );
}

/** The due slots that are not to be run (any more), oldest first. */
function closingsOf(job: DueJob, due: readonly DueSlot[], { newestMs }: JobRecords): readonly Closing[] {
  const latest = due.at(-1);
  if (latest === undefined) return [];
  const lastMs = Math.max(latest.atMs, newestMs ?? latest.atMs);
  const begun = due.filter((slot) => slot.open === null).length;
  return due.flatMap((slot, index) => {
    const reason =
      gaveUp(slot.open, slot.atMs < lastMs && job.catchUp === "every") ??
      (job.catchUp === "newest" && slot.atMs < lastMs ? superseded(slot.open, lastMs) : null) ??
      (index < due.length - CAUGHT_UP_MAX ? `skipped: more than ${CAUGHT_UP_MAX} slots were missed` : null);
    if (reason === null) return [];
    const isFirstListed = slot.open === null && begun === LISTED_MAX && due[index - 1]?.open !== null;
    const older = isFirstListed && newestMs !== null ? `; any between ${slotText(newestMs)} and this one too` : "";
    return [{ atMs: slot.atMs, outcome: reason + older }];
  });
}

/** A failed slot is tried again within its slot only, and both kinds of trying have a bound. */
function gaveUp(open: OpenRun | null, isOver: boolean): string | null {
  if (open === null || open.attempts === 0) return null;
  if (open.status === "running") return open.attempts >= STARTS_MAX ? `gave up after ${open.attempts} starts` : null;
  return open.attempts >= ATTEMPTS_MAX || isOver
    ? `gave up after ${open.attempts} of ${ATTEMPTS_MAX} attempts: ${open.outcome ?? "no outcome"}`
    : null;
}

function superseded(open: OpenRun | null, byMs: number): string {
  const failed = open?.status === "failed" ? ` after a failure: ${open.outcome ?? "no outcome"}` : "";
  return `skipped: superseded by ${slotText(byMs)}${failed}`;
}
