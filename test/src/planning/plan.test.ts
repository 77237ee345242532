import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { targetsFor } from "../../../src/planning/aims.ts";
import { REJECTED_MAX } from "../../../src/planning/considered.ts";
import { neededEur } from "../../../src/planning/costs.ts";
import type { PlanningInput } from "../../../src/planning/input.ts";
import { planTrades } from "../../../src/planning/plan.ts";
import { moved, portfolioOf } from "../../../src/planning/portfolio.ts";
import { mayTrade } from "../../../src/planning/rules/may-trade.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import { outOfPlaceEur } from "../../../src/planning/worth.ts";
import { daysAgo, grid, held, input, onTarget, stock } from "./planning-fixture.ts";

const upTo = (tradesMax: number) => ({ ...defaultPlanning, tradesMax });

const excessOutOfPlaceEur = (excess: number): number => {
  const stocks = onTarget((symbol) => (symbol === "US-Finance" ? { qty: 40 + excess } : {}));
  return planTrades(input({ stocks, cashEur: 500 })).considered.outOfPlaceEur;
};

describe("a plan", () => {
  test("of an account of cash buys what puts most in its place, one trade a cycle, and says why", () => {
    const plan = planTrades(input({ stocks: grid((symbol) => ({ score: symbol === "EU-Finance" ? 0.7 : 0.6 })) }));
    expect(plan.trades).toMatchObject([{ symbol: "EU-Finance", side: "buy", qty: 112 }]);
    expect(plan.trades[0]?.reason).toBe(
      "Buy 112 EU-Finance for 11200.00 EUR: 0.0% of the portfolio, target 11.2% (score 0.70); " +
        "puts 33600.00 EUR in place, worth 311.60 EUR after costs of 24.40 EUR.",
    );
    expect(plan.reason).toMatch(
      /^\d+\.\d\d EUR are out of place and .* worth 311\.60 EUR more than doing nothing; 14 others/,
    );
  });

  test("has at most five trades, whatever the settings say, and nothing is sold while there is cash to buy with", () => {
    const stocks = [...onTarget(), held("OVER", 300)];
    const rich = planTrades(input({ stocks, cashEur: 50_500, settings: upTo(50) }));
    expect(rich.trades).toHaveLength(5);
    expect(rich.trades.every(({ side }) => side === "buy")).toBe(true);
    const some = planTrades(input({ stocks, cashEur: 3_000, settings: upTo(5) }));
    expect(some.trades.map(({ side }) => side)).toEqual(["buy", "sell", "sell"]);
    expect(some.trades).toContainEqual(expect.objectContaining({ symbol: "OVER", side: "sell" }));
    const one = planTrades(input({ stocks, cashEur: 3_000 }));
    expect(one.trades).toMatchObject([{ side: "buy" }]);
  });

  test("[do-not-inherit 11] doing nothing is compared on the same scale, and wins unless a trade is worth its cost", () => {
    const settings = { ...defaultPlanning, driftMin: 0 };
    const slightly = (qty: number) =>
      input({ stocks: onTarget((symbol) => (symbol === "EU-Finance" ? { qty } : {})), cashEur: 500, settings });
    // What is missing in one stock is too little in the others: no sale of 100 EUR there is worth 2.20 EUR.
    expect(planTrades(slightly(103)).trades).toEqual([]);
    expect(planTrades(slightly(103)).considered).toMatchObject({ netEur: 0, costEur: 0 });
    expect(planTrades(slightly(103)).considered.rejected[0]).toMatchObject({
      symbol: "EU-Finance",
      rule: "costs",
      netEur: expect.closeTo(-0.4, 1),
    });
    expect(planTrades(slightly(120)).trades).toMatchObject([{ symbol: "EU-Finance", side: "sell" }]);
    const dear = { ...settings, costFixedEur: 40 };
    expect(planTrades({ ...slightly(120), settings: dear }).trades).toEqual([]);
    expect(planTrades({ ...slightly(120), settings: dear }).reason).toContain("EU-Finance is not sold (costs)");
  });

  test("what a plan says that it is worth is what the scale says of the portfolio before and after", () => {
    const given = input({
      stocks: [...onTarget((symbol) => ({ score: symbol.length / 20 })), held("OVER", 200)],
      cashEur: 9_000,
      settings: upTo(5),
    });
    const plan = planTrades(given);
    expect(plan.trades.length).toBeGreaterThan(1);
    const before = portfolioOf(given);
    const scale = { targets: targetsFor(given, before), settings: given.settings };
    const after = plan.trades.reduce((portfolio, { symbol, side, valueEur }) => {
      const subject = given.stocks.find((each) => each.symbol === symbol) ?? stock(symbol);
      return moved(portfolio, subject, side === "buy" ? valueEur : -valueEur, 0);
    }, before);
    const costEur = plan.trades.reduce((sum, { valueEur }) => sum + 2 + 0.002 * valueEur, 0);
    const gainEur = outOfPlaceEur(scale, before, given.stocks) - outOfPlaceEur(scale, after, given.stocks);
    expect(plan.considered.netEur).toBeCloseTo(0.01 * gainEur - costEur, 6);
    expect(plan.considered.outOfPlaceEur - plan.considered.outOfPlaceAfterEur).toBeCloseTo(gainEur, 6);
  });

  test("a region within 2% of its target is balanced: only a stock's own gap counts there", () => {
    // 100 shares more are 10,000 EUR, of which 2% are no imbalance of the US or of Finance.
    expect(excessOutOfPlaceEur(10)).toBeLessThan(10 * 100 * 2.5);
    expect(excessOutOfPlaceEur(100)).toBeGreaterThan(100 * 100 * 2.5);
  });

  test("drift is said for each region and industry, also for one that has no target", () => {
    const stocks = [
      ...onTarget((symbol) => (symbol === "US-Finance" ? { qty: 45 } : {})),
      held("X", 10, { region: "MARS" }),
    ];
    const { regions, industries } = planTrades(input({ stocks, cashEur: 500 })).considered;
    expect(regions.map(({ name, balanced }) => `${name} ${balanced}`)).toEqual([
      "ASIA true",
      "EU true",
      "MARS true",
      "US true",
    ]);
    expect(regions.find(({ name }) => name === "MARS")).toMatchObject({ share: expect.closeTo(0.0098, 3), target: 0 });
    expect(industries.find(({ name }) => name === "Finance")).toMatchObject({
      share: expect.closeTo(0.202, 3),
      target: 0.2,
    });
    const cash = planTrades(input()).considered.regions;
    expect(cash.map(({ share, balanced }) => [share, balanced])).toEqual([
      [0, false],
      [0, false],
      [0, false],
    ]);
  });

  test("on target there is nothing to do, and it says so", () => {
    const plan = planTrades(input({ stocks: onTarget(), cashEur: 500 }));
    expect(plan.trades).toEqual([]);
    expect(plan.reason).toBe("Nothing to do: every stock is within 0.5% of its target.");
  });

  test("[do-not-inherit 9] prices and money are in one currency, and the reserve is not spent", () => {
    // A share of 13,000 yen is 80 EUR: 150,000 EUR would buy eleven of them if yen were taken for euros.
    const stocks = [
      stock("7203.T", { region: "ASIA", industries: ["Industrial"], currency: "JPY", priceEur: 80, lotSize: 100 }),
    ];
    const plan = planTrades(input({ stocks, cashEur: 150_000 }));
    expect(plan.trades).toMatchObject([{ symbol: "7203.T", qty: 200, valueEur: 16_000 }]);
    for (const cashEur of [500, 700, 753, 1_200]) {
      const poor = input({ stocks: grid(), cashEur });
      const spent = planTrades(poor).trades.reduce(
        (sum, { valueEur }) => sum + neededEur(poor, stock("X"), valueEur),
        0,
      );
      expect(cashEur - spent).toBeGreaterThanOrEqual(500);
    }
    expect(planTrades(input({ cashEur: 700 })).reason).toContain("(cash reserve): ");
    expect(planTrades(input({ reservedEur: 99_900 })).trades).toEqual([]);
  });

  test("a held stock without a price, no scores at all, or no money: nothing is decided", () => {
    const unpriced = [...grid(), held("A", 3, { priceEur: null }), held("B", 1, { priceEur: Number.NaN })];
    expect(planTrades(input({ stocks: unpriced })).reason).toContain("A, B is held but has no price");
    expect(planTrades(input({ stocks: grid(() => ({ score: null })) })).reason).toBe(
      "Nothing to do: there are no scores yet.",
    );
    expect(planTrades(input({ cashEur: 0 })).reason).toBe("Nothing to do: the portfolio is worth 0.00 EUR.");
  });

  test("what was rejected is a bounded list, what was worth most first; the rest is counted", () => {
    const many = Array.from({ length: 60 }, (_, index) => stock(`S${index}`, { industries: ["Energy"] }));
    const { considered } = planTrades(input({ stocks: [...grid(), ...many] }));
    expect(considered.rejected).toHaveLength(REJECTED_MAX);
    expect(considered.rejected.length + considered.more).toBe(74);
    expect(considered.rejected[0]).toMatchObject({ rule: "trades a cycle", netEur: expect.any(Number) });
    expect(considered.rejected[0]?.why).toMatch(
      /^\S+ is not bought \(trades a cycle\): puts .* one trade is the most a cycle/,
    );
    expect(JSON.stringify(considered).length).toBeLessThan(16_000);
  });
});

