import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { readFundamentals } from "../../../src/db/fundamentals-cache.ts";
import { readBars, readBlocks, readQuotes, readScores } from "../../../src/db/market-cache.ts";
import type { YahooTrader } from "../../support/yahoo-trader.ts";
import { calmDays } from "../../support/yahoo-wire.ts";
import { html, newYork, of, startMs, startTrader, stocks, text, today } from "./yahoo-fixture.ts";

const explained = z.array(
  z.object({ name: z.string(), parts: z.array(z.object({ name: z.string(), value: z.number().nullable() })) }),
);

let trader: YahooTrader;
afterEach(() => {
  // Whatever happened, no crumb is anywhere.
  expect(trader.logged.join("")).not.toContain("crumb-");
  trader.close();
});
const start = (known = stocks()): YahooTrader => (trader = startTrader(known));
const attempts = (): readonly string[] => trader.attempts();
const isChart = ({ pathname }: URL): boolean => pathname.startsWith("/v8/finance/chart");

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
    ["no answer", () => trader.giveNoAnswer(), "did not answer"],
  ])("%s for a chart: no bars, no price, no trade of it", async (_name, answer, said) => {
    start();
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

  expect(outcomes["rebalance"]).toMatch(/^buy \d+ SIE\.DE filled\.$/);
  expect(readBlocks(trader.cache, startMs).get("EURUSD=X")?.kind).toBe("jump");
  expect(readBars(trader.cache, "SIE.DE", 9)).toHaveLength(9);
});
