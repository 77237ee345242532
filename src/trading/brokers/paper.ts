import type { ActGuard } from "../../app-ports.ts";
import { asc, eq, sql } from "../../db/drizzle.ts";
import type { LedgerDb } from "../../db/ledger.ts";
import { paperOrders } from "../../db/ledger-schema.ts";
import { type Activity, apply, type Book, judge, newBook } from "../../exchange/book.ts";
import type { Broker, BrokerActivity, BrokerOrder, OrderIntent, PlaceOutcome } from "../broker.ts";

const START_CASH_USD = 100_000;
const WRITE_MARGIN_MS = 50;

export type PaperDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly nowMs: () => number;
  /** Newest price that may be traded on, in dollars; null when there is none. */
  readonly priceUsd: (symbol: string) => number | null;
  /** Whether orders fill at this moment. */
  readonly fills: () => boolean;
};

type Row = typeof paperOrders.$inferSelect;

/**
 * A broker without a world: its orders are rows of the ledger, filled at the newest price. It cannot fence: a node that
 * was cut off has a ledger of its own, which refuses nothing of the other's. So a used id is known by look-up only.
 */
export function createPaper(deps: PaperDeps): Broker {
  const { db, priceUsd } = deps;
  const rows = (): Row[] => {
    const all = db
      .select()
      .from(paperOrders)
      .orderBy(asc(sql`rowid`))
      .all();
    return all.map((row) => (row.state === "open" ? filled(deps, row) : row));
  };
  const findRow = (id: string): Row | undefined => rows().find((row) => row.clientOrderId === id);
  return {
    name: "paper",
    money: "paper",
    idempotency: "lookup",
    whyNotTradable: ({ currency }) => (currency === "USD" ? null : "the paper broker keeps dollars only"),
    place: async (intent) => place(deps, rows(), intent),
    findByClientOrderId: async (id) => {
      const row = findRow(id);
      return row === undefined ? null : orderOf(row);
    },
    listByPrefix: async (prefix, sinceMs) =>
      rows()
        .filter((row) => row.clientOrderId.startsWith(prefix) && row.submittedAtMs >= sinceMs)
        .toReversed()
        .map(orderOf),
    cancel: async (brokerOrderId) => {
      const row = rows().find((one) => orderOf(one).brokerOrderId === brokerOrderId);
      if (row?.state !== "open") return "too-late";
      write(deps, row.clientOrderId, { state: "cancelled" });
      return "accepted";
    },
    positions: async () =>
      [...bookOf(rows()).holdings].map(([symbol, { qty, avgPriceUsd }]) => ({
        symbol,
        qty,
        currency: "USD",
        avgPrice: avgPriceUsd,
      })),
    account: async () => {
      const { cashUsd, holdings } = bookOf(rows());
      const heldUsd = [...holdings].map(([symbol, { qty }]) => qty * mustPrice(priceUsd(symbol), symbol));
      const equity = heldUsd.reduce((sum, usd) => sum + usd, cashUsd);
      return { accountId: "paper", currency: "USD", cash: { USD: cashUsd }, equity };
    },
    isMarketOpen: async () => true,
    activities: async (sinceMs) =>
      bookOf(rows())
        .activities.filter(({ atMs }) => atMs > sinceMs)
        .map(activityOf),
  };
}

function place(deps: PaperDeps, rows: readonly Row[], intent: OrderIntent): PlaceOutcome {
  const verdict = judge(bookOf(rows), intent, deps.priceUsd(intent.symbol), false);
  if (verdict.kind === "duplicate") return { kind: "duplicate" };
  if (verdict.kind === "refuse") return { kind: "refused", reason: verdict.message };
  const { clientOrderId, symbol, side, qty } = intent;
  const row: Row = {
    clientOrderId,
    symbol,
    side,
    qty,
    submittedAtMs: deps.nowMs(),
    state: "open",
    reservedUsd: verdict.reservedUsd,
    priceUsd: null,
  };
  deps.guard.check(WRITE_MARGIN_MS);
  deps.db.insert(paperOrders).values(row).run();
  return { kind: "placed", order: orderOf(filled(deps, row)) };
}

/** The row as it is once it had its chance to fill. */
function filled(deps: PaperDeps, row: Row): Row {
  const priceUsd = deps.fills() ? deps.priceUsd(row.symbol) : null;
  if (priceUsd === null) return row;
  const fill = { state: "filled", priceUsd } as const;
  write(deps, row.clientOrderId, fill);
  return { ...row, ...fill };
}

function write({ db, guard }: PaperDeps, id: string, change: Partial<Row>): void {
  guard.check(WRITE_MARGIN_MS);
  db.update(paperOrders).set(change).where(eq(paperOrders.clientOrderId, id)).run();
}

/** The exchange simulator's book of these orders: what may be placed, what is held, what is left. */
function bookOf(rows: readonly Row[]): Book {
  const book = newBook(START_CASH_USD);
  for (const { clientOrderId: id, symbol, side, qty, submittedAtMs, state, reservedUsd, priceUsd } of rows) {
    const attempt = { at: "", clientOrderId: id, symbol, side, qty, outcome: "accepted" };
    apply(book, { kind: "attempt", attempt, accepted: { id, submittedAtMs, reservedUsd } });
    if (state === "cancelled") apply(book, { kind: "cancel", id, atMs: submittedAtMs });
    if (state === "filled") apply(book, { kind: "fill", id, atMs: submittedAtMs, priceUsd: priceUsd ?? 0 });
  }
  return book;
}

const activityOf = ({ id, atMs, symbol, trade }: Activity): BrokerActivity => ({
  id,
  atMs,
  kind: trade?.side ?? "other",
  currency: "USD",
  amount: null,
  symbol,
  qty: trade?.qty ?? null,
  price: trade?.priceUsd ?? null,
  note: "paper",
});

function orderOf({ clientOrderId, symbol, side, qty, state, priceUsd }: Row): BrokerOrder {
  const filledQty = state === "filled" ? qty : 0;
  const brokerOrderId = `paper-${clientOrderId}`;
  return { brokerOrderId, clientOrderId, symbol, side, qty, state, filledQty, filledAvgPrice: priceUsd };
}

function mustPrice(priceUsd: number | null, symbol: string): number {
  if (priceUsd === null) throw new Error(`${symbol} is held and has no price, so the value is not known`);
  return priceUsd;
}
