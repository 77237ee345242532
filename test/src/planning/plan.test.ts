import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PlanningInput, planTrades } from "../../../src/planning/plan.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import { type Stock, targetWeights } from "../../../src/planning/targets.ts";

const stock = (symbol: string, over: Partial<Stock> = {}): Stock => ({
  symbol,
  lotSize: 1,
  allowBuy: true,
  allowSell: true,
  active: true,
  ...over,
});
const symbols = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
const all = (value: number) => new Map(symbols.map((symbol) => [symbol, value]));
const input = (over: Partial<PlanningInput> = {}): PlanningInput => ({
  stocks: symbols.map((symbol) => stock(symbol)),
  scores: all(0.5),
  pricesUsd: all(100),
  held: new Map(),
  cashUsd: 100_000,
  reservedUsd: 0,
  blocked: new Map(),
  settings: defaultPlanning,
  ...over,
});

describe("targets", () => {
  test("a better score means a larger share, no share is above the cap, and what the cap takes goes to the others", () => {
    const weights = targetWeights(input().stocks, all(0.5).set("A", 0.9).set("B", 0.6), defaultPlanning);
    expect(weights.get("A")).toBe(0.15);
    expect(weights.get("B")).toBeGreaterThan(weights.get("C") ?? 1);
    expect([...weights.values()].reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
  });

  test("few stocks leave cash rather than break the cap", () => {
    const weights = targetWeights([stock("A"), stock("B", { active: false })], all(0.5), defaultPlanning);
    expect(Object.fromEntries(weights)).toEqual({ A: 0.15 });
  });
});

describe("plan", () => {
  test("an uninvested account buys the stock that is furthest below its target, one a cycle", () => {
    const plan = planTrades(input({ scores: all(0.5).set("D", 0.6) }));
    expect(plan.trades).toMatchObject([{ symbol: "D", side: "buy", qty: 137 }]);
    expect(plan.trades[0]?.reason).toBe("Buy 137 D: 0.0% of the portfolio, target 13.7% (score 0.60).");
  });

  test("at most five trades, whatever the settings say; sells come first", () => {
    const settings = { ...defaultPlanning, tradesMax: 50 };
    const plan = planTrades(input({ settings, held: new Map([["A", 900]]), cashUsd: 60_000 }));
    expect(plan.trades).toHaveLength(5);
    expect(plan.trades[0]).toMatchObject({ symbol: "A", side: "sell" });
    expect(plan.trades.slice(1).every((trade) => trade.side === "buy")).toBe(true);
  });

  test("on target there is nothing to do, and it says so", () => {
    const plan = planTrades(input({ held: all(100), cashUsd: 500 }));
    expect(plan).toEqual({ trades: [], reason: "Nothing to do: every stock is within 0.5% of its target." });
  });

  test("the reserve and reserved cash are not spent", () => {
    expect(planTrades(input({ cashUsd: 700 })).trades).toEqual([]);
    expect(planTrades(input({ reservedUsd: 99_400 })).reason).toContain("no free cash");
  });

  test("blocked and forbidden symbols are passed over for the next", () => {
    const stocks = symbols.map((symbol) => stock(symbol, { allowBuy: symbol !== "B" }));
    const scores = all(0.5).set("A", 0.7).set("B", 0.65).set("C", 0.6);
    const plan = planTrades(input({ stocks, scores, blocked: new Map([["A", "an order is unknown"]]) }));
    expect(plan.trades).toMatchObject([{ symbol: "C", side: "buy" }]);
  });

  test("without cash the largest sell that is allowed makes room", () => {
    const held = all(80).set("A", 280);
    expect(planTrades(input({ held, cashUsd: 500 })).trades).toMatchObject([{ symbol: "A", side: "sell", qty: 180 }]);
  });

  test("a held stock without a price stops the plan: the portfolio's value is unknown", () => {
    const pricesUsd = all(100);
    pricesUsd.delete("A");
    expect(planTrades(input({ pricesUsd, held: new Map([["A", 3]]) })).reason).toContain("A is held but has no price");
  });

  test("no scores, no plan", () => {
    expect(planTrades(input({ scores: new Map() })).reason).toBe("Nothing to do: there are no scores yet.");
  });

  test("whatever comes in: never more than the free cash, never more than is held, never below the minimum, always the same", () => {
    const amounts = fc.dictionary(fc.constantFrom(...symbols), fc.integer({ min: 0, max: 400 }));
    const scores = fc.dictionary(fc.constantFrom(...symbols), fc.double({ min: 0, max: 1, noNaN: true }), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(amounts, scores, fc.nat(200_000), fc.nat(5_000), fc.integer({ min: 1, max: 9 }), (...args) => {
        const [held, score, cashUsd, reservedUsd, tradesMax] = args;
        const settings = { ...defaultPlanning, tradesMax };
        const pricesUsd = new Map(symbols.map((symbol, index) => [symbol, 7 + index * 31]));
        const given = input({
          held: new Map(Object.entries(held)),
          scores: new Map(Object.entries(score)),
          pricesUsd,
          cashUsd,
          reservedUsd,
          settings,
        });
        const plan = planTrades(given);
        const buys = plan.trades.filter((trade) => trade.side === "buy");
        const spentUsd = buys.reduce((sum, trade) => sum + trade.valueUsd, 0);
        if (buys.length > 0) expect(spentUsd).toBeLessThanOrEqual(cashUsd - reservedUsd - settings.cashReserveUsd);
        for (const trade of plan.trades) {
          expect(trade.valueUsd).toBeGreaterThanOrEqual(settings.tradeMinUsd);
          if (trade.side === "sell") expect(trade.qty).toBeLessThanOrEqual(held[trade.symbol] ?? 0);
        }
        expect(new Set(plan.trades.map((trade) => trade.symbol)).size).toBe(plan.trades.length);
        expect(planTrades({ ...given, stocks: given.stocks.toReversed() })).toEqual(plan);
      }),
      { numRuns: 300 },
    );
  });
});
