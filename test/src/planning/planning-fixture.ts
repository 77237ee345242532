import type { PlanningInput } from "../../../src/planning/input.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import type { StockFacts } from "../../../src/planning/stock.ts";

const DAY_MS = 86_400_000;
const nowMs = Date.UTC(2026, 10, 26, 14, 15);
export const daysAgo = (days: number): number => nowMs - days * DAY_MS;

/** A good stock that is not held and may be bought. */
export const stock = (symbol: string, over: Partial<StockFacts> = {}): StockFacts => ({
  symbol,
  region: "EU",
  industries: ["Technology"],
  currency: "EUR",
  lotSize: 1,
  allowBuy: true,
  allowSell: true,
  active: true,
  priceEur: 100,
  priceToHigh: 0.8,
  score: 0.6,
  confidence: 0.8,
  quality: 0.7,
  growth: 0.1,
  sellScore: 0.5,
  qty: 0,
  averageCostEur: null,
  heldSinceMs: null,
  lastBoughtMs: null,
  lastSoldMs: null,
  untradable: null,
  blocked: null,
  // Unless a test says otherwise the portfolio changes nothing about it.
  scoreInPortfolio: over.score === undefined ? 0.6 : over.score,
  ...over,
});

/** This many of a stock, held for a year at what it costs now. */
export const held = (symbol: string, qty: number, over: Partial<StockFacts> = {}): StockFacts =>
  stock(symbol, { qty, averageCostEur: 100, heldSinceMs: daysAgo(365), ...over });

const regions = ["EU", "ASIA", "US"];
const industries = ["Technology", "Healthcare", "Finance", "Consumer", "Industrial"];

/** One good stock in each industry of each region: fifteen, called EU-Technology and so on. */
export const grid = (over: (symbol: string) => Partial<StockFacts> = () => ({})): readonly StockFacts[] =>
  regions.flatMap((region) =>
    industries.map((industry) => {
      const symbol = `${region}-${industry}`;
      return stock(symbol, { region, industries: [industry], ...over(symbol) });
    }),
  );

/** The portfolio of `grid` that is on target with 100,000 EUR invested at 100 a share. */
export const onTarget = (over: (symbol: string) => Partial<StockFacts> = () => ({})): readonly StockFacts[] => {
  const lots: { readonly [region: string]: number } = { EU: 100, ASIA: 60, US: 40 };
  return grid((symbol) => ({
    ...held(symbol, lots[symbol.split("-")[0] ?? ""] ?? 0),
    region: symbol.split("-")[0] ?? "",
    industries: [symbol.split("-")[1] ?? ""],
    ...over(symbol),
  }));
};

export const input = (over: Partial<PlanningInput> = {}): PlanningInput => ({
  nowMs,
  dayMs: DAY_MS,
  stocks: grid(),
  accountCurrency: "EUR",
  base: "EUR",
  cashEur: 100_500,
  reservedEur: 0,
  allowances: { buy: null, sell: null },
  settings: defaultPlanning,
  ...over,
});