const anInput = fc
  .record({
    stocks: fc.uniqueArray(
      fc.record({
        symbol: fc.constantFrom(..."A B C D E F G H I J".split(" ")),
        region: fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom("EU", "US", "ASIA") },
          { weight: 1, arbitrary: fc.constant("MARS") },
        ),
        industries: fc.oneof(
          { weight: 9, arbitrary: fc.subarray(["Technology", "Finance", "Consumer"], { minLength: 1, maxLength: 2 }) },
          { weight: 1, arbitrary: fc.constant(["Energy"]) },
        ),
        currency: fc.constantFrom("EUR", "USD"),
        lotSize: fc.constantFrom(1, 1, 10, 100),
        allowSell: fc.boolean(),
        active: fc.integer({ min: 0, max: 9 }).map((each) => each > 0),
        priceEur: fc.oneof(
          { weight: 9, arbitrary: fc.double({ min: 0.5, max: 900, noNaN: true }) },
          { weight: 1, arbitrary: fc.constant(null) },
        ),
        score: fc.oneof(
          { weight: 9, arbitrary: fc.double({ min: 0.3, max: 1, noNaN: true }) },
          { weight: 1, arbitrary: fc.constant(null) },
        ),
        sellScore: fc.double({ min: 0, max: 1, noNaN: true }),
        qty: fc.oneof(fc.constant(0), fc.nat(400)),
        averageCostEur: fc.double({ min: 1, max: 900, noNaN: true }),
        heldSinceMs: fc.integer({ min: 0, max: 1_000 }).map(daysAgo),
        lastBoughtMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 100 }).map(daysAgo)),
      }),
      { selector: ({ symbol }) => symbol, maxLength: 10 },
    ),
    cashEur: fc.nat(200_000),
    reservedEur: fc.nat(5_000),
    tradesMax: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ stocks, cashEur, reservedEur, tradesMax }): PlanningInput =>
    input({ stocks: stocks.map((over) => stock(over.symbol, over)), cashEur, reservedEur, settings: upTo(tradesMax) }),
  );

