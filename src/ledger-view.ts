import type { LedgerDb } from "./db/ledger.ts";
import { and, asc, desc, eq, getTableColumns, inArray } from "./db/drizzle.ts";
import { cash, jobRuns, orderIntents, plans, positions, snapshots, universe } from "./db/ledger-schema.ts";
import type { Valuation } from "./trading/bookkeeping.ts";
import { shownBook } from "./trading/books.ts";

type PositionView = {
  readonly symbol: string;
  readonly qty: number;
  /** Of its listing: both prices are in it. */
  readonly currency: string;
  readonly avgPrice: number;
  /** Newest known price; the average paid when there is none. */
  readonly price: number;
  /** Null without a rate. */
  readonly valueBase: number | null;
  /** Part of positions and cash together, 0..1. */
  readonly share: number;
};
type OrderRow = typeof orderIntents.$inferSelect;
export type OrderView = OrderRow & {
  /** Of the listing: the price of its fills is in it. */
  readonly currency: string;
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
  /** What everything is converted to at the last good rates; names that end in it are amounts of it. */
  readonly base: string;
  readonly positions: readonly PositionView[];
  /** As the broker has it, by currency; the account's own first. */
  readonly cash: readonly { readonly currency: string; readonly amount: number }[];
  /** Null until it is known, and without a rate. */
  readonly cashBase: number | null;
  readonly equityBase: number | null;
  /** In the account's own currency, where that is not the base. */
  readonly own: { readonly currency: string; readonly equity: number } | null;
  readonly investedShare: number | null;
  /** Broker, account and mode of everything that is shown here; empty before the first was opened. */
  readonly book: string;
  readonly plans: readonly PlanView[];
  readonly jobRuns: readonly JobRunView[];
};

const plansShown = 8;
const runsShownPerJob = 4;
const positionsShown = 500;

/** Reads the view. `jobs` are the job names to show. */
export function readLedgerView(db: LedgerDb, market: Valuation, jobs: readonly string[]): LedgerView {
  const book = shownBook(db);
  const ofBook = eq(positions.book, book);
  const held = db.select().from(positions).where(ofBook).orderBy(asc(positions.symbol)).limit(positionsShown).all();
  const balances = db.select().from(cash).where(eq(cash.book, book)).orderBy(asc(cash.currency)).all();
  const account = db
    .select({ currency: snapshots.currency })
    .from(snapshots)
    .where(eq(snapshots.book, book))
    .orderBy(desc(snapshots.slot))
    .limit(1)
    .get();
  const isOwn = ({ currency }: { readonly currency: string }): boolean => currency === account?.currency;
  const valued = held.map(({ symbol, qty, currency, avgPrice }) => {
    const quoted = market.prices.get(symbol);
    const price = quoted?.currency === currency ? quoted.price : avgPrice;
    return { symbol, qty, currency, avgPrice, price, valueBase: inBase(market, qty * price, currency) };
  });
  const investedBase = sumOf(valued.map(({ valueBase }) => valueBase));
  const cashBase =
    balances.length === 0 ? null : sumOf(balances.map(({ currency, amount }) => inBase(market, amount, currency)));
  const equityBase = sumOf([cashBase, investedBase]);
  const shareOf = (amount: number | null): number => (equityBase && amount !== null ? amount / equityBase : 0);
  const perOwn = account === undefined ? null : inBase(market, 1, account.currency);
  return {
    base: market.base,
    positions: valued.map((position) => ({ ...position, share: shareOf(position.valueBase) })),
    cash: [...balances.filter(isOwn), ...balances.filter((one) => !isOwn(one))].map(({ currency, amount }) => ({
      currency,
      amount,
    })),
    cashBase,
    equityBase,
    own:
      account === undefined || account.currency === market.base || equityBase === null || perOwn === null
        ? null
        : { currency: account.currency, equity: equityBase / perOwn },
    investedShare: equityBase && investedBase !== null ? investedBase / equityBase : null,
    book,
    plans: readPlans(db, book, orderTeller(db, market, equityBase)),
    jobRuns: jobs.flatMap((job) =>
      db.select().from(jobRuns).where(eq(jobRuns.job, job)).orderBy(desc(jobRuns.slot)).limit(runsShownPerJob).all(),
    ),
  };
}

/** What people are shown of an order besides its row, where positions and cash together are worth this. */
export function orderTeller(
  db: LedgerDb,
  market: Valuation,
  equityBase: number | null,
): (order: OrderRow) => OrderView {
  const listed = db.select({ symbol: universe.symbol, currency: universe.currency }).from(universe).all();
  const currencies = new Map(listed.map(({ symbol, currency }) => [symbol, currency]));
  return (order) => {
    const quoted = market.prices.get(order.symbol);
    const currency = currencies.get(order.symbol) ?? quoted?.currency ?? market.base;
    const price = order.filledAvgPrice ?? (quoted?.currency === currency ? quoted.price : 0);
    const amount = inBase(market, order.qty * price, currency);
    return { ...order, currency, share: equityBase && amount !== null ? amount / equityBase : 0 };
  };
}

/** Null without a rate. */
function inBase({ base, rates }: Valuation, amount: number, currency: string): number | null {
  if (currency === base || amount === 0) return amount;
  const rate = rates.get(currency);
  return rate === undefined ? null : amount * rate;
}

/** Null where one of them is. */
const sumOf = (amounts: readonly (number | null)[]): number | null =>
  amounts.reduce<number | null>((sum, amount) => (sum === null || amount === null ? null : sum + amount), 0);

function readPlans(db: LedgerDb, book: string, told: (order: OrderRow) => OrderView): readonly PlanView[] {
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
    .map(told);
  return newest.map((plan) => ({ ...plan, orders: orders.filter((order) => order.slot === plan.slot) }));
}
