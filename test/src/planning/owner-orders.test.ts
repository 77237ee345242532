import { describe, expect, test } from "vitest";
import type { PlanningInput } from "../../../src/planning/input.ts";
import { type OwnerOrder, type Overridable, overridable } from "../../../src/planning/owner-orders.ts";
import { planTrades } from "../../../src/planning/plan.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import type { StockFacts } from "../../../src/planning/stock.ts";
import { daysAgo, held, input, onTarget, stock } from "./planning-fixture.ts";

const order = (side: OwnerOrder["side"], qty: number, ...overrides: readonly Overridable[]): OwnerOrder => ({
  id: "o1",
  symbol: "T",
  side,
  qty,
  overrides,
});

const narrow = { ...defaultPlanning, groupSlack: 0.01 };
/** A portfolio on its target with cash for one purchase, and the stock T beside it. */
const beside = (over: Partial<StockFacts>, more: Partial<PlanningInput> = {}): PlanningInput =>
  input({ stocks: [...onTarget(), stock("T", over)], cashEur: 3_000, ...more });
const planned = (given: PlanningInput, ...orders: readonly OwnerOrder[]) => planTrades(given, orders);
/** What an order waits for; null when the plan takes it. */
function waits(over: Partial<StockFacts>, wanted: OwnerOrder, more: Partial<PlanningInput> = {}): string | null {
  const { trades, waiting } = planned(beside(over, more), wanted);
  expect(trades.some(({ ownerOrder }) => ownerOrder === wanted.id)).toBe(waiting.length === 0);
  return waiting[0]?.why ?? null;
}

