import type { Logger } from "pino";
import type { PairView } from "../ha/contract.ts";
import { isCurrency } from "./analytics/money/amount.ts";
import type { ActGuard, AppClock, Confirm, Job } from "./app-ports.ts";
import type { Ledger } from "./db/ledger.ts";
import type { MarketCache } from "./db/market-cache.ts";
import { isUnusable } from "./db/sqlite-error.ts";
import { cachedMarket } from "./jobs/book-sync.ts";
import { companySyncJob } from "./jobs/company-sync.ts";
import { dailyMaintenanceJob } from "./jobs/maintenance/daily-maintenance.ts";
import { weeklyMaintenanceJob } from "./jobs/maintenance/weekly-maintenance.ts";
import { afterwards, atOpenDesk, byRightTime, toldWhenFailed } from "./jobs/desk-jobs.ts";
import { portfolioSyncJob, portfolioTiming } from "./jobs/portfolio-sync.ts";
import { priceMsMax, priceSyncJob, watchedListings } from "./jobs/price-sync.ts";
import { scoreRefreshJob, warmMarket } from "./jobs/score-refresh.ts";
import { shownOn, type ActivityBoard } from "./led/activity.ts";
import { calendarsUntil } from "./market/calendar/market-hours.ts";
import type { MarketSource } from "./market/source.ts";
import { REPLAY_DAY_MS } from "./market/replay-clock.ts";
import { checkOrder } from "./trading/order-check.ts";
import { gather, type PlanningSources } from "./trading/planning-input.ts";
import { openIntents, SLOT_MS } from "./trading/plan-record.ts";
import { readPlanningSettings } from "./trading/planning-settings.ts";
import type { Score } from "./scoring/score.ts";
import { shownScores } from "./trading/shown-scores.ts";
import { stockFigures } from "./trading/stock-figures.ts";
import { readTradeTimes } from "./trading/trade-times.ts";
import type { Valuation } from "./trading/bookkeeping.ts";
import type { Broker } from "./trading/broker.ts";
import type { CommandOutcome } from "./trading/command-outcome.ts";
import { runCommand } from "./trading/commands.ts";
import { createPaper, type PaperBroker } from "./trading/brokers/paper.ts";
import {
  marketView,
  tradableUniverse,
  type MarketAges,
  type MarketHours,
  type MarketView,
} from "./trading/market-view.ts";
import { defaultLimits } from "./trading/order-rules.ts";
import { type RebalanceDeps, rebalanceJob, planOf, rebalanceTiming, withinLimits } from "./trading/rebalance-job.ts";
import { reconcile } from "./trading/reconcile.ts";
import { splitTimes } from "./trading/split-times.ts";
import { type OpenDesk, type TradingDesk, tradingDesk } from "./trading/trading-desk.ts";
import { realTime } from "./trading/trading-deps.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const ages: MarketAges = { priceMsMax, rateMsMax: 60 * minuteMs, scoreMsMax: 24 * 60 * minuteMs };
/** Real time that the lease must still have when an order goes out: a fast lease is one second. */
const sendMarginMs = 150;
const beginLimitMs = 10_000;
/** How long before their end the exchange calendars are complained about. */
const calendarNoticeMs = 90 * 24 * 60 * minuteMs;

export type PrimaryWorkDeps = {
  readonly node: string;
  readonly cluster: string;
  readonly clock: AppClock;
  readonly guard: ActGuard;
  readonly confirm: Confirm;
  /** "paper": the built-in one, whose orders are in the ledger. */
  readonly broker: Broker | "paper";
  /** What the agent last said of the pair; null before it did. */
  readonly pair: () => PairView | null;
  /** Performs one write; after one that the ledger could not take there is no other. */
  readonly write: <T>(work: () => T) => T;
  readonly ledger: Ledger;
  readonly cache: MarketCache;
  readonly market: MarketSource;
  readonly hours: MarketHours;
  /** The currency that everything is converted to. */
  readonly base: string;
  /** Why nothing may be traded by the wall clock now; null: it is right, or the market has no clock. */
  readonly timeTrouble: () => string | null;
  readonly board: ActivityBoard;
  readonly log: Logger;
};

