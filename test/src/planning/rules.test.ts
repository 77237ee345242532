import { describe, expect, test } from "vitest";
import { targetsFor } from "../../../src/planning/aims.ts";
import type { PlanningInput } from "../../../src/planning/input.ts";
import { planTrades } from "../../../src/planning/plan.ts";
import { portfolioOf } from "../../../src/planning/portfolio.ts";
import { mayTrade } from "../../../src/planning/rules/may-trade.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import type { Proposal, StockFacts } from "../../../src/planning/stock.ts";
import { daysAgo, grid, held, input, onTarget, stock } from "./planning-fixture.ts";

/** What a plan says of the stock T beside the others of the grid; null when it trades it. */
function planned(over: Partial<StockFacts>, given: Partial<PlanningInput> = {}): string | null {
  const stocks = [...grid(), stock("T", over)];
  const plan = planTrades(input({ stocks, ...given, settings: { ...defaultPlanning, ...given.settings } }));
  if (plan.trades.some(({ symbol }) => symbol === "T")) return null;
  return plan.considered.rejected.find(({ symbol }) => symbol === "T")?.why ?? "in place";
}
/** What the hard rules say of an order as it is about to be sent. */
function sending(order: Omit<Proposal, "symbol">, over: Partial<StockFacts>, given: Partial<PlanningInput> = {}) {
  const subject = stock("T", over);
  const all = input({ stocks: [...grid(), subject], ...given });
  const portfolio = portfolioOf(all);
  const refusal = mayTrade(
    { input: all, portfolio, targets: targetsFor(all, portfolio), stock: subject },
    { symbol: "T", ...order },
  );
  return refusal === null ? null : `${refusal.rule}: ${refusal.why}`;
}

const buy = { side: "buy", qty: 10 } as const;
const best = { score: 0.95 };