describe("what the owner has ordered", () => {
  test("goes out before the plan's own ideas, which have what is left of the trades and the cash", () => {
    const poor = stock("T", { score: 0.1 });
    const stocks = [...onTarget((symbol) => (symbol === "EU-Finance" ? { qty: 80 } : {})), poor];
    const given = input({ stocks, cashEur: 3_000 });
    const [own] = planned(given).trades;
    expect(own).toMatchObject({ symbol: "EU-Finance", side: "buy", ownerOrder: null });
    const one = planned(given, order("buy", 10));
    expect(one.trades).toMatchObject([{ symbol: "T", side: "buy", qty: 10, ownerOrder: "o1" }]);
    expect(one.considered.rejected[0]).toMatchObject({ symbol: "EU-Finance", rule: "trades a cycle" });
    const two = planned({ ...given, settings: { ...defaultPlanning, tradesMax: 2 } }, order("buy", 10));
    expect(two.trades.map(({ symbol }) => symbol)).toEqual(["T", "EU-Finance"]);
    // 2500 are free: 1004 of them are the owner's.
    expect(two.trades[1]?.qty).toBeLessThan(own?.qty ?? 0);
  });

  test("needs no merit: no score, at its high, no target, nothing that speaks for selling", () => {
    const plain = { score: null, confidence: 0, priceToHigh: 1, region: "AFRICA", sellScore: null };
    expect(waits(plain, order("buy", 10))).toBeNull();
    expect(waits({ ...held("T", 30), ...plain, symbol: "T" }, order("sell", 10))).toBeNull();
    const unscored = input({ stocks: [held("T", 30, { score: null })], cashEur: 3_000 });
    expect(planned(unscored, order("sell", 10)).trades).toHaveLength(1);
    expect(planned(unscored).reason).toBe("Nothing to do: there are no scores yet.");
  });

  test.each<[string, Partial<StockFacts>, OwnerOrder, Partial<PlanningInput>, string]>([
    ["protection", {}, order("buy", 10), { allowances: { buy: "buys are paused", sell: null } }, "buys are paused"],
    ["broker", { untradable: "the broker has no T" }, order("buy", 10), {}, "the broker has no T"],
    ["blocked", { blocked: "XETR is closed" }, order("buy", 10), {}, "XETR is closed"],
    ["price", { priceEur: null }, order("buy", 10), {}, "it has no price"],
    ["flag", { allowBuy: false }, order("buy", 10), {}, "it may not be bought"],
    ["lot", { lotSize: 3 }, order("buy", 10), {}, "10 is no multiple of its lot of 3"],
    ["cash reserve", {}, order("buy", 26), {}, "2607.20 EUR are needed"],
    ["position cap", {}, order("buy", 210), { cashEur: 30_000 }, "at most 15.0%"],
    ["group cap", {}, order("buy", 150), { cashEur: 30_000, settings: narrow }, "Technology would have"],
    ["holding", held("T", 10), order("sell", 11), {}, "11 are more than the 10 that are held"],
    ["flag", held("T", 30, { allowSell: false }), order("sell", 10), {}, "it may not be sold"],
  ])("waits where the hard rule on %s forbids it, and no override helps: %j", (rule, over, wanted, more, why) => {
    const everything = { ...wanted, overrides: [...overridable] };
    expect(waits({ ...over, symbol: "T" }, everything, more)).toMatch(new RegExp(`\\(${rule}\\)$`));
    expect(waits({ ...over, symbol: "T" }, wanted, more)).toContain(why);
  });

  test.each<[Overridable, Partial<StockFacts>, OwnerOrder, string]>([
    ["buy-cool-off", { lastBoughtMs: daysAgo(3) }, order("buy", 10), "bought 3.0 days ago, again after 30"],
    ["sell-cool-off", held("T", 30, { lastSoldMs: daysAgo(3) }), order("sell", 10), "sold 3.0 days ago"],
    ["minimum-hold", held("T", 30, { heldSinceMs: daysAgo(5) }), order("sell", 10), "held for 5.0 days"],
    ["loss-block", held("T", 30, { averageCostEur: 200 }), order("sell", 10), "it has lost 50.0% of its cost"],
    ["last-lot", held("T", 30), order("sell", 30), "a lot of 1 has to stay"],
    ["minimum-size", { priceEur: 20 }, order("buy", 10), "200.00 EUR are less than 250.00 EUR"],
  ])("%s makes it wait, unless the owner overrides just that, which its sentence says", (rule, over, wanted, why) => {
    const given = beside({ ...over, symbol: "T" });
    const name = rule.replace("minimum-", "minimum ").replace("loss-", "loss ").replace("last-", "last ");
    const spoken = name.replace("buy-", "buy ").replace("sell-", "sell ");
    expect(waits({ ...over, symbol: "T" }, wanted)).toMatch(
      new RegExp(`^${why}.*\\(${spoken}, which may be overridden\\)$`),
    );
    const others = overridable.filter((other) => other !== rule);
    const traded = planned(given, { ...wanted, overrides: others }).trades.map(({ symbol }) => symbol);
    expect(traded, "the plan itself leaves alone what the owner has an order for").not.toContain("T");
    const plan = planned(given, { ...wanted, overrides: [rule] });
    expect(plan.trades[0]?.reason).toMatch(
      new RegExp(`^(Buy|Sell) \\d+ T for .* the owner's order o1, ${spoken} overridden: ${why}.*\\.$`),
    );
    expect(plan.reason).toContain(plan.trades[0]?.reason);
  });

  test("an override that was not needed is not told", () => {
    expect(planned(beside({}), order("buy", 10, ...overridable)).reason).not.toContain("overridden");
  });

  test("one after the other: of the same stock one at a time, five in all, cash is spent once", () => {
    const given = beside({});
    const again = planned(given, order("buy", 10), { ...order("buy", 10), id: "o2" });
    expect(again.waiting).toEqual([{ id: "o2", why: "another order of T goes out before it (one at a time)" }]);
    expect(again.reason).toContain("1 of the owner's orders waits for a later slot.");
    const other = { id: "o2", symbol: "EU-Finance", side: "buy", qty: 16, overrides: [] } as const;
    expect(planned(given, order("buy", 10), other).waiting).toMatchObject([
      { id: "o2", why: expect.stringContaining("1605.20 EUR are needed and 1496.00 EUR are free") },
    ]);
    expect(planned(given, other).waiting).toEqual([]);
    const many = onTarget().map(({ symbol }): OwnerOrder => ({ ...order("sell", 5), id: symbol, symbol }));
    const plan = planned(given, ...many);
    expect(plan.trades.map(({ symbol }) => symbol)).toEqual(many.slice(0, 5).map(({ symbol }) => symbol));
    expect(plan.waiting[0]?.why).toBe("5 others go out before it (trades a cycle)");
  });

  test("what is not in the universe, or a portfolio whose value is unknown, makes it wait", () => {
    expect(planned(beside({}), { ...order("buy", 1), symbol: "X" }).waiting).toEqual([
      { id: "o1", why: "it is not in the universe (universe)" },
    ]);
    const unpriced = input({ stocks: [held("A", 5, { priceEur: null }), stock("T")] });
    expect(planned(unpriced, order("buy", 10)).waiting[0]?.why).toContain("A is held but has no price");
  });
});
