import { expect, test } from "vitest";
import type { PlanningInput } from "../../../src/planning/input.ts";
import { planTrades } from "../../../src/planning/plan.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import type { StockFacts } from "../../../src/planning/stock.ts";
import { daysAgo, held, input, stock } from "./planning-fixture.ts";

/** A portfolio of some years: gains, losses, a windfall, lots of Tokyo, other currencies, and what the rules are for. */
const lived: readonly StockFacts[] = [
  held("ASML", 12, { currency: "USD", priceEur: 640, averageCostEur: 510, score: 0.63, sellScore: 0.31 }),
  held("SIE.DE", 70, { industries: ["Industrial"], priceEur: 150, averageCostEur: 118, score: 0.58 }),
  held("BNP.PA", 90, { industries: ["Finance"], priceEur: 61, averageCostEur: 80, quality: 0.44, score: 0.61 }),
  held("SAN.PA", 40, {
    industries: ["Healthcare"],
    priceEur: 92,
    averageCostEur: 121,
    quality: 0.66,
    score: 0.66,
    scoreInPortfolio: 0.68,
  }),
  stock("MC.PA", { industries: ["Consumer"], priceEur: 610, priceToHigh: 0.97, score: 0.7 }),
  stock("NOVO-B.CO", { currency: "DKK", industries: ["Healthcare"], priceEur: 58, score: 0.55, confidence: 0.25 }),
  held("7203.T", 200, {
    region: "ASIA",
    industries: ["Industrial", "Consumer"],
    currency: "JPY",
    lotSize: 100,
    priceEur: 16,
    averageCostEur: 12,
  }),
  stock("9988.HK", {
    region: "ASIA",
    industries: ["Consumer"],
    currency: "HKD",
    lotSize: 100,
    priceEur: 11,
    score: 0.52,
  }),
  stock("1398.HK", {
    region: "ASIA",
    industries: ["Finance"],
    currency: "HKD",
    lotSize: 1000,
    priceEur: 0.7,
    score: 0.57,
  }),
  held("MSFT", 45, {
    region: "US",
    currency: "USD",
    priceEur: 410,
    averageCostEur: 170,
    heldSinceMs: daysAgo(900),
    growth: 0.12,
    sellScore: 0.42,
  }),
  held("JPM", 20, { region: "US", industries: ["Finance"], currency: "USD", priceEur: 205, heldSinceMs: daysAgo(40) }),
  held("HD", 5, {
    region: "US",
    industries: ["Consumer"],
    currency: "USD",
    priceEur: 330,
    blocked: "XNYS is closed (holiday)",
  }),
  held("GE", 30, { region: "US", industries: ["Industrial"], currency: "USD", priceEur: 95, active: false }),
  stock("XOM", { region: "US", industries: ["Energy"], currency: "USD", priceEur: 100 }),
];

function told(given: PlanningInput): string {
  const { trades, reason, considered } = planTrades(given);
  const drift = [...considered.regions, ...considered.industries].map(
    ({ name, share, target, balanced }) =>
      `${name} ${(share * 100).toFixed(1)}% of ${(target * 100).toFixed(1)}%${balanced ? " (balanced)" : ""}`,
  );
  const { outOfPlaceEur, outOfPlaceAfterEur, costEur, netEur, rejected, more } = considered;
  return [
    ...trades.map((trade, index) => `${index + 1}. ${trade.reason}`),
    reason,
    `Drift: ${drift.join(", ")}.`,
    `Scale: ${outOfPlaceEur.toFixed(2)} EUR out of place without, ${outOfPlaceAfterEur.toFixed(2)} with; costs ${costEur.toFixed(2)}, worth ${netEur.toFixed(2)}; doing nothing is worth 0.00.`,
    ...rejected.map(({ why, netEur: worth }) => `- ${why}${worth === null ? "" : ` [${worth.toFixed(2)}]`}`),
    `${more} more.`,
    "",
  ].join("\n");
}

const five = { ...defaultPlanning, tradesMax: 5 };

test.each<[string, Partial<PlanningInput>]>([
  ["without-cash", { cashEur: 700 }],
  ["a-deposit", { cashEur: 6_500 }],
  ["five-trades", { cashEur: 14_000, settings: five }],
  ["cash-in-doubt", { cashEur: 6_500, reservedEur: 5_900 }],
  ["a-losing-day", { cashEur: 700, allowances: { buy: null, sell: "the portfolio has lost 2.4% today" } }],
])("a lived-in portfolio, %s: the whole plan in plain words", async (name, over) => {
  await expect(told(input({ stocks: lived, ...over }))).toMatchFileSnapshot(`./golden/${name}.txt`);
});
