import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { readFundamentals } from "../../../src/db/fundamentals-cache.ts";
import { readBars, readBlocks, readQuotes, readScores } from "../../../src/db/market-cache.ts";
import type { NewStock } from "../../../src/db/universe.ts";
import { yahooTrader, type YahooTrader } from "../../support/yahoo-trader.ts";
import { calmDays, type WireStock } from "../../support/yahoo-wire.ts";

const startMs = Date.UTC(2026, 10, 25, 15);
const today = Date.UTC(2026, 10, 25);
const newYork = -5 * 3600;

const explained = z.array(
  z.object({ name: z.string(), parts: z.array(z.object({ name: z.string(), value: z.number().nullable() })) }),
);

const stock = (symbol: string, currency: string): NewStock => ({
  symbol,
  name: symbol,
  region: currency === "USD" ? "US" : "EU",
  industries: ["Technology"],
  currency,
});
const universe = [...["AAPL", "MSFT", "JPM", "PG"].map((symbol) => stock(symbol, "USD")), stock("SIE.DE", "EUR")];
const of = (level: number, unit = "USD", offsetS = newYork): WireStock => ({
  unit,
  offsetS,
  days: calmDays(today, 100, level),
  summary: {
    financialData: { maxAge: 1, recommendationKey: "strong_buy", numberOfAnalystOpinions: 12, financialCurrency: unit },
    summaryDetail: {
      maxAge: 1,
      priceHint: 2,
      payoutRatio: 0.4,
      fiveYearAvgDividendYield: 2.5,
      currency: unit,
      algorithm: null,
      tradeable: false,
      fromCurrency: null,
      lastMarket: null,
    },
  },
});
const stocks = (): Map<string, WireStock> =>
  new Map([
    ["AAPL", of(200)],
    ["MSFT", of(400)],
    ["JPM", of(150)],
    ["PG", of(120)],
    ["SIE.DE", of(180, "EUR", 3600)],
    ["EURUSD=X", of(1.1, "USD", 0)],
  ]);

let trader: YahooTrader;
afterEach(() => {
  // Whatever happened, no crumb is anywhere.
  expect(trader.logged.join("")).not.toContain("crumb-");
  trader.close();
});
/** Real time: short only where nothing answers, since a busy machine takes its time. */
const start = (known = stocks(), requestLimitMs = 5_000): YahooTrader =>
  (trader = yahooTrader({ universe, stocks: known, startMs, requestLimitMs }));
const attempts = (): readonly string[] => trader.broker.book.attempts.map(({ symbol }) => symbol);
const isQuote = ({ pathname }: URL): boolean => pathname.startsWith("/v7/finance/quote");
const isChart = ({ pathname }: URL): boolean => pathname.startsWith("/v8/finance/chart");

test("without a fault a slot ends in an order, at a price in euros", async () => {
  start();
  const outcomes = await trader.slot();
  expect(outcomes["price-sync"]).toBe("5 prices, 500 daily bars");
  expect(outcomes["company-sync"]).toBe("figures of 5 companies");
  expect(outcomes["rebalance"]).toMatch(/^buy \d+ \S+ filled\.$/);
  expect(attempts()).toHaveLength(1);
  expect(trader.yahoo.requests.filter((path) => path.startsWith("/v7/"))).toHaveLength(1);
});

test("while the wall clock may be wrong nothing is traded, whatever the prices", async () => {
  start();
  trader.timeTrouble = "the clock was not checked yet";
  const outcomes = await trader.slot();
  expect(outcomes["price-sync"]).toContain("5 prices");
  expect(outcomes["rebalance"]).toBe("Nothing is traded: the clock was not checked yet.");
  expect(attempts()).toEqual([]);
});

const text = (status: number, body: string): Response => new Response(body, { status });
const html = "<html>not now</html>";
/** Each makes every quote fail for good; the second is what the price sync says of it. */
const dead: readonly (readonly [string, () => Response | Promise<Response>, string])[] = [
  ["429", () => text(429, "Too Many Requests"), "status 429"],
  ["429 as JSON", () => Response.json({ message: "slow down" }, { status: 429 }), "status 429"],
  ["502", () => text(502, "Bad Gateway"), "status 502"],
  ["502 as JSON without a reason", () => Response.json({ message: "away" }, { status: 502 }), "status 502"],
  ["403 as JSON without a reason", () => Response.json({ message: "no" }, { status: 403 }), "status 403"],
  ["a page with 200", () => text(200, html), "no JSON"],
  ["truncated JSON", () => text(200, '{"quoteResponse":{"result":[{"symbol":"AA'), "no JSON"],
  [
    "a reset socket",
    () => Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNRESET") })),
    "ECONNRESET",
  ],
  ["no answer", () => new Promise<Response>(() => {}), "did not answer within 40 ms"],
];