/** What a primary runs: its jobs in the order of one slot, and the reconciliation that comes before any order. */
export type PrimaryWork = {
  readonly jobs: readonly Job[];
  /** What may not be traded now by the market or the broker, each with why. */
  readonly blocked: () => ReadonlyMap<string, string>;
  /** The last good prices and rates, which say what everything is worth. */
  readonly valuation: () => Valuation;
  /** The scores as they are in the portfolio of the newest sync. */
  readonly scores: () => ReadonlyMap<string, Score>;
  /**
   * Once, right after a promotion, beside the schedule: reconciles with the broker and sees to it that there are
   * prices. The first cycle waits for it. Rejects only when the ledger cannot be worked with: each cycle reconciles
   * again and fails when it cannot.
   */
  readonly begin: () => Promise<void>;
  /** Performs one of the owner's commands. */
  readonly command: (request: unknown) => Promise<CommandOutcome>;
};

export function primaryWork(deps: PrimaryWorkDeps): PrimaryWork {
  const { clock, guard, confirm, ledger, cache, market, hours, board, log, base } = deps;
  const onProgress = (text: string): void => board.progress(`${text.toUpperCase()}...`);
  const data = { ledger, cache, source: market, clock, base, onProgress };
  const begun = Promise.withResolvers<void>();
  const { company } = market;
  const splits = (): ReadonlyMap<string, number> => splitTimes(ledger.db, cache, hours, clock.nowMs());
  const view = (): MarketView =>
    marketView({ cache, listings: watchedListings(ledger), base, ages, hours, splits: splits(), nowMs: clock.nowMs() });
  const books = cachedMarket(cache, base, splits);
  const { valuation } = books;
  const paper = paperOf(deps, view, valuation);
  const desk = deskOf(deps, view, paper);
  const rebalanceDeps = (open: OpenDesk): RebalanceDeps => rebalanceDepsOf(deps, view, open);
  const cycle = atOpenDesk(desk, rebalanceTiming, (open) => rebalanceJob(rebalanceDeps(open)));
  const rebalance = toldWhenFailed(desk, cycle);
  const portfolio = atOpenDesk(desk, portfolioTiming, ({ book, trading: { broker } }) =>
    portfolioSyncJob({ ledger, book, broker, market: books, guard, clock }),
  );
  return {
    jobs: [
      shownOn(board, "SYNCING PRICES...", priceSyncJob(data)),
      ...(company === null
        ? []
        : [shownOn(board, "SYNCING COMPANIES...", companySyncJob({ ledger, cache, clock, company, onProgress }))]),
      shownOn(board, "SYNCING PORTFOLIO...", portfolio),
      shownOn(board, "REFRESHING SCORES...", scoreRefreshJob(data)),
      shownOn(board, "CHECKING CONDITIONS...", afterwards(begun.promise, byRightTime(deps.timeTrouble, rebalance))),
      dailyMaintenanceJob({ ledger, cache, guard, clock }),
      weeklyMaintenanceJob(ledger.db.$client.name),
    ],
    valuation,
    blocked: () =>
      new Map([
        ...view().blocked,
        // What the broker never trades is not a matter of when the exchange opens.
        ...tradableUniverse(ledger, desk.brokerNow()).excluded.map(({ stock, why }) => [stock.symbol, why] as const),
      ]),
    scores: () =>
      shownScores({
        ...marketFacts(deps, view),
        universe: () => tradableUniverse(ledger, desk.brokerNow()),
        db: ledger.db,
        cache,
        nowMs: clock.nowMs(),
      }),
    async begin() {
      if (hours === "exchange" && Date.parse(calendarsUntil()) - clock.nowMs() < calendarNoticeMs) {
        log.warn({ until: calendarsUntil() }, "the exchange calendars end soon; after that no market counts as open");
      }
      await Promise.all([
        attempt("reconciliation with the broker", log, async () => {
          const { trading } = await desk.open();
          const { excluded } = tradableUniverse(ledger, trading.broker);
          if (excluded.length > 0) {
            const why = Object.fromEntries(excluded.map((each) => [each.stock.symbol, each.why]));
            log.info({ excluded: why }, "stocks left out of every plan");
          }
          const { findings, open } = await reconcile(trading);
          return `${findings.length} findings, ${open.length} open orders`;
        }),
        // The old primary's prices are in its own cache; this one may have none if it was not up for long.
        attempt("prices", log, async () =>
          // Yahoo's pace would be shared with the first price sync, which comes at once anyway.
          hours === "exchange" || view().prices.size > 0
            ? "left to the price sync"
            : warmMarket(data, watchedListings(ledger), AbortSignal.timeout(beginLimitMs)),
        ),
      ]);
      begun.resolve();
    },
    command: (request) =>
      runCommand(
        {
          db: ledger.db,
          guard,
          confirm,
          write: deps.write,
          desk,
          paper,
          nowMs: () => clock.nowMs(),
          preview: (open) => previewOf(rebalanceDeps(open)),
        },
        request,
      ),
  };
}

