import type { AppClock, Job } from "../app-ports.ts";
import { and, asc, desc, eq, gt } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { jobRuns, orderIntents, plans } from "../db/ledger-schema.ts";
import { cronOf } from "../jobs/intervals.ts";
import { slotText } from "../jobs/slots.ts";
import type { Considered } from "../planning/considered.ts";
import { readOwnerOrders, type Told } from "../trading/owner-order-store.ts";
import { shownBook } from "../trading/books.ts";
import type { OrderView, orderTeller } from "../ledger-view.ts";

const hourMs = 3_600_000;

/** `cron` is the expression that is in force now. */
type JobFacts = { readonly job: string; readonly cron: string; readonly failuresInHour: number };

type ReadDeps = {
  readonly db: LedgerDb;
  readonly clock: Pick<AppClock, "nowMs">;
  readonly jobs: readonly Job[];
  /** What is shown of an order, as things are now. */
  readonly orders: () => ReturnType<typeof orderTeller>;
};

/** What pages and API ask an open ledger besides its view; each answer is bounded. */
export class LedgerReads {
  readonly #deps: ReadDeps;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** The newest orders, at most so many. */
  orders(limit: number): readonly OrderView[] {
    const { db, orders } = this.#deps;
    const newest = db
      .select()
      .from(orderIntents)
      .where(eq(orderIntents.book, shownBook(db)))
      .orderBy(desc(orderIntents.slot), asc(orderIntents.n))
      .limit(limit);
    return newest.all().map(orders());
  }

  /** What the owner has ordered by hand, what waits first. */
  ownerOrders(): readonly Told[] {
    const { db, clock } = this.#deps;
    return readOwnerOrders(db, clock.nowMs());
  }

  /** What the newest plan was chosen from; null without a plan, or where it had nothing to choose. */
  considered(): (Considered & { readonly slot: string }) | null {
    const { db } = this.#deps;
    const newest = db
      .select({ slot: plans.slot, considered: plans.considered })
      .from(plans)
      .where(eq(plans.book, shownBook(db)))
      .orderBy(desc(plans.slot))
      .limit(1)
      .get();
    return newest?.considered ? { slot: newest.slot, ...newest.considered } : null;
  }

  /** When each job runs, and how many attempts failed in slots of the last hour. */
  jobs(): readonly JobFacts[] {
    const { db, clock, jobs } = this.#deps;
    const after = slotText(clock.nowMs() - hourMs);
    return jobs.map((job) => {
      const recent = db
        .select({ status: jobRuns.status, attempts: jobRuns.attempts, outcome: jobRuns.outcome })
        .from(jobRuns)
        .where(and(eq(jobRuns.job, job.name), gt(jobRuns.slot, after)))
        .all();
      const failuresInHour = recent.reduce((sum, run) => sum + failuresOf(run), 0);
      return { job: job.name, cron: cronOf(db, job), failuresInHour };
    });
  }
}

type Run = Pick<typeof jobRuns.$inferSelect, "status" | "attempts" | "outcome">;

/** How often a slot's run failed; one that ended well may have failed before. */
function failuresOf({ status, attempts, outcome }: Run): number {
  const endedWell = status !== "failed" && outcome?.startsWith("gave up") !== true;
  return endedWell ? Math.max(0, attempts - 1) : attempts;
}
