import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type MarketCache, openMarketCache, writeBars, writeScores } from "../../../src/db/market-cache.ts";
import type { OwnerOrder } from "../../../src/planning/owner-orders.ts";
import { planTrades } from "../../../src/planning/plan.ts";
import { scoreStock } from "../../../src/scoring/score.ts";
import type { MarketView } from "../../../src/trading/market-view.ts";
import { checkOrder } from "../../../src/trading/order-check.ts";
import { type Account, type PlanningSources, gather } from "../../../src/trading/planning-input.ts";
import { stockFigures } from "../../../src/trading/stock-figures.ts";
import { dollarPrices } from "../../support/dollar-prices.ts";
import { eagerSettings, eagerSources } from "../../support/planning-sources.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";
import { intent, plan } from "./trading-fixture.ts";
import { dollarAccount } from "../../support/dollar-account.ts";

const DAY_MS = 86_400_000;
const nowMs = Date.UTC(2026, 10, 26, 15);
const symbols = ["A", "B", "C", "D", "E", "F", "G", "H"];
const view = (over: Partial<MarketView> = {}): MarketView => ({
  ...dollarPrices(symbols.map((symbol, index) => [symbol, 20 + index])),
  scores: new Map(symbols.map((symbol, index) => [symbol, 0.6 + index / 100])),
  blocked: new Map(),
  ...over,
});
const account = (over: Partial<Account> = {}): Account => ({
  positions: [],
  account: dollarAccount(100_000),
  open: [],
  ...over,
});
const sources = (over: Partial<PlanningSources> = {}): PlanningSources => ({
  ...eagerSources(symbols, view),
  ...over,
});
function planOf(given: PlanningSources, of: Account = account()) {
  const gathered = gather(given, of, nowMs);
  if (gathered.kind === "unknown") throw new Error(gathered.why);
  return planTrades(gathered.input);
}
const backwards = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> => new Map([...map].toReversed());

describe("what a plan is decided on", () => {
  test("whatever the order in which broker, ledger and cache answer, the plan is the same", () => {
    const positions = symbols.map((symbol, index) => ({
      symbol,
      qty: 300 - index * 30,
      currency: "USD",
      avgPrice: 19.1,
    }));
    const held = account({ positions, account: dollarAccount(20_000.13, 0) });
    const other = sources({
      market: () => {
        const { prices, rates, scores, blocked } = view();
        return { prices: backwards(prices), rates, scores: backwards(scores), blocked };
      },
      universe: () => {
        const { stocks, excluded } = sources().universe();
        return { stocks: stocks.toReversed(), excluded };
      },
      tradeTimes: () => backwards(sources().tradeTimes()),
      figures: (asked) => backwards(sources().figures(asked)),
    });
    const made = planOf(sources(), held);
    expect(made.trades.length).toBeGreaterThan(0);
    expect(planOf(other, { ...held, positions: positions.toReversed() })).toEqual(made);
  });

  test("everything is in the base currency: prices, cash, what it cost, what orders may still take", () => {
    const rates = { base: "EUR", perBase: new Map([["USD", 1.25]]) };
    const prices = new Map([
      ["A", { price: 50, currency: "USD", priceBase: 40, priceAgeMs: 0, rateAgeMs: 0 }],
      ["B", { price: 10, currency: "USD", priceBase: 8, priceAgeMs: 0, rateAgeMs: 0 }],
    ]);
    const open = [intent(1, { symbol: "B", qty: 100, filledQty: 40, state: "partly-filled" })];
    const positions = [{ symbol: "A", qty: 10, currency: "USD", avgPrice: 25 }];
    const gathered = gather(
      sources({ market: () => view({ rates, prices }) }),
      account({ positions, open, account: dollarAccount(1_000, 0) }),
      nowMs,
    );
    expect(gathered).toMatchObject({ kind: "input", input: { base: "EUR", cashEur: 800, reservedEur: 480 } });
    const stocks = gathered.kind === "input" ? gathered.input.stocks : [];
    expect(stocks.find(({ symbol }) => symbol === "A")).toMatchObject({ priceEur: 40, averageCostEur: 20, qty: 10 });
    expect(stocks.find(({ symbol }) => symbol === "B")?.blocked).toMatch(/^order .* is partly-filled$/);
  });

  test("an account in euros pays for a conversion of dollars, and its cash of every currency counts", () => {
    const rates = { base: "EUR", perBase: new Map([["USD", 1.25]]) };
    const of = { accountId: "1", currency: "EUR", cash: { EUR: 1_000, USD: 50 }, equity: 1_040 };
    const gathered = gather(sources({ market: () => view({ rates }) }), account({ account: of }), nowMs);
    expect(gathered).toMatchObject({ input: { accountCurrency: "EUR", cashEur: 1_040 } });
    const missing = { ...of, cash: { EUR: 1_000, CHF: 1 } };
    expect(gather(sources({ market: () => view({ rates }) }), account({ account: missing }), nowMs)).toEqual({
      kind: "unknown",
      why: "no good rate of CHF to EUR",
    });
  });

  test("without a rate for the cash, or a price for an order in doubt, nothing is decided", () => {
    const rates = { base: "EUR", perBase: new Map() };
    expect(gather(sources({ market: () => view({ rates }) }), account(), nowMs).kind).toBe("unknown");
    const open = [intent(1, { symbol: "Z", state: "unknown" })];
    expect(gather(sources(), account({ open }), nowMs)).toEqual({
      kind: "unknown",
      why: "an order whose end is unknown has no price, so the free cash is unknown",
    });
  });

  test("what the broker cannot trade has no share and its reason; what nobody listed counts and is left alone", () => {
    const [first, ...rest] = sources().universe().stocks;
    if (first === undefined) throw new Error("no stock");
    const given = sources({
      universe: () => ({ stocks: rest, excluded: [{ stock: first, why: "US listings only" }] }),
      market: () => view(dollarPrices([...symbols.map((symbol) => [symbol, 20] as const), ["ZZZ", 50]])),
    });
    const { considered } = planOf(
      given,
      account({ positions: [{ symbol: "ZZZ", qty: 1_000, currency: "USD", avgPrice: 40 }] }),
    );
    const why = (symbol: string) => considered.rejected.find((each) => each.symbol === symbol)?.why;
    expect(why("A")).toBe("A is not bought (broker): US listings only.");
    expect(why("ZZZ")).toBe("ZZZ is not bought (broker): it is not in the universe.");
  });
});

