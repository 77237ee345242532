import type { LedgerDb } from "./db/ledger.ts";
import { and, asc, desc, eq, getTableColumns, inArray } from "./db/drizzle.ts";
import { cash, jobRuns, orderIntents, plans, positions } from "./db/ledger-schema.ts";
import { shownBook } from "./trading/books.ts";

type PositionView = {
  readonly symbol: string;
  readonly qty: number;
  readonly avgPriceUsd: number;
  /** Newest known price; the average paid when there is none. */
  readonly priceUsd: number;
  /** Part of positions and cash together, 0..1. */
  readonly share: number;
};
export type OrderView = typeof orderIntents.$inferSelect & {
  /** Part of positions and cash that this order moves, 0..1. */
  readonly share: number;
};
export type PlanView = Omit<typeof plans.$inferSelect, "considered"> & { readonly orders: readonly OrderView[] };
export type JobRunView = Pick<
  typeof jobRuns.$inferSelect,
  "job" | "slot" | "epoch" | "node" | "status" | "startedAtMs" | "endedAtMs" | "outcome"
>;

/** What people are shown of a ledger: newest first, and bounded however long its history is. */
export type LedgerView = {
  readonly positions: readonly PositionView[];
  readonly cashUsd: number | null;
  readonly equityUsd: number | null;
  readonly investedShare: number | null;
  /** Broker, account and mode of everything that is shown here; empty before the first was opened. */
  readonly book: string;
  readonly plans: readonly PlanView[];
  readonly jobRuns: readonly JobRunView[];
};

const plansShown = 8;
const runsShownPerJob = 4;
const positionsShown = 500;

/** Reads the view. `priceUsd` gives the newest known price of a symbol; `jobs` are the job names to show. */
export function readLedgerView(
  db: LedgerDb,
  priceUsd: (symbol: string) => number | undefined,
  jobs: readonly string[],
): LedgerView {
  const book = shownBook(db);
  const ofBook = eq(positions.book, book);
  const held = db.select().from(positions).where(ofBook).orderBy(asc(positions.symbol)).limit(positionsShown).all();
  const dollars = and(eq(cash.book, book), eq(cash.currency, "USD"));
  const cashUsd = db.select().from(cash).where(dollars).get()?.amount ?? null;
  const valued = held.map((row) => ({ ...row, priceUsd: priceUsd(row.symbol) ?? row.avgPrice }));
  const investedUsd = valued.reduce((sum, row) => sum + row.qty * row.priceUsd, 0);
  const equityUsd = cashUsd === null ? null : cashUsd + investedUsd;
  const shareOf = (amountUsd: number): number => (equityUsd ? amountUsd / equityUsd : 0);
  return {
    positions: valued.map(({ symbol, qty, avgPrice, priceUsd: price }) => ({
      symbol,
      qty,
      avgPriceUsd: avgPrice,
      priceUsd: price,
      share: shareOf(qty * price),
    })),
    cashUsd,
    equityUsd,
    investedShare: equityUsd ? investedUsd / equityUsd : null,
    book,
    plans: readPlans(db, book, (order) => shareOf(order.qty * (order.filledAvgPrice ?? priceUsd(order.symbol) ?? 0))),
    jobRuns: jobs.flatMap((job) =>
      db.select().from(jobRuns).where(eq(jobRuns.job, job)).orderBy(desc(jobRuns.slot)).limit(runsShownPerJob).all(),
    ),
  };
}

function readPlans(
  db: LedgerDb,
  book: string,
  shareOf: (order: typeof orderIntents.$inferSelect) => number,
): readonly PlanView[] {
  const { considered: _, ...columns } = getTableColumns(plans);
  const newest = db
    .select(columns)
    .from(plans)
    .where(eq(plans.book, book))
    .orderBy(desc(plans.slot))
    .limit(plansShown)
    .all();
  const slots = newest.map((plan) => plan.slot);
  if (slots.length === 0) return [];
  const orders = db
    .select()
    .from(orderIntents)
    .where(and(eq(orderIntents.book, book), inArray(orderIntents.slot, slots)))
    .orderBy(asc(orderIntents.n))
    .all()
    .map((order) => ({ ...order, share: shareOf(order) }));
  return newest.map((plan) => ({ ...plan, orders: orders.filter((order) => order.slot === plan.slot) }));
}