describe("the rules on buying, in a plan and right before an order is sent", () => {
  test.each<[string, Partial<StockFacts>, Partial<PlanningInput>, string]>([
    [
      "protection",
      {},
      { allowances: { buy: "the portfolio has lost 5.4% today", sell: null } },
      "the portfolio has lost 5.4% today",
    ],
    ["blocked", { blocked: "XETR is closed (holiday)" }, {}, "XETR is closed (holiday)"],
    ["price", { priceEur: null }, {}, "it has no price"],
    ["flag", { allowBuy: false }, {}, "it may not be bought"],
    ["buy cool-off", { lastBoughtMs: daysAgo(29.5) }, {}, "bought 29.5 days ago, again after 30"],
  ])("%s", (rule, over, given, why) => {
    expect(planned({ ...best, ...over }, given)).toBe(`T is not bought (${rule}): ${why}.`);
    expect(sending(buy, over, given)).toBe(`${rule}: ${why}`);
  });

  test("thirty days after a purchase it is bought again; days are the market's", () => {
    expect(planned({ ...best, lastBoughtMs: daysAgo(30) })).toBeNull();
    expect(planned({ ...best, lastBoughtMs: daysAgo(29) }, { dayMs: 900_000 })).toBeNull();
  });

  test.each<[string, Partial<StockFacts>, string]>([
    ["score", { score: null }, "it has no score"],
    ["score", { score: 0.49 }, "it scores 0.49, 0.50 is the least"],
    ["score", { score: 0.49, scoreInPortfolio: 0.6 }, "it scores 0.49, 0.50 is the least"],
    ["score", { scoreInPortfolio: 0.494 }, "it scores 0.49 in this portfolio, 0.50 is the least"],
    ["score", { scoreInPortfolio: null }, "it has no score in this portfolio"],
    ["confidence", { confidence: 0.29 }, "its score is known to 29.0%, 30.0% is the least"],
    [
      "52-week high",
      { priceToHigh: 0.951 },
      "it stands at 95.1% of its high of 52 weeks, from 95.0% on it is not bought",
    ],
    ["52-week high", { priceToHigh: null }, "its highest close of 52 weeks is not known"],
    ["no target", { region: "AFRICA" }, "its region AFRICA has no target"],
    ["no target", { industries: ["Technology", "Energy"] }, "its industry Energy has no target"],
    [
      "averaging down",
      held("T", 10, { averageCostEur: 130, quality: 0.59 }),
      "it has lost 23.1% of its cost and its quality is 0.59, 0.60 is the least for more",
    ],
    ["position cap", { priceEur: 60, lotSize: 1000 }, "it would have 59.7%, at most 15.0%"],
  ])("%s is asked when a plan is made: %j", (rule, over, why) => {
    const said = planned({ ...best, ...over, symbol: "T" });
    expect(said?.startsWith(`T is not bought (${rule}): `)).toBe(true);
    expect(said?.slice(`T is not bought (${rule}): `.length, -1)).toEqual(why);
  });

  test("averaging down is for quality: a good company that has lost more than a fifth is bought", () => {
    expect(planned({ ...held("T", 10, { averageCostEur: 130, quality: 0.6 }), ...best })).toBeNull();
  });

  test("the reserve, what open orders may take, the cost and a conversion's buffer are not spent", () => {
    const poor = { stocks: [...onTarget(), stock("T")], cashEur: 1_500 };
    expect(sending(buy, { priceEur: 99 }, poor)).toBeNull();
    expect(sending(buy, { priceEur: 100 }, poor)).toBe(
      "cash reserve: 1004.00 EUR are needed and 1000.00 EUR are free above the reserve of 500.00 EUR",
    );
    expect(sending(buy, { priceEur: 99 }, { ...poor, reservedEur: 7 })).toContain("993.00 EUR are free");
    // 980 + 2 + .4% + 2%.
    expect(sending(buy, { priceEur: 98, currency: "USD" }, poor)).toContain("1005.52 EUR are needed");
    const rest = planTrades(
      input({ stocks: onTarget((symbol) => (symbol === "EU-Finance" ? { qty: 90 } : {})), cashEur: 1_000 }),
    );
    expect(rest.trades).toMatchObject([{ symbol: "EU-Finance", qty: 4 }]);
  });

  test("the smallest trade is 2 / (.01 - .002) = 250 EUR, in another currency more; lots are whole", () => {
    expect(sending(buy, { priceEur: 25 })).toBeNull();
    expect(sending(buy, { priceEur: 24.99 })).toBe(
      "minimum size: 249.90 EUR are less than 250.00 EUR, the least for a cost of 2.50 EUR",
    );
    expect(sending(buy, { priceEur: 33, currency: "USD" })).toContain("330.00 EUR are less than 333.33 EUR");
    expect(sending(buy, { lotSize: 3 })).toBe("lot: 10 is no multiple of its lot of 3");
    expect(sending({ side: "buy", qty: 2.5 }, {})).toBe("lot: 2.5 is no multiple of its lot of 1");
  });

  test("no purchase takes a stock, a region or an industry above its cap", () => {
    expect(sending({ side: "buy", qty: 170 }, {})).toBe("position cap: it would have 16.9%, at most 15.0%");
    const much = grid((symbol) => (symbol === "EU-Consumer" ? held(symbol, 590, { industries: ["Consumer"] }) : {}));
    const stocks = [...much, stock("T", { industries: ["Finance"] })];
    expect(sending({ side: "buy", qty: 90 }, { industries: ["Finance"] }, { stocks, cashEur: 41_500 })).toBe(
      "group cap: EU would have 68.0%, at most 60.0%",
    );
    expect(
      sending({ side: "buy", qty: 90 }, { region: "US", industries: ["Consumer"] }, { stocks, cashEur: 41_500 }),
    ).toBe("group cap: Consumer would have 68.0%, at most 30.0%");
  });
});

const over = held("T", 300);

const given = { stocks: [...onTarget(), over], cashEur: 500 };
const windfall = (gain: number, growth: number): string => {
  const change = { averageCostEur: 100 / (1 + gain), growth, sellScore: 0 };
  const plan = planTrades(input({ ...given, stocks: [...onTarget(), { ...over, ...change }] }));
  return plan.trades.map(({ symbol, qty }) => `${qty} ${symbol}`).join();
};

const plannedSale = (change: Partial<StockFacts>, more: Partial<PlanningInput> = {}): string | null => {
  const plan = planTrades(input({ ...given, stocks: [...onTarget(), { ...over, ...change }], ...more }));
  if (plan.trades.some(({ symbol, side }) => symbol === "T" && side === "sell")) return null;
  return plan.considered.rejected.find(({ symbol }) => symbol === "T")?.why ?? "in place";
};

