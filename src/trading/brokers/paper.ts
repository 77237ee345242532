import type { ActGuard } from "../../app-ports.ts";
import { isCurrency, toMajor, toMinor, type Currency } from "../../analytics/money/amount.ts";
import { and, asc, eq, sql } from "../../db/drizzle.ts";
import type { LedgerDb } from "../../db/ledger.ts";
import type { MarketCache } from "../../db/market-cache.ts";
import { paperOrders } from "../../db/paper-schema.ts";
import { toBase } from "../../market/fx/rates.ts";
import type { Valuation } from "../bookkeeping.ts";
import type { Broker, BrokerAccount, BrokerOrder, OrderIntent, PlaceOutcome } from "../broker.ts";
import type { MarketView } from "../market-view.ts";
import {
  equityMinor,
  fillOf,
  judge,
  paperAccount,
  writeMarginMs,
  type PaperAccount,
  type PaperCosts,
  type PaperPrice,
} from "./paper-account.ts";
import { bookedDividends } from "./paper-dividends.ts";
import { paidCash, pay, type Paid, type PaperPayment } from "./paper-payments.ts";
import { bookedSplits } from "./paper-splits.ts";

const START_CASH = 100_000;

export type PaperDeps = {
  readonly db: LedgerDb;
  readonly guard: ActGuard;
  readonly nowMs: () => number;
  /** The base currency, which the account is kept in. */
  readonly currency: Currency;
  /** Prices and rates that may be traded on, of that base. */
  readonly market: () => Pick<MarketView, "prices" | "rates">;
  /** The last good ones, which say what is held is worth. */
  readonly valuation: () => Valuation;
  readonly costs: () => PaperCosts;
  /** Tells of splits and dividends; null: the market has neither. */
  readonly cache: MarketCache | null;
  /** Whether orders fill at this moment. */
  readonly fills: () => boolean;
};

type Row = typeof paperOrders.$inferSelect;

export type PaperBroker = Broker & {
  /** Books a payment; the same id is booked once. */
  pay(payment: PaperPayment): Paid;
};

/** One account for each currency; the first there was, in dollars, has no more to its name. */
const paperAccountId = (currency: Currency): string => (currency === "USD" ? "paper" : `paper-${currency}`);

/**
 * A broker without a world: its orders are rows of the ledger, filled at the newest price, and what another currency
 * needs is converted at the newest rate. It cannot fence: a node that was cut off has a ledger of its own, which refuses
 * nothing of the other's. So a used id is known by look-up only.
 */
export function createPaper(deps: PaperDeps): PaperBroker {
  const { db, currency } = deps;
  const accountId = paperAccountId(currency);
  const written = (): Row[] =>
    db
      .select()
      .from(paperOrders)
      .where(eq(paperOrders.account, accountId))
      .orderBy(asc(sql`rowid`))
      .all();
  /** All orders, once each that rested had its chance to fill. */
  const rows = (): readonly Row[] => {
    let all = written();
    for (const row of all) if (row.state === "open") all = filled(deps, all, row);
    return all;
  };
  return {
    name: "paper",
    money: "paper",
    idempotency: "lookup",
    whyNotTradable: (listing) =>
      isCurrency(listing.currency) ? null : `the paper broker keeps no ${listing.currency}`,
    place: async (intent) => place(deps, rows(), intent),
    findByClientOrderId: async (id) => {
      const row = rows().find(({ clientOrderId }) => clientOrderId === id);
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
      write(deps, row, { state: "cancelled" });
      return "accepted";
    },
    positions: async () => [...accountOf(deps, rows()).holdings].map(([symbol, holding]) => ({ symbol, ...holding })),
    account: async () => told(accountId, accountOf(deps, rows()), deps.valuation()),
    isMarketOpen: async () => true,
    pay: (payment) => pay({ ...deps, accountId, rates: deps.market().rates }, accountOf(deps, rows()), payment),
    activities: async (sinceMs) => accountOf(deps, rows()).activities.filter(({ atMs }) => atMs > sinceMs),
  };
}

function accountOf(deps: PaperDeps, rows: readonly Row[]): PaperAccount {
  const { db, currency, cache, guard } = deps;
  const [accountId, startMinor] = [paperAccountId(currency), toMinor(currency, START_CASH)];
  const paid = paidCash(db, accountId);
  if (cache === null) return paperAccount(currency, startMinor, rows, [], paid);
  const splits = bookedSplits(db, cache, guard);
  const dividends = bookedDividends({ ...deps, cache, rates: () => deps.market().rates }, accountId, rows, splits);
  return paperAccount(currency, startMinor, rows, splits, [...paid, ...dividends]);
}

const told = (accountId: string, account: PaperAccount, valuation: Valuation): BrokerAccount => ({
  accountId,
  currency: account.currency,
  cash: Object.fromEntries([...account.cash].map(([currency, minor]) => [currency, toMajor(minor, currency)])),
  equity: toMajor(equityMinor(account, valuation), account.currency),
});

function place(deps: PaperDeps, rows: readonly Row[], intent: OrderIntent): PlaceOutcome {
  const { clientOrderId, symbol, side, qty } = intent;
  if (rows.some((row) => row.clientOrderId === clientOrderId)) return { kind: "duplicate" };
  const submittedAtMs = deps.nowMs();
  const verdict = judge(accountOf(deps, rows), intent, priceOf(deps, symbol), deps.costs(), submittedAtMs);
  if (verdict.kind === "refuse") return { kind: "refused", reason: verdict.reason };
  const row: Row = {
    account: paperAccountId(deps.currency),
    clientOrderId,
    symbol,
    side,
    qty,
    submittedAtMs,
    state: "open",
    reservedMinor: verdict.reservedMinor,
    fill: null,
  };
  deps.guard.check(writeMarginMs);
  deps.db.insert(paperOrders).values(row).run();
  return { kind: "placed", order: orderOf(filled(deps, [...rows, row], row).at(-1) ?? row) };
}

/** The price of a stock that may be traded on, with what its currency is worth; null without one of the two. */
function priceOf({ market }: PaperDeps, symbol: string): PaperPrice | null {
  const { prices, rates } = market();
  const listed = prices.get(symbol);
  if (listed === undefined || !isCurrency(listed.currency)) return null;
  const rate = toBase(1, listed.currency, rates);
  return rate.kind === "no-rate" ? null : { price: listed.price, currency: listed.currency, rate: rate.amount };
}

/** The rows once this one had its chance to fill. */
function filled(deps: PaperDeps, rows: readonly Row[], row: Row): Row[] {
  const paperPrice = deps.fills() ? priceOf(deps, row.symbol) : null;
  if (paperPrice === null) return [...rows];
  const fill = fillOf(row, deps.currency, paperPrice, deps.costs(), deps.nowMs());
  const change = { state: "filled", fill } as const;
  write(deps, row, change);
  return rows.map((one) => (one === row ? { ...row, ...change } : one));
}

function write({ db, guard }: PaperDeps, { account, clientOrderId }: Row, change: Partial<Row>): void {
  guard.check(writeMarginMs);
  const ofOrder = and(eq(paperOrders.account, account), eq(paperOrders.clientOrderId, clientOrderId));
  db.update(paperOrders).set(change).where(ofOrder).run();
}

function orderOf({ clientOrderId, symbol, side, qty, state, fill }: Row): BrokerOrder {
  const filledQty = state === "filled" ? qty : 0;
  const brokerOrderId = `paper-${clientOrderId}`;
  return { brokerOrderId, clientOrderId, symbol, side, qty, state, filledQty, filledAvgPrice: fill?.price ?? null };
}
