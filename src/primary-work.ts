import type { Logger } from "pino";
import type { ActGuard, AppClock, Confirm, Job } from "./app-ports.ts";
import type { Ledger } from "./db/ledger.ts";
import type { MarketCache } from "./db/market-cache.ts";
import { isUnusable } from "./db/sqlite-error.ts";
import { companySyncJob } from "./jobs/company-sync.ts";
import { dailyMaintenanceJob } from "./jobs/maintenance/daily-maintenance.ts";
import { weeklyMaintenanceJob } from "./jobs/maintenance/weekly-maintenance.ts";
import { portfolioSyncJob } from "./jobs/portfolio-sync.ts";
import { priceSyncJob, watchedListings } from "./jobs/price-sync.ts";
import { scoreRefreshJob, warmMarket } from "./jobs/score-refresh.ts";
import { shownOn, type ActivityBoard } from "./led/activity.ts";
import { calendarsUntil } from "./market/calendar/market-hours.ts";
import type { MarketSource } from "./market/source.ts";
import { nothingForbidden } from "./planning/input.ts";
import { REPLAY_DAY_MS } from "./market/replay-clock.ts";
import { checkOrder } from "./trading/order-check.ts";
import type { PlanningSources } from "./trading/planning-input.ts";
import { readPlanningSettings } from "./trading/planning-settings.ts";
import { stockFigures } from "./trading/stock-figures.ts";
import { readTradeTimes } from "./trading/trade-times.ts";
import type { Broker } from "./trading/broker.ts";
import { marketView, tradableUniverse, type MarketAges, type MarketHours } from "./trading/market-view.ts";
import { ledgerPlanStore } from "./trading/ledger-plan-store.ts";
import { defaultLimits } from "./trading/order-rules.ts";
import { rebalanceJob } from "./trading/rebalance-job.ts";
import { reconcile } from "./trading/reconcile.ts";
import { realTime, type TradingDeps } from "./trading/trading-deps.ts";

const minuteMs = 60_000;
/** App time for which the orders of a slot may be sent. */
const slotMs = 15 * minuteMs;
const ages: MarketAges = { priceMsMax: 2 * slotMs, rateMsMax: 60 * minuteMs, scoreMsMax: 24 * 60 * minuteMs };
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
  readonly broker: Broker;
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
  /**
   * Once, right after a promotion, beside the schedule: reconciles with the broker and sees to it that there are
   * prices. The first cycle waits for it. Rejects only when the ledger cannot be worked with: each cycle reconciles
   * again and fails when it cannot.
   */
  readonly begin: () => Promise<void>;
};

export function primaryWork(deps: PrimaryWorkDeps): PrimaryWork {
  const { node, cluster, clock, guard, confirm, broker, ledger, cache, market, hours, base, board, log } = deps;
  const onProgress = (text: string): void => board.progress(`${text.toUpperCase()}...`);
  const data = { ledger, cache, source: market, clock, base, onProgress };
  const store = ledgerPlanStore(ledger);
  const sources: PlanningSources = {
    dayMs: hours === "replay" ? REPLAY_DAY_MS : 24 * 60 * minuteMs,
    settings: () => readPlanningSettings(ledger.db),
    universe: () => tradableUniverse(ledger, broker),
    tradeTimes: () => readTradeTimes(ledger.db),
    market: () => marketView({ cache, listings: watchedListings(ledger), base, ages, hours, nowMs: clock.nowMs() }),
    figures: (symbols) => stockFigures(cache, symbols),
    allowances: () => nothingForbidden,
  };
  const trading: TradingDeps = {
    cluster,
    node,
    broker,
    guard,
    confirm,
    clock,
    slotMs,
    sendMarginMs,
    realTime,
    log,
    store,
    limits: defaultLimits,
    absences: new Map(),
    mayTrade: (intent) => checkOrder({ ...sources, broker, store, clock }, intent),
  };
  const begun = Promise.withResolvers<void>();
  const { company } = market;
  const rebalance = rebalanceJob({
    ...trading,
    ...sources,
    atomically: (work) => ledger.db.$client.transaction(work).immediate(),
  });
  return {
    jobs: [
      shownOn(board, "SYNCING PRICES...", priceSyncJob(data)),
      ...(company === null
        ? []
        : [shownOn(board, "SYNCING COMPANIES...", companySyncJob({ ledger, cache, clock, company, onProgress }))]),
      shownOn(board, "SYNCING PORTFOLIO...", portfolioSyncJob({ ledger, broker, guard, clock })),
      shownOn(board, "REFRESHING SCORES...", scoreRefreshJob(data)),
      shownOn(board, "CHECKING CONDITIONS...", afterwards(begun.promise, byRightTime(deps.timeTrouble, rebalance))),
      dailyMaintenanceJob({ ledger, cache, guard, clock }),
      weeklyMaintenanceJob(ledger.db.$client.name),
    ],
    blocked: () =>
      new Map([
        ...tradableUniverse(ledger, broker).excluded.map(({ stock, why }) => [stock.symbol, why] as const),
        ...sources.market().blocked,
      ]),
    async begin() {
      if (hours === "exchange" && Date.parse(calendarsUntil()) - clock.nowMs() < calendarNoticeMs) {
        log.warn({ until: calendarsUntil() }, "the exchange calendars end soon; after that no market counts as open");
      }
      const { excluded } = tradableUniverse(ledger, broker);
      if (excluded.length > 0) {
        const why = Object.fromEntries(excluded.map((each) => [each.stock.symbol, each.why]));
        log.info({ excluded: why }, "stocks left out of every plan");
      }
      await Promise.all([
        attempt("reconciliation with the broker", log, async () => {
          const { findings, open } = await reconcile(trading);
          return `${findings.length} findings, ${open.length} open orders`;
        }),
        // The old primary's prices are in its own cache; this one may have none if it was not up for long.
        attempt("prices", log, async () =>
          // Yahoo's pace would be shared with the first price sync, which comes at once anyway.
          hours === "exchange" || sources.market().prices.size > 0
            ? "left to the price sync"
            : warmMarket(data, watchedListings(ledger), AbortSignal.timeout(beginLimitMs)),
        ),
      ]);
      begun.resolve();
    },
  };
}

async function attempt(what: string, log: Logger, work: () => Promise<string>): Promise<void> {
  try {
    log.info({ outcome: await work() }, `after the promotion: ${what}`);
  } catch (error) {
    if (isUnusable(error)) throw error;
    log.warn({ err: error }, `after the promotion: no ${what}; the next cycle has to see to it`);
  }
}

/** A clock without a battery names the wrong slot, and takes a closed market for an open one. */
const byRightTime = (trouble: () => string | null, job: Job): Job => ({
  ...job,
  async run(slot, signal) {
    const why = trouble();
    return why === null ? job.run(slot, signal) : `Nothing is traded: ${why}.`;
  },
});

const afterwards = (before: Promise<void>, job: Job): Job => ({
  ...job,
  async run(slot, signal) {
    await before;
    return job.run(slot, signal);
  },
});