const closes = (last: number) => Array.from({ length: 400 }, (_, day) => (day === 300 ? 100 : day > 390 ? last : 60));

describe("figures of the cache", () => {
  let dir: string;
  let cache: MarketCache;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "trader-figures-"));
    cache = openMarketCache(join(dir, "market.db"));
  });
  afterEach(() => {
    cache.close();
    rmSync(dir, { recursive: true, force: true });
  });

  test("[do-not-inherit 8] the guard of the 52-week high reads what the price sync wrote: a stock near its high is not bought", () => {
    const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
    for (const [symbol, last] of [
      ["HIGH", 96],
      ["LOW", 80],
    ] as const) {
      const bars = closes(last).map((close, index) => ({
        symbol,
        dayMs: today - (399 - index) * DAY_MS,
        close,
        dividend: 0,
      }));
      writeBars(cache, bars);
      const all = { daysMs: bars.map(({ dayMs }) => dayMs), closes: closes(last), adjustedCloses: closes(last) };
      const { total, confidence, groups } = scoreStock({
        prices: all,
        fundamentals: null,
        nowMs: today,
      });
      writeScores(cache, [{ symbol, total, confidence, explanation: JSON.stringify(groups), computedAtMs: nowMs }]);
    }
    const names = ["HIGH", "LOW"];
    const given = {
      ...eagerSources(names, () =>
        view({
          ...dollarPrices([
            ["HIGH", 96],
            ["LOW", 80],
          ]),
          scores: new Map([
            ["HIGH", 0.7],
            ["LOW", 0.7],
          ]),
        }),
      ),
      figures: (asked: readonly string[]) => stockFigures(cache, asked),
    };
    const made = planOf(given);
    expect(made.trades.map(({ symbol }) => symbol)).toEqual(["LOW"]);
    expect(made.considered.rejected.map(({ why }) => why)).toContain(
      "HIGH is not bought (52-week high): it stands at 96.0% of its high of 52 weeks, from 95.0% on it is not bought.",
    );
  });

  test("quality, growth and the sell score come from the explanation and the bars; without them they are unknown", () => {
    const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const closes = Array.from({ length: 800 }, (_, day) => 50 * 1.0004 ** day * (day % 2 ? 1.001 : 1));
    const bars = closes.map((close, index) => ({
      symbol: "A",
      dayMs: today - (799 - index) * DAY_MS,
      close,
      dividend: 0,
    }));
    writeBars(cache, bars.slice(0, 400));
    writeBars(cache, bars.slice(400));
    const prices = { daysMs: bars.map(({ dayMs }) => dayMs), closes, adjustedCloses: closes };
    const { total, confidence, groups } = scoreStock({ prices, fundamentals: null, nowMs: today });
    writeScores(cache, [{ symbol: "A", total, confidence, explanation: JSON.stringify(groups), computedAtMs: nowMs }]);
    const figures = stockFigures(cache, ["A", "NEW"]);
    const holding = { gain: 0.1, heldDays: 400, share: 0.1, regionShare: 0.5, industryShare: 0.3 };
    expect(figures.get("A")).toMatchObject({ confidence, growth: expect.closeTo(0.157, 2) });
    expect(figures.get("A")?.quality).toBe(groups.find(({ name }) => name === "long term")?.value);
    expect(figures.get("A")?.sellScore(holding)).toBeGreaterThan(0);
    expect(figures.get("NEW")).toMatchObject({ confidence: 0, quality: null, growth: null });
    expect(figures.get("NEW")?.toHigh(10)).toBeNull();
  });
});

