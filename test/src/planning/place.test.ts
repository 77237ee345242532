import { expect, test } from "vitest";
import { placesOf } from "../../../src/planning/place.ts";
import { portfolioOf } from "../../../src/planning/portfolio.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import type { StockFacts } from "../../../src/planning/stock.ts";
import { held, input, stock } from "./planning-fixture.ts";

const settings = {
  ...defaultPlanning,
  regions: { EU: 0.4, US: 0.4, ASIA: 0.2 },
  industries: { Technology: 0.6, Finance: 0.2, Energy: 0.2 },
};
const placesIn = (stocks: readonly StockFacts[], cashEur: number) => {
  const given = input({ stocks, cashEur, settings });
  return placesOf(given, portfolioOf(given));
};

test("regions and industries are seen as the targets are, what one stock has of all with cash", () => {
  const stocks = [
    held("A", 20, { averageCostEur: 125 }),
    held("B", 10, { region: "US", industries: ["Technology", "Finance"] }),
    stock("C", { region: "US", industries: ["Finance"] }),
  ];
  // 10,500 EUR, of which 500 are the reserve. Nothing is in Asia or in Energy: the others have their share.
  const places = placesIn(stocks, 7_500);
  expect(places.get("A")).toEqual({
    regionShare: 0.2,
    regionTarget: 0.5,
    industryShare: 0.25,
    industryTarget: expect.closeTo(0.75, 12),
    share: 2_000 / 10_500,
    gain: expect.closeTo(-0.2, 12),
  });
  expect(places.get("C")).toEqual({
    regionShare: 0.1,
    regionTarget: 0.5,
    industryShare: 0.05,
    industryTarget: expect.closeTo(0.25, 12),
    share: 0,
    gain: null,
  });
});

test("of a stock in two industries half of each counts, of what it has as of what it is to have", () => {
  const stocks = [held("T", 20), held("F", 10, { industries: ["Finance"] })];
  const both = stock("BOTH", { industries: ["Technology", "Finance"] });
  expect(placesIn([...stocks, both], 7_500).get("BOTH")).toMatchObject({
    industryShare: expect.closeTo((0.2 + 0.1) / 2, 12),
    industryTarget: expect.closeTo((0.75 + 0.25) / 2, 12),
  });
});

test("targets are of what there is to buy, whatever it scores; of what is not to be there, none", () => {
  const stocks = [
    stock("WEAK", { score: 0.1, scoreInPortfolio: 0.1 }),
    stock("GONE", { region: "ASIA", active: false }),
    stock("ELSEWHERE", { region: "US", untradable: "it is listed elsewhere" }),
    stock("ODD", { region: "MARS", industries: ["Mining"] }),
  ];
  const places = placesIn(stocks, 10_500);
  expect([...places].map(([symbol, place]) => [symbol, place.regionTarget])).toEqual([
    ["WEAK", 1],
    ["GONE", 0],
    ["ELSEWHERE", 0],
    ["ODD", 0],
  ]);
  expect(places.get("ODD")).toMatchObject({ regionShare: 0, industryShare: 0, industryTarget: 0 });
});

test("without the value of what is held, or with no more than the reserve, nothing has a place", () => {
  expect(placesIn([held("A", 1, { priceEur: null }), stock("B")], 10_000).size).toBe(0);
  expect(placesIn([stock("A")], 500).size).toBe(0);
  expect(placesIn([stock("A")], 501).size).toBe(1);
});