/** App time of a day of the market: a replay has one in each slot. */
const marketDayMs = (hours: MarketHours): number => (hours === "replay" ? REPLAY_DAY_MS : dayMs);

/** The broker that is in this ledger. */
function paperOf(
  { ledger, cache, guard, clock, base, hours }: PrimaryWorkDeps,
  market: () => MarketView,
  valuation: () => Valuation,
): PaperBroker {
  if (!isCurrency(base)) throw new Error(`no account is kept in ${base}`);
  return createPaper({
    db: ledger.db,
    guard,
    nowMs: () => clock.nowMs(),
    currency: base,
    market,
    valuation,
    costs: () => readPlanningSettings(ledger.db),
    // A replay's prices are adjusted for every split of its time: what is bought at them has split already. Nor has it
    // dividends, and its days are not the account's.
    cache: hours === "replay" ? null : cache,
    fills: () => true,
  });
}

/** The desk of this ledger. */
function deskOf(deps: PrimaryWorkDeps, view: () => MarketView, paper: PaperBroker): TradingDesk {
  const { node, cluster, clock, guard, confirm, broker, ledger, hours, pair, log } = deps;
  return tradingDesk({
    node,
    cluster,
    clock,
    guard,
    confirm,
    slotMs: SLOT_MS,
    sendMarginMs,
    realTime,
    limits: defaultLimits,
    db: ledger.db,
    configured: broker === "paper" ? paper : broker,
    paper,
    view,
    pair,
    dayMs: marketDayMs(hours),
    log,
  });
}

const marketFacts = (
  { ledger, hours }: PrimaryWorkDeps,
  view: () => MarketView,
): Pick<PlanningSources, "dayMs" | "settings" | "market"> => ({
  dayMs: marketDayMs(hours),
  settings: () => readPlanningSettings(ledger.db),
  market: view,
});

/** What a cycle at this desk decides on, and is asked about before each of its orders. */
function rebalanceDepsOf(
  deps: PrimaryWorkDeps,
  view: () => MarketView,
  { book, trading, lock, caps, ownerOrders, allowances }: OpenDesk,
): RebalanceDeps {
  const { ledger, cache, clock } = deps;
  const { broker, store } = trading;
  const sources: PlanningSources = {
    ...marketFacts(deps, view),
    universe: () => tradableUniverse(ledger, broker),
    tradeTimes: () => readTradeTimes(ledger.db, book),
    figures: (symbols) => stockFigures(cache, symbols),
    allowances,
  };
  return {
    ...trading,
    ...sources,
    lock,
    caps,
    ownerOrders,
    atomically: (work) => ledger.db.$client.transaction(work).immediate(),
    mayTrade: async (intent) =>
      (await trading.mayTrade(intent)) ??
      checkOrder({ ...sources, broker, store, clock, ownerOrderAt: ownerOrders.at }, intent),
  };
}

/** The plan that a slot of now would have, in sentences. */
async function previewOf(deps: RebalanceDeps): Promise<readonly string[]> {
  const { broker, store, clock } = deps;
  const positions = await broker.positions();
  const account = await broker.account();
  const nowMs = clock.nowMs();
  const gathered = gather(deps, { positions, account, open: openIntents(store.unsettled()) }, nowMs);
  const { trades, reason } = withinLimits(deps, planOf(deps, gathered, nowMs));
  return [reason, ...trades.map((trade) => trade.reason)];
}

async function attempt(what: string, log: Logger, work: () => Promise<string>): Promise<void> {
  try {
    log.info({ outcome: await work() }, `after the promotion: ${what}`);
  } catch (error) {
    if (isUnusable(error)) throw error;
    log.warn({ err: error }, `after the promotion: no ${what}; the next cycle has to see to it`);
  }
}