test("whatever comes in: one plan whatever the order, every rule kept, nothing spent that is not free, never worse than nothing", () => {
  let trades = 0;
  fc.assert(
    fc.property(anInput, fc.integer(), (given, turn) => {
      const plan = planTrades(given);
      const shuffled = given.stocks.toSorted(
        (a, b) => ((a.symbol.charCodeAt(0) * turn) % 7) - ((b.symbol.charCodeAt(0) * turn) % 7),
      );
      expect(planTrades({ ...given, stocks: shuffled })).toEqual(plan);
      const by = new Map(given.stocks.map((each) => [each.symbol, each]));
      let portfolio = portfolioOf(given);
      const targets = targetsFor(given, portfolio);
      let spentEur = 0;
      for (const { symbol, side, qty, valueEur } of plan.trades) {
        const subject = by.get(symbol)!;
        expect(mayTrade({ input: given, portfolio, targets, stock: subject }, { symbol, side, qty })).toBeNull();
        const needed = side === "buy" ? neededEur(given, subject, valueEur) : 0;
        portfolio = moved(portfolio, subject, side === "buy" ? valueEur : -valueEur, needed);
        spentEur += needed;
        trades++;
      }
      if (spentEur > 0) expect(spentEur).toBeLessThanOrEqual(given.cashEur - given.reservedEur - 500);
      expect(plan.trades.length).toBeLessThanOrEqual(5);
      expect(plan.considered.netEur).toBeGreaterThanOrEqual(0);
      expect(new Set(plan.trades.map(({ symbol }) => symbol)).size).toBe(plan.trades.length);
    }),
    { numRuns: 200 },
  );
  expect(trades).toBeGreaterThan(50);
});
