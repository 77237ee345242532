import assert from "node:assert/strict";
import type { SQL } from "drizzle-orm";
import { and, desc, eq, gt, ne, sql } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { jobRuns } from "../db/ledger-schema.ts";
import type { Closing, JobRecords } from "./due.ts";
import { slotMs, slotText } from "./slots.ts";

/** Who writes a record. */
export type Writer = { readonly epoch: number; readonly node: string };

/** What the ledger knows of a job, for `decide`. */
export function readRecords(ledger: Ledger, job: string): JobRecords {
  const open = ledger.db
    .select()
    .from(jobRuns)
    // Written out, because the index is used only where its own condition is recognised.
    .where(and(eq(jobRuns.job, job), sql`status <> 'completed'`))
    .all();
  return {
    newestMs: newestSlotMs(ledger, eq(jobRuns.job, job)),
    newestBegunMs: newestSlotMs(ledger, and(eq(jobRuns.job, job), gt(jobRuns.attempts, 0))),
    open: open.map(({ slot, status, attempts, endedAtMs, outcome }) => {
      assert(status !== "completed");
      return { atMs: slotMs(slot), status, attempts, endedAtMs, outcome };
    }),
  };
}

function newestSlotMs(ledger: Ledger, where: SQL | undefined): number | null {
  const query = ledger.db.select({ slot: jobRuns.slot }).from(jobRuns).where(where);
  const row = query.orderBy(desc(jobRuns.slot)).limit(1).get();
  return row === undefined ? null : slotMs(row.slot);
}

/** Records that a run of this slot begins. A completed slot is never begun again: that is a broken invariant. */
export function recordStart(
  ledger: Ledger,
  run: { readonly job: string; readonly atMs: number; readonly attempt: number; readonly nowMs: number },
  { epoch, node }: Writer,
): void {
  const begun = { epoch, node, status: "running", attempts: run.attempt, startedAtMs: run.nowMs } as const;
  const { changes } = ledger.db
    .insert(jobRuns)
    .values({ job: run.job, slot: slotText(run.atMs), ...begun })
    .onConflictDoUpdate({
      target: [jobRuns.job, jobRuns.slot],
      set: { ...begun, endedAtMs: null, outcome: null },
      setWhere: ne(jobRuns.status, "completed"),
    })
    .run();
  assert.equal(changes, 1, `${run.job} of ${slotText(run.atMs)} is completed already`);
}

/** Records how a run of this slot ended. */
export function recordEnd(
  ledger: Ledger,
  run: { readonly job: string; readonly atMs: number; readonly attempts: number; readonly nowMs: number },
  status: "completed" | "failed",
  outcome: string,
): void {
  const { changes } = ledger.db
    .update(jobRuns)
    .set({ status, outcome, attempts: run.attempts, endedAtMs: run.nowMs })
    .where(and(eq(jobRuns.job, run.job), eq(jobRuns.slot, slotText(run.atMs)), eq(jobRuns.status, "running")))
    .run();
  assert.equal(changes, 1, `${run.job} of ${slotText(run.atMs)} was not running`);
}

/** Records slots that are not to be run as completed with the reason, all or none. */
export function recordClosings(
  ledger: Ledger,
  job: string,
  closings: readonly Closing[],
  nowMs: number,
  { epoch, node }: Writer,
): void {
  ledger.db.transaction((tx) => {
    for (const { atMs, outcome } of closings) {
      const closed = { epoch, node, status: "completed", endedAtMs: nowMs, outcome } as const;
      const { changes } = tx
        .insert(jobRuns)
        .values({ job, slot: slotText(atMs), attempts: 0, startedAtMs: nowMs, ...closed })
        .onConflictDoUpdate({
          target: [jobRuns.job, jobRuns.slot],
          set: closed,
          setWhere: ne(jobRuns.status, "completed"),
        })
        .run();
      assert.equal(changes, 1, `${job} of ${slotText(atMs)} is completed already`);
    }
  });
}