describe("a fault of every quote", () => {
  test.each(dead)("%s: said, tried again in bounds, and nothing is traded", async (_name, answer, said) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    start(stocks(), said.includes("40 ms") ? 40 : undefined);
    trader.yahoo.fault = (url) => (isQuote(url) ? answer() : null);
    const outcomes = await trader.slot();
    expect(outcomes["price-sync"]).toContain(said);
    expect(outcomes["price-sync"]).toMatch(/^failed: /);
    expect(outcomes["rebalance"]).toMatch(/^Nothing to do/);
    expect(attempts()).toEqual([]);
    const tries = trader.yahoo.requests.filter((path) => path.startsWith("/v7/")).length;
    expect(tries).toBe(said === "status 403" ? 1 : 3);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  test.each(["429", "502", "a reset socket", "a page with 200"])(
    "%s that passes costs a wait and no more",
    async (name) => {
      start();
      const answer = dead.find(([of]) => of === name)?.[1];
      let faults = 2;
      trader.yahoo.fault = (url) => (isQuote(url) && faults-- > 0 ? (answer?.() ?? null) : null);
      expect((await trader.slot())["rebalance"]).toMatch(/^buy /);
      // Seconds: 1 and 2, each at three quarters by this test's chance, and the requests' own pace.
      expect(trader.waitedMs()).toBeGreaterThan(2_250);
    },
  );

  test("a wait that the source asks for is kept to, unless it is longer than a run", async () => {
    start();
    let seconds = "7";
    let faults = 1;
    const limited = (): Response => new Response("", { status: 429, headers: { "retry-after": seconds } });
    trader.yahoo.fault = (url) => (isQuote(url) && faults-- > 0 ? limited() : null);
    expect((await trader.slot())["price-sync"]).toContain("5 prices");
    expect(trader.waitedMs()).toBeGreaterThan(7_000);
    [seconds, faults] = ["3600", 1];
    trader.pass(300_000);
    expect((await trader.slot())["price-sync"]).toContain(
      "failed: SourceFault: the market source answered with status 429",
    );
  });

  test("old prices are traded on for half an hour after Yahoo went away, then no longer", async () => {
    start();
    await trader.slot();
    trader.yahoo.fault = (url) => (isQuote(url) ? text(502, "") : null);
    trader.pass(900_000);
    const soon = await trader.slot();
    expect(soon["price-sync"]).toContain("failed");
    expect(soon["rebalance"]).toMatch(/^buy /);
    trader.pass(1_800_000);
    expect((await trader.slot())["rebalance"]).toMatch(/^Nothing to do: .* is held but has no price/);
    expect(attempts()).toHaveLength(2);
  });
});

describe("the handshake", () => {
  test("a stale crumb is renewed with a new jar, once and for all that follows", async () => {
    start();
    await trader.slot();
    trader.yahoo.forgetCrumbs();
    trader.pass(900_000);
    expect((await trader.slot())["price-sync"]).toContain("5 prices");
    expect(trader.yahoo.requests.filter((path) => path.includes("getcrumb"))).toHaveLength(2);
  });

  test.each([
    ["no cookie", (url: URL) => (url.pathname.startsWith("/quote/") ? text(200, html) : null)],
    ["429 on the crumb", (url: URL) => (url.pathname.includes("getcrumb") ? text(429, "Too Many Requests") : null)],
    ["a page for a crumb", (url: URL) => (url.pathname.includes("getcrumb") ? text(200, html) : null)],
  ])("%s fails the sync, and does no harm once it is over", async (_name, fault) => {
    start();
    trader.yahoo.fault = fault;
    expect((await trader.slot())["price-sync"]).toMatch(/^failed: /);
    expect(attempts()).toEqual([]);
    trader.yahoo.fault = null;
    trader.pass(900_000);
    expect((await trader.slot())["rebalance"]).toMatch(/^buy /);
  });
});

describe("a fault of one stock leaves the others alone", () => {
  test("an unknown symbol is named, and has no price", async () => {
    const known = stocks();
    known.delete("PG");
    start(known);
    expect((await trader.slot())["price-sync"]).toBe("4 prices, 400 daily bars; without PG: no quote");
    expect(attempts()).not.toContain("PG");
  });

  test("a quote without its form fails a batch of six; halves tell which, and the five others are there", async () => {
    const known = stocks();
    known.set("JPM", { ...of(150), quote: { marketState: 7 } });
    start(known);
    const outcomes = await trader.slot();
    expect(outcomes["price-sync"]).toBe("4 prices, 400 daily bars; without JPM: no quote");
    expect(outcomes["rebalance"]).toMatch(/^buy /);
    expect(readQuotes(trader.cache).has("JPM")).toBe(false);
  });

  test.each([
    [
      "404",
      () =>
        Response.json(
          { chart: { result: null, error: { code: "Not Found", description: "No data found" } } },
          { status: 404 },
        ),
      "No data found",
    ],
    ["a page", () => text(200, html), "no JSON"],
    ["the wrong form", () => Response.json({ chart: { result: [{ meta: {} }], error: null } }), "has not the form"],
    ["no answer", () => new Promise<Response>(() => {}), "did not answer"],
  ])("%s for a chart: no bars, no price, no trade of it", async (_name, answer, said) => {
    start(stocks(), said === "did not answer" ? 40 : undefined);
    trader.yahoo.fault = (url) => (isChart(url) && url.pathname.endsWith("MSFT") ? answer() : null);
    const outcomes = await trader.slot();
    expect(outcomes["price-sync"]).toContain("4 prices, 400 daily bars; without MSFT: ");
    expect(outcomes["price-sync"]).toContain(said);
    expect(attempts()).not.toContain("MSFT");
  });

  test("a source that went away in the middle is not asked for all the rest", async () => {
    start();
    trader.yahoo.fault = (url) => (isChart(url) ? text(502, "") : null);
    const outcome = (await trader.slot())["price-sync"];
    expect(outcome).toContain("not asked for, as the source does not answer");
    expect(trader.yahoo.requests.filter((path) => path.startsWith("/v8/"))).toHaveLength(9);
    expect(attempts()).toEqual([]);
  });

  test.each([
    ["pence as pounds", 20_000, "USD", "a hundredfold"],
    ["nothing", 0, "USD", "no quote"],
    ["a dividend as the price", 1.07, "USD", "what was paid as a dividend"],
    ["another currency", 200, "EUR", "bars in EUR, not in USD"],
  ])("%s for a price is not traded on", async (_name, price, unit, said) => {
    const known = stocks();
    const days = calmDays(today, 100, 200).map((day, n) => (n === 90 ? { ...day, dividend: 1.07 } : day));
    known.set("AAPL", { unit, offsetS: newYork, days: days.with(99, { dayMs: today, close: price }) });
    start(known);
    const outcomes = await trader.slot();
    expect(outcomes["price-sync"]).toContain("without AAPL: ");
    expect(outcomes["price-sync"]).toContain(said);
    expect(attempts()).toHaveLength(1);
    expect(attempts()).not.toContain("AAPL");
  });
});

describe("companies", () => {
  test("a module without its form leaves the others; none is a failure of prices or of trade", async () => {
    const known = stocks();
    const wrong = { ...of(200), summary: { ...of(200).summary, financialData: { maxAge: 1, currentPrice: "dear" } } };
    known.set("AAPL", wrong);
    known.set("PG", { ...of(120), summary: {} });
    start(known);
    const outcomes = await trader.slot();
    expect(outcomes["company-sync"]).toBe("figures of 5 companies; without PG: the source has no figures");
    expect(outcomes["rebalance"]).toMatch(/^buy /);
    const asked = trader.yahoo.requests.filter((path) => path.includes("quoteSummary/AAPL"));
    expect(asked).toHaveLength(3);
    const figures = readFundamentals(trader.cache).get("AAPL")?.figures;
    expect(figures).toMatchObject({ payoutRatio: 0.4, recommendationKey: null });
  });

  test("[do-not-inherit 13] payout ratio, snake-case recommendation and five-year yield reach the scores in their units", async () => {
    start();
    await trader.slot();
    const figures = readFundamentals(trader.cache).get("AAPL")?.figures;
    expect(figures).toMatchObject({ payoutRatio: 0.4, fiveYearDividendYield: 0.025, recommendationKey: "strong_buy" });
    const groups = explained.parse(JSON.parse(readScores(trader.cache).get("AAPL")?.explanation ?? ""));
    const value = (group: string, part: string) =>
      groups.find(({ name }) => name === group)?.parts.find(({ name }) => name === part)?.value;
    // Half of it for paying 40 % of its earnings (1), half for .5 + 5 times the yield of 2.5 %.
    expect(value("dividends", "consistency")).toBeCloseTo((1 + 0.625) / 2, 9);
    expect(value("opinion", "recommendation")).toBe(1);
  });

  test("they are asked for once a day", async () => {
    start();
    await trader.slot();
    trader.pass(900_000);
    expect((await trader.slot())["company-sync"]).toBe("figures of 0 companies");
  });
});

test("a rate in doubt blocks its currency only, and says why", async () => {
  const known = stocks();
  known.set("EURUSD=X", {
    ...of(1.1, "USD", 0),
    days: calmDays(today, 100, 1.1).with(99, { dayMs: today, close: 110 }),
  });
  start(known);
  const outcomes = await trader.slot();
  expect(outcomes["price-sync"]).toContain("EURUSD=X: 110 where the rate was around 1.");
  // The account is in dollars, so without a rate nobody knows what it can buy.
  expect(outcomes["rebalance"]).toBe("Nothing to do: no good rate of USD to EUR.");
  expect(readBlocks(trader.cache, startMs).get("EURUSD=X")?.kind).toBe("jump");
  expect(readBars(trader.cache, "SIE.DE", 9)).toHaveLength(9);
});
