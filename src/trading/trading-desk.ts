import type { PairView } from "../../ha/contract.ts";
import { and, asc, eq, gt, inArray } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { orderIntents, snapshots } from "../db/ledger-schema.ts";
import { exchange, toBase } from "../market/fx/rates.ts";
import type { Allowances } from "../planning/input.ts";
import type { Side } from "../planning/stock.ts";
import { bookName, brokerInForce, type Mode, showBook, shownBook } from "./books.ts";
import type { Broker, BrokerAccount } from "./broker.ts";
import { type CapRules, withinCaps } from "./caps.ts";
import { readControls } from "./controls.ts";
import { ledgerPlanStore } from "./ledger-plan-store.ts";
import { type LiveSwitch, whyNotLive } from "./live-rules.ts";
import { readLocks, writeLocks } from "./lock-store.ts";
import { type Lock, lockOn, lockOnAll, lockText, ownersSwitches, withSwitches } from "./locks.ts";
import type { MarketView } from "./market-view.ts";
import { ownerOrderStore } from "./owner-order-store.ts";
import type { OwnerOrders } from "./owner-orders.ts";
import type { Intent } from "./plan-record.ts";
import { protectionLimits, protections, type Reading, switchLocks } from "./protections.ts";
import type { TradingDeps } from "./trading-deps.ts";

const writeMarginMs = 50;
const snapshotsMax = 10_000;

export type DeskDeps = Omit<TradingDeps, "broker" | "store" | "absences" | "mayTrade"> & {
  readonly db: LedgerDb;
  readonly configured: Broker;
  readonly paper: Broker;
  readonly view: () => MarketView;
  /** What the agent last said of the pair; null before it did. */
  readonly pair: () => PairView | null;
  /** App time of one trading day. */
  readonly dayMs: number;
};

/** What one job works with from its beginning to its end. */
export type OpenDesk = {
  readonly book: string;
  readonly mode: Mode;
  /** As the broker names it. */
  readonly account: string;
  /** Why no order may go out with real money; null when it may, or when it is none. */
  readonly liveRefusal: string | null;
  readonly trading: TradingDeps;
  /** Finds what may not be traded, writes it into the ledger, and says which reads have failed. */
  readonly lock: (open: readonly Intent[]) => Promise<{ readonly locks: readonly Lock[]; readonly failed: boolean }>;
  /** The limits in euros that this book's orders keep to; null when it has none. */
  readonly caps: () => CapRules | null;
  /** What the owner has ordered in this book. */
  readonly ownerOrders: OwnerOrders;
  /** Why nothing at all may be bought or sold at this moment; null: it may. */
  readonly allowances: () => Allowances;
};

export type TradingDesk = {
  /** The broker that is traded with as the switches of this moment have it. */
  readonly brokerNow: () => Broker;
  /** The desk as the switches of this moment have it; its book is shown from then on. */
  readonly open: () => Promise<OpenDesk>;
  /** The desk as it would be with live trading on for the broker's account, or why it cannot be. Writes nothing. */
  readonly openLive: (limits: Omit<LiveSwitch, "account">) => Promise<OpenDesk | string>;
  /** Locks everything, for this reason, until a cycle finds out again what may be traded. */
  readonly cycleFailed: (why: string) => void;
};

/** Opens the desk anew for each job: the switches are read from the ledger then, and before every order. */
export function tradingDesk(deps: DeskDeps): TradingDesk {
  const absencesOf = new Map<string, TradingDeps["absences"]>();
  const desk = (facts: Facts): OpenDesk => {
    const { book, mode, account, broker } = facts;
    const absences = absencesOf.get(book) ?? new Map();
    absencesOf.set(book, absences);
    const store = ledgerPlanStore({ db: deps.db }, book);
    return {
      book,
      mode,
      account,
      liveRefusal: liveRefusal(facts),
      trading: { ...deps, broker, store, absences, mayTrade: async (order) => whyLocked(facts, order) },
      lock: (open) => lockAnew(facts, open),
      caps: () => capsOf(facts, null),
      ownerOrders: ownerOrderStore(deps.db, book),
      allowances: () => ({ buy: allLocked(facts, "buy"), sell: allLocked(facts, "sell") }),
    };
  };
  return {
    brokerNow: () => brokerInForce(deps.configured, deps.paper, liveNow(deps)).broker,
    open: async () => {
      const { broker, mode } = brokerInForce(deps.configured, deps.paper, liveNow(deps));
      const account = (await broker.account()).accountId;
      const book = bookName(broker.name, account, mode);
      showBook(deps.db, book, (work) => {
        deps.guard.check(writeMarginMs);
        work();
      });
      return desk({ deps, broker, mode, account, book, live: () => liveNow(deps) });
    },
    openLive: async (limits) => {
      const broker = deps.configured;
      if (broker.money === "paper") return `${broker.name} moves no real money: there is nothing to switch on`;
      const account = (await broker.account()).accountId;
      const live = { account, ...limits };
      const book = bookName(broker.name, account, "live");
      return desk({ deps, broker, mode: "live", account, book, live: () => live });
    },
    cycleFailed: (why) => lockFailed(deps, why),
  };
}

