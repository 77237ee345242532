import { afterAll, expect, test } from "vitest";
import { openMarketCache, writeBars, writeScores } from "../../../src/db/market-cache.ts";
import { inPortfolio, scoreStock } from "../../../src/scoring/score.ts";
import { type PlanningSources, gather } from "../../../src/trading/planning-input.ts";
import { stockFigures } from "../../../src/trading/stock-figures.ts";
import { dollarAccount } from "../../support/dollar-account.ts";
import { dollarPrices } from "../../support/dollar-prices.ts";
import { eagerSources } from "../../support/planning-sources.ts";
import { input, nowMs as marketMs } from "../scoring/score-fixture.ts";

const alone = scoreStock(input());
const groupsOf = {
  A: { region: "EU", industries: ["Technology", "Finance"] },
  B: { region: "EU", industries: ["Technology"] },
  C: { region: "US", industries: ["Finance"] },
} as const;
const symbols = ["A", "B", "C"] as const;
const prices = dollarPrices(symbols.map((symbol, index) => [symbol, 20 + index]));
const scores = new Map(symbols.map((symbol) => [symbol, alone.total]));
const market = () => ({ ...prices, scores, blocked: new Map<string, string>() });

const cache = openMarketCache(":memory:");
afterAll(() => cache.close());
writeBars(cache, [{ symbol: "A", dayMs: marketMs, close: 20, dividend: 0 }]);
for (const symbol of symbols) {
  const { total, confidence, groups } = alone;
  writeScores(cache, [{ symbol, total, confidence, explanation: JSON.stringify(groups), computedAtMs: 0 }]);
}

/** 2,000 of A, 4,200 of B and 4,300 of cash, of which 500 are the reserve. */
const positions = [
  { symbol: "A", qty: 100, currency: "USD", avgPrice: 25 },
  { symbol: "B", qty: 200, currency: "USD", avgPrice: 21 },
];
const figures = (asked: readonly string[]) => stockFigures(cache, asked);
function gathered(symbol: string, over: Partial<PlanningSources> = {}) {
  const eager = eagerSources(symbols, market);
  const [listed] = eager.universe().stocks;
  if (listed === undefined) throw new Error("no stock");
  const stocks = symbols.map((each) => {
    const { region, industries } = groupsOf[each];
    return { ...listed, symbol: each, region, industries: [...industries] };
  });
  const sources = { ...eager, universe: () => ({ stocks, excluded: [] }), figures, ...over };
  const found = gather(sources, { positions, account: dollarAccount(4_300), open: [] }, Date.UTC(2026, 10, 26));
  return found.kind === "input" ? found.input.stocks.find((each) => each.symbol === symbol) : undefined;
}

test("a plan's scores in the portfolio are made from what is held at its instant, and stand beside those by themselves", () => {
  // Asia and three industries have no stock, so that the others have their shares.
  const ofA = {
    asOfMs: marketMs,
    regionShare: 0.62,
    regionTarget: 0.5 / 0.7,
    industryShare: (0.1 + 0.42 + 0.1) / 2,
    industryTarget: 0.5,
    share: 2_000 / 10_500,
    gain: -0.2,
  };
  const expected = inPortfolio(alone.groups, ofA, marketMs);
  expect(expected.groups.at(-1)?.confidence).toBe(1);
  expect(gathered("A")).toMatchObject({
    score: alone.total,
    confidence: alone.confidence,
    scoreInPortfolio: expect.closeTo(expected.total, 12),
  });
  expect(gathered("C")?.scoreInPortfolio).toBeGreaterThan(expected.total);
});

test("there is none where the score by itself is too old or has no figures; without a place it is the score by itself", () => {
  expect(gathered("A", { market: () => ({ ...market(), scores: new Map() }) })?.scoreInPortfolio).toBeNull();
  expect(gathered("A", { figures: () => new Map() })?.scoreInPortfolio).toBeNull();
  const { prices: some } = dollarPrices([["A", 20]]);
  expect(gathered("A", { market: () => ({ ...market(), prices: some }) })?.scoreInPortfolio).toBe(alone.total);
});