const thirtyDays = () => ({ ...eagerSettings, buyCoolOffDays: 30 });

describe("the check of an order right before it is sent", () => {
  const order = intent(2, { symbol: "B", qty: 100 });
  const store = memoryPlanStore();
  store.insert(plan([intent(1, { symbol: "A", state: "filled" }), order], { status: "confirmed" }));
  const check = (over: Partial<PlanningSources> = {}, of = account(), owners: OwnerOrder | null = null) =>
    checkOrder(
      {
        ...sources(over),
        broker: { positions: async () => of.positions, account: async () => of.account },
        store,
        clock: { nowMs: () => nowMs },
        ownerOrderAt: (slot, n) => (slot === order.slot && n === order.n ? owners : null),
      },
      order,
    );

  test("lets pass what the rules allow: the order itself is neither open nor traded", async () => {
    expect(await check()).toBeNull();
  });

  test("says what forbids it by now", async () => {
    const blocked = new Map([["B", "XNYS is closed (lunch break)"]]);
    expect(await check({ market: () => view({ blocked }) })).toBe(
      "Order 2 to buy B was not sent: XNYS is closed (lunch break) (blocked).",
    );
    expect(await check({ allowances: () => ({ buy: "everything is stopped", sell: null }) })).toContain("(protection)");
    expect(await check({}, account({ account: dollarAccount(2_000) }))).toContain("(cash reserve)");
    const [, , ...others] = sources().universe().stocks;
    expect(await check({ universe: () => ({ stocks: others, excluded: [] }) })).toContain("it is not in the universe");
    expect(await check({ settings: () => ({ ...eagerSettings, positionMax: 0.01 }) })).toContain("(position cap)");
  });

  test("whether it still looks attractive is not asked: a plan that stands is carried out", async () => {
    expect(await check({ market: () => view({ scores: new Map() }) })).toBeNull();
  });

  test("a rule that its owner overrides does not hold it back, and no other is overridden by that", async () => {
    const bought = { lastBoughtMs: nowMs, lastSoldMs: null, heldSinceMs: 0 };
    const lately = { settings: thirtyDays, tradeTimes: () => new Map([["B", bought]]) };
    expect(await check(lately)).toContain("(buy cool-off)");
    const owners: OwnerOrder = { id: "wish", symbol: "B", side: "buy", qty: 100, overrides: ["buy-cool-off"] };
    expect(await check(lately, account(), owners)).toBeNull();
    expect(await check(lately, account(), { ...owners, overrides: ["minimum-size"] })).toContain("(buy cool-off)");
    const closed = { ...lately, allowances: () => ({ buy: "everything is stopped", sell: null }) };
    expect(await check(closed, account(), owners)).toContain("(protection)");
  });

  test("a failed read allows nothing", async () => {
    const failing = { positions: () => Promise.reject(new Error("502")), account: async () => account().account };
    const deps = { ...sources(), broker: failing, store, clock: { nowMs: () => nowMs }, ownerOrderAt: () => null };
    await expect(checkOrder(deps, order)).rejects.toThrow("502");
  });
});
