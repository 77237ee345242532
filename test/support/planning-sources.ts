import { nothingForbidden } from "../../src/planning/input.ts";
import { type PlanningSettings, defaultPlanning } from "../../src/planning/settings.ts";
import type { MarketView } from "../../src/trading/market-view.ts";
import type { OwnerOrders } from "../../src/trading/owner-orders.ts";
import type { PlanningSources } from "../../src/trading/planning-input.ts";

const DAY_MS = 86_400_000;

const listed = (symbol: string) => ({
  symbol,
  yahooSymbol: null,
  name: symbol,
  region: "US" as const,
  industries: ["Technology"],
  currency: "USD",
  exchange: null,
  lotSize: 1,
  allowBuy: true,
  allowSell: true,
  active: true,
});

/** Settings without any rule that needs a past: for worlds that are to trade as much as they can. */
export const eagerSettings: PlanningSettings = {
  ...defaultPlanning,
  tradesMax: 3,
  scoreMin: 0,
  confidenceMin: 0,
  buyCoolOffDays: 0,
  sellCoolOffDays: 0,
  holdDaysMin: 0,
  lossMax: 1,
};

/** An owner who orders nothing by hand. */
export const noOwnerOrders: OwnerOrders = { open: () => [], note: () => undefined, at: () => null };

/** Stocks that nothing but the market speaks against, held since for ever. */
export const eagerSources = (symbols: readonly string[], market: () => MarketView): PlanningSources => ({
  dayMs: DAY_MS,
  settings: () => eagerSettings,
  universe: () => ({ stocks: symbols.map(listed), excluded: [] }),
  tradeTimes: () =>
    new Map(symbols.map((symbol) => [symbol, { lastBoughtMs: null, lastSoldMs: null, heldSinceMs: 0 }])),
  market,
  figures: () =>
    new Map(
      symbols.map((symbol) => [
        symbol,
        {
          confidence: 1,
          quality: 1,
          growth: null,
          inPortfolio: () => ({ total: 1, confidence: 1, groups: [] }),
          toHigh: () => 0.5,
          sellScore: () => 1,
        },
      ]),
    ),
  allowances: () => nothingForbidden,
});
