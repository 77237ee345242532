import { afterEach, beforeEach, expect, test } from "vitest";
import { eq } from "../../../src/db/drizzle.ts";
import { type Ledger, openLedger } from "../../../src/db/ledger.ts";
import { cash, positions, settings as settingsTable } from "../../../src/db/ledger-schema.ts";
import { type MarketCache, openMarketCache, writeBars, writeScores } from "../../../src/db/market-cache.ts";
import type { PortfolioContext } from "../../../src/scoring/score-input.ts";
import { inPortfolio, scoreStock } from "../../../src/scoring/score.ts";
import { readPlanningSettings } from "../../../src/trading/planning-settings.ts";
import { type ShownScoresDeps, shownScores } from "../../../src/trading/shown-scores.ts";
import { dollarPrices } from "../../support/dollar-prices.ts";
import { eagerSources } from "../../support/planning-sources.ts";
import { input, nowMs as marketMs } from "../scoring/score-fixture.ts";

/** An app's clock beside a replayed market: a day there is a quarter of an hour. */
const nowMs = Date.UTC(2026, 10, 26, 15);
const dayMs = 900_000;
const book = "alpaca/1/research";
const alone = scoreStock(input());

let ledger: Ledger;
let cache: MarketCache;
beforeEach(() => {
  ledger = openLedger(":memory:", 0);
  cache = openMarketCache(":memory:");
  ledger.db.insert(settingsTable).values({ key: "book", value: book }).run();
  writeBars(cache, [{ symbol: "A", dayMs: marketMs, close: 20, dividend: 0 }]);
  const { total, confidence, groups } = alone;
  for (const symbol of ["A", "B"]) {
    writeScores(cache, [{ symbol, total, confidence, explanation: JSON.stringify(groups), computedAtMs: nowMs }]);
  }
});
afterEach(() => {
  ledger.close();
  cache.close();
});

const prices = dollarPrices([
  ["A", 20],
  ["B", 30],
]);
const view = () => ({
  ...prices,
  rates: { base: "USD", perBase: new Map([["EUR", 0.8]]) },
  scores: new Map<string, number>(),
  blocked: new Map<string, string>(),
});
const shown = (over: Partial<ShownScoresDeps> = {}) => {
  const { universe } = eagerSources(["A", "B"], view);
  const settings = () => readPlanningSettings(ledger.db);
  return shownScores({ db: ledger.db, cache, nowMs, dayMs, settings, universe, market: view, ...over });
};
const synced = (syncedAtMs = nowMs): void => {
  ledger.db.insert(cash).values({ book, currency: "EUR", amount: 6_000, syncedAtMs }).run();
  ledger.db.insert(cash).values({ book, currency: "USD", amount: 1_000, syncedAtMs }).run();
  ledger.db.insert(positions).values({ book, symbol: "A", qty: 100, currency: "USD", avgPrice: 25, syncedAtMs }).run();
};
/** 2,000 of A and 8,500 of cash in two currencies, 500 of which are the reserve; everything there is is in the US and in technology. */
const ofA: PortfolioContext = {
  asOfMs: marketMs,
  regionShare: 0.2,
  regionTarget: 1,
  industryShare: 0.2,
  industryTarget: 1,
  share: 2_000 / 10_500,
  gain: -0.19999999999999996,
};

test("a score is shown in the portfolio that the newest sync has found", () => {
  synced();
  expect(shown().get("A")).toEqual(inPortfolio(alone.groups, ofA, marketMs));
  expect(shown().get("B")).toEqual(inPortfolio(alone.groups, { ...ofA, share: 0, gain: null }, marketMs));
  expect(shown().get("A")?.confidence).toBeCloseTo(alone.confidence + 0.08, 12);
});

test("how old the sync is is told in days of the market", () => {
  synced(nowMs - 3 * dayMs);
  const ages = shown()
    .get("A")
    ?.groups.at(-1)
    ?.parts.map(({ ageDays }) => ageDays);
  expect(ages).toEqual([3, 3, 3]);
});

test("without a sync, a rate, a price of what is held, or settings that can be read, the portfolio's group is unknown", () => {
  expect(shown().get("A")).toEqual(alone);
  synced();
  expect(shown().get("A")).not.toEqual(alone);
  expect(shown({ market: () => ({ ...view(), rates: { base: "EUR", perBase: new Map() } }) }).get("A")).toEqual(alone);
  expect(shown({ market: () => ({ ...view(), prices: dollarPrices([["B", 30]]).prices }) }).get("A")).toEqual(alone);
  ledger.db.insert(settingsTable).values({ key: "planning.tradesMax", value: "many" }).run();
  expect(shown().get("A")).toEqual(alone);
});

test("another book's positions are not this one's", () => {
  synced();
  const named = eq(settingsTable.key, "book");
  ledger.db.update(settingsTable).set({ value: "paper/1/research" }).where(named).run();
  expect(shown().get("A")).toEqual(alone);
  ledger.db.update(settingsTable).set({ value: book }).where(named).run();
  expect(shown().get("A")).not.toEqual(alone);
});

test("a score whose explanation cannot be read is shown as it is, and a stock without one has none", () => {
  synced();
  const row = { symbol: "A", total: 0.7, confidence: 0.4, computedAtMs: nowMs };
  writeScores(cache, [{ ...row, explanation: '[{"name":"long term"}]' }]);
  expect(shown().get("A")).toEqual({ total: 0.7, confidence: 0.4, groups: [] });
  expect(shown().has("NONE")).toBe(false);
});