function liveNow({ db }: DeskDeps): LiveSwitch | null {
  const controls = readControls(db);
  return controls.kind === "read" ? controls.value.live : null;
}

function liveRefusal({ deps, broker, mode, account, live }: Facts): string | null {
  if (mode === "research") return null;
  const controls = readControls(deps.db);
  if (controls.kind === "failed") return controls.reason;
  const { whenDetached } = controls.value;
  return whyNotLive({ live: live(), broker, account, protection: deps.pair()?.protection ?? null, whenDetached });
}

type Facts = {
  readonly deps: DeskDeps;
  readonly broker: Broker;
  readonly mode: Mode;
  readonly account: string;
  readonly book: string;
  /** The switch of live trading as it is at this moment. */
  readonly live: () => LiveSwitch | null;
};

const isDetached = (pair: PairView | null): boolean => (pair?.inSync.length ?? 0) < 2;

/** The locks of the switches as they are in the ledger at this moment. */
function switchesNow(facts: Facts): readonly Lock[] {
  const { deps } = facts;
  const nowMs = deps.clock.nowMs();
  const controls = readControls(deps.db);
  const locks = switchLocks(controls, isDetached(deps.pair()), nowMs);
  const refused = controls.kind === "failed" ? null : notAsSwitched(facts);
  if (refused === null) return locks;
  return [...locks, { name: "live", blocks: "all", symbol: null, sinceMs: nowMs, untilMs: null, ...refused }];
}

/** Why what is traded here is not what the switch of live trading says; null when it is. */
function notAsSwitched(facts: Facts): Pick<Lock, "reason" | "ends"> | null {
  if (facts.mode === "live") {
    const reason = liveRefusal(facts);
    return reason === null ? null : { reason, ends: "until: trader live on" };
  }
  // A lost setting must not turn real positions into nobody's and trade with paper in their place.
  if (facts.live() === null) return null;
  const reason = `live trading is on, and ${facts.deps.configured.name}, which is configured here, moves no real money`;
  return { reason, ends: "until its broker is configured (trading.exchangeUrl in trader.yml), or: trader live off" };
}

/** Why this order may not go out now; null when it may. Orders that are pending themselves are the caller's. */
function whyLocked(facts: Facts, order: Intent): string | null {
  const lock = lockOn(locksNow(facts), order);
  if (lock !== null) return lockText(lock);
  const rules = capsOf(facts, order.clientOrderId);
  return rules === null ? null : (withinCaps([order], rules, () => 1).notes[0] ?? null);
}

function allLocked(facts: Facts, side: Side): string | null {
  const lock = lockOnAll(locksNow(facts), side);
  // The rule's sentence has its own full stop.
  return lock === null ? null : lockText(lock).replace(/\.$/, "");
}

/** What the newest cycle has found, and the switches of this moment in place of those that it found. */
function locksNow(facts: Facts): readonly Lock[] {
  const { deps, book } = facts;
  const found = readLocks(deps.db, book).filter(({ name }) => !name.startsWith("pending "));
  return withSwitches(found, switchesNow(facts), [...ownersSwitches, "detached", "live"], deps.clock.nowMs());
}