describe("the rules on selling", () => {
  test("what is far above its target is sold, as far as its sell score lets go at once", () => {
    const plan = planTrades(input({ ...given, stocks: [...onTarget(), over] }));
    expect(plan.trades).toMatchObject([{ symbol: "T", side: "sell", qty: 90 }]);
    expect(plannedSale({ sellScore: null })).toBe(
      "T is not sold (sell score): how much speaks for selling is not known.",
    );
  });

  test.each<[string, Partial<StockFacts>, Partial<PlanningInput>, string]>([
    [
      "protection",
      {},
      { allowances: { buy: null, sell: "the portfolio has lost 2.1% today" } },
      "the portfolio has lost 2.1% today",
    ],
    ["blocked", { blocked: "an order of it is unknown" }, {}, "an order of it is unknown"],
    ["flag", { allowSell: false }, {}, "it may not be sold"],
    ["minimum hold", { heldSinceMs: daysAgo(89.4) }, {}, "held for 89.4 days, 90 are the least"],
    ["minimum hold", { heldSinceMs: null }, {}, "it is not known since when it is held; 90 days are the least"],
    ["sell cool-off", { lastSoldMs: daysAgo(179) }, {}, "sold 179.0 days ago, again after 180"],
    ["loss block", { averageCostEur: 126 }, {}, "it has lost 20.6% of its cost, and from 20.0% on it is kept"],
    ["loss block", { averageCostEur: null }, {}, "its gain or loss is not known"],
  ])(
    "[do-not-inherit 6] the automatic path asks for %s, and so does the check before an order is sent",
    (rule, change, more, why) => {
      expect(plannedSale(change, more)).toBe(`T is not sold (${rule}): ${why}.`);
      expect(sending({ side: "sell", qty: 30 }, { ...over, ...change }, more)).toBe(`${rule}: ${why}`);
    },
  );

  test("no more than is held, a lot stays, and below 100 EUR it is not worth it", () => {
    expect(sending({ side: "sell", qty: 301 }, over)).toBe("holding: 301 are more than the 300 that are held");
    expect(sending({ side: "sell", qty: 300 }, over)).toBe("last lot: a lot of 1 has to stay");
    expect(sending({ side: "sell", qty: 1 }, { ...over, priceEur: 90 })).toBe(
      "minimum size: 90.00 EUR are less than 100.00 EUR, the least for a cost of 2.18 EUR",
    );
    expect(plannedSale({ lotSize: 200 })).toContain("of 300 no lot of 200 can go");
  });

  test("a lot stays whatever share of it may be sold at once", () => {
    const settings = { ...defaultPlanning, sellShareMax: 1, sellShareByScore: 0.9 };
    const bad = { ...over, sellScore: 1, lotSize: 100, score: 0 };
    const plan = planTrades(input({ ...given, stocks: [...onTarget(), bad], settings }));
    expect(plan.trades).toMatchObject([{ symbol: "T", side: "sell", qty: 200 }]);
  });

  test("what has left the universe is sold whole, by the same rules", () => {
    expect(planTrades(input({ ...given, stocks: [...onTarget(), { ...over, active: false }] })).trades).toMatchObject([
      { symbol: "T", side: "sell", qty: 300 },
    ]);
    expect(plannedSale({ active: false, heldSinceMs: daysAgo(10) })).toContain("minimum hold");
    expect(sending({ side: "sell", qty: 300 }, { ...over, active: false })).toBeNull();
    expect(sending(buy, { ...over, active: false })).toBe("flag: it has left the universe");
  });

  test("part shares count for what they are worth, and only whole lots are traded; what stays of a stock that goes is said", () => {
    const part = { ...over, qty: 300.5, active: false };
    const plan = planTrades(input({ ...given, stocks: [...onTarget(), part] }));
    expect(plan.trades).toMatchObject([{ symbol: "T", side: "sell", qty: 300 }]);
    expect(plan.trades[0]?.reason).toMatch(/ 0\.5 stay: less than a lot of 1 is not traded\.$/);
    const tokyo = planTrades(input({ ...given, stocks: [...onTarget(), { ...part, qty: 250, lotSize: 100 }] }));
    expect(tokyo.trades).toMatchObject([
      { qty: 200, reason: expect.stringContaining(" 50 stay: less than a lot of 100") },
    ]);
    expect(plannedSale({ active: false, qty: 0.333333333 })).toBe(
      "T is not sold (lot): the 0.333333333 held stay: less than a lot of 1 is not traded.",
    );
    expect(sending({ side: "sell", qty: 301 }, part)).toBe("holding: 301 are more than the 300.5 that are held");
    expect(sending({ side: "sell", qty: 300.5 }, part)).toBe("lot: 300.5 is no multiple of its lot of 1");
    expect(sending({ side: "sell", qty: 300 }, { ...part, active: true })).toBe("last lot: a lot of 1 has to stay");
    expect(sending({ side: "sell", qty: 299 }, { ...part, active: true })).toBeNull();
    const stocks = [...onTarget(), { ...over, qty: 7.5 }];
    expect(portfolioOf(input({ ...given, stocks })).stocksEur.get("T")).toBe(750);
  });

  test("a windfall is taken: the gain beyond what its growth made, by its steps", () => {
    expect([windfall(0.2, 0), windfall(0.26, 0), windfall(0.51, 0), windfall(1, 0), windfall(1.01, 0.9)]).toEqual([
      "30 T",
      "60 T",
      "120 T",
      "150 T",
      "90 T",
    ]);
  });
});