async function lockAnew(
  facts: Facts,
  open: readonly Intent[],
): Promise<{ readonly locks: readonly Lock[]; readonly failed: boolean }> {
  const { deps, broker, book } = facts;
  const nowMs = deps.clock.nowMs();
  const limits = protectionLimits(deps.dayMs);
  const fromMs = nowMs - limits.drawdownDays * limits.dayMs;
  const window = and(eq(snapshots.book, book), gt(snapshots.atMs, fromMs));
  const rows = deps.db.select().from(snapshots).where(window).orderBy(asc(snapshots.atMs)).limit(snapshotsMax).all();
  const [marketOpen, account] = await Promise.all([reading(broker.isMarketOpen()), reading(valuedAccount(broker))]);
  const currency = account.kind === "read" ? account.value.currency : null;
  const equity: Reading<number> = account.kind === "read" ? { kind: "read", value: account.value.equity } : account;
  const deposits = await reading(depositsSince(facts, currency, rows[0]?.atMs ?? nowMs));
  const found = protections({
    nowMs,
    limits,
    marketOpen,
    equity,
    // What was told in another currency cannot be compared.
    snapshots: rows.filter((row) => row.currency === currency),
    deposits,
    pending: open,
    anomalies: deps.view().blocked,
    standing: readLocks(deps.db, book),
  });
  const locks = writeLocks(deps.db, book, [...switchesNow(facts), ...found], (work) => {
    deps.guard.check(writeMarginMs);
    work();
  });
  return { locks, failed: [marketOpen, account, deposits].some(({ kind }) => kind === "failed") };
}

/** Money that came in from outside, or went out when negative, in the account's currency at the rates of now. */
async function depositsSince(
  { deps, broker }: Facts,
  accountCurrency: string | null,
  sinceMs: number,
): Promise<readonly { readonly atMs: number; readonly amount: number }[]> {
  const moved = await broker.activities(sinceMs);
  return moved
    .filter(({ kind }) => kind === "deposit" || kind === "withdrawal")
    .map(({ atMs, currency, amount }) => {
      const told = amount ?? Number.NaN;
      if (accountCurrency === null) return { atMs, amount: told };
      const exchanged = exchange(told, currency, accountCurrency, deps.view().rates);
      if (exchanged.kind === "no-rate") throw new Error(`what was paid in is not known: ${exchanged.reason}`);
      return { atMs, amount: exchanged.amount };
    });
}

/** Whoever asks is to be told, also when the cycle came to no locks of its own: its broker is dead, for instance. */
function lockFailed({ db, clock, guard }: DeskDeps, why: string): void {
  const book = shownBook(db);
  const others = readLocks(db, book).filter(({ name }) => name !== "cycle");
  if (others.some(({ reason }) => why.includes(reason))) return;
  const [sinceMs, reason] = [clock.nowMs(), `the newest cycle has failed: ${why}`];
  const ends = "until a later cycle has its answers";
  const failed: Lock = { name: "cycle", blocks: "all", symbol: null, reason, sinceMs, untilMs: null, ends };
  writeLocks(db, book, [...others, failed], (work) => {
    guard.check(writeMarginMs);
    work();
  });
}

/** `but`: an order that does not count as sent. */
function capsOf({ deps, book, mode, live: liveOf }: Facts, but: string | null): CapRules | null {
  const live = liveOf();
  if (mode === "research" || live === null) return null;
  const { prices, rates } = deps.view();
  const priceEur = (symbol: string): number | null => {
    const price = prices.get(symbol);
    if (price === undefined) return null;
    const converted = toBase(1, "EUR", rates);
    if (converted.kind === "no-rate") return null;
    return price.priceBase / converted.amount;
  };
  return { caps: live, priceEur, spentEur: spentEur(deps, book, priceEur, but) };
}

/** Value in euros of what was sent since the beginning of the day; infinite when it cannot be told. */
function spentEur(
  { db, clock }: DeskDeps,
  book: string,
  priceEur: (symbol: string) => number | null,
  but: string | null,
): number {
  const dayMs = 86_400_000;
  const dayStartMs = Math.floor(clock.nowMs() / dayMs) * dayMs;
  const states = ["sent", "unknown", "open", "partly-filled", "filled"] as const;
  const sent = db
    .select()
    .from(orderIntents)
    .where(and(eq(orderIntents.book, book), gt(orderIntents.sentAtMs, dayStartMs), inArray(orderIntents.state, states)))
    .all();
  const counted = sent.filter(({ clientOrderId }) => clientOrderId !== but);
  return counted.reduce((sum, { symbol, qty }) => sum + qty * (priceEur(symbol) ?? Number.POSITIVE_INFINITY), 0);
}

async function reading<T>(asked: Promise<T>): Promise<Reading<T>> {
  try {
    return { kind: "read", value: await asked };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

async function valuedAccount(broker: Broker): Promise<BrokerAccount> {
  const account = await broker.account();
  if (!Number.isFinite(account.equity)) throw new Error("the broker's account has no figures");
  return account;
}
