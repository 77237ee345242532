import { rmSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { readBars, readQuotes } from "../../../src/db/market-cache.ts";
import { yahooUniverse } from "../../../src/db/universe.ts";
import { listingOf } from "../../../src/market/listing.ts";
import { yahooTrader, type YahooTrader } from "../../support/yahoo-trader.ts";
import { calmDays, type WireStock } from "../../support/yahoo-wire.ts";

const today = Date.UTC(2026, 10, 25);
const startMs = Date.UTC(2026, 10, 25, 15);
const rates = { USD: 1.1, DKK: 7.46, JPY: 160, KRW: 1_500, HKD: 8.6 };
const offsets = new Map([["ASIA", 8 * 3600], ["EU", 3600], ["US", -5 * 3600]]); // prettier-ignore

const stocks = new Map<string, WireStock>([
  ...yahooUniverse.map((stock): [string, WireStock] => {
    const { yahooSymbol, currency } = listingOf(stock);
    return [yahooSymbol, { unit: currency, offsetS: offsets.get(stock.region) ?? 0, days: calmDays(today, 120, 90) }];
  }),
  ...Object.entries(rates).map(([currency, level]): [string, WireStock] => [
    `EUR${currency}=X`,
    { unit: currency, offsetS: 0, days: calmDays(today, 120, level) },
  ]),
]);

let traders: YahooTrader[] = [];
afterEach(() => {
  for (const trader of traders) trader.close();
  for (const dir of new Set(traders.map((trader) => trader.dir))) rmSync(dir, { recursive: true, force: true });
  traders = [];
});
function start(options: Partial<Parameters<typeof yahooTrader>[0]> = {}): YahooTrader {
  const trader = yahooTrader({ universe: yahooUniverse, stocks, startMs, ...options });
  traders.push(trader);
  return trader;
}

test("a fresh node of 25 stocks has its first plan within half a minute at three requests a second, and says how far it is", async () => {
  const trader = start();
  const shown = new Set<string>();
  trader.board.onChange = () => shown.add(trader.board.current ?? "");
  const sent: number[] = [];
  trader.yahoo.fault = () => {
    sent.push(trader.waitedMs());
    return null;
  };
  const outcomes = await trader.slot();
  expect(outcomes["price-sync"]).toBe("25 prices, 3000 daily bars");
  expect(outcomes["rebalance"]).toMatch(/^buy \d+ \S+ filled\.$/);
  // Cookie, crumb, one batch of 30; a chart for each; then each company's figures.
  expect(trader.yahoo.requests).toHaveLength(3 + 30 + 25);
  // What it takes in reality, besides the answers' own time: 19 s.
  expect(trader.waitedMs()).toBe((3 + 30 + 25 - 1) * 334);
  for (let n = 3; n < sent.length; n++) expect((sent[n] ?? 0) - (sent[n - 3] ?? 0)).toBeGreaterThanOrEqual(1_000);
  expect([...shown].some((text) => /^PRICES \d+ OF 30\.\.\.$/.test(text))).toBe(true);
  expect([...shown].some((text) => /^COMPANIES \d+ OF 25\.\.\.$/.test(text))).toBe(true);
});

test("a start that is killed on the way goes on where it was: nothing that is there is asked for again", async () => {
  const first = start();
  const killed = new AbortController();
  first.yahoo.fault = () => {
    if (first.yahoo.requests.length === 20) killed.abort(new Error("killed"));
    return null;
  };
  expect((await first.slot(killed.signal))["price-sync"]).toContain("killed");
  const there = [...stocks.keys()].filter((symbol) => readBars(first.cache, symbol, 1).length > 0);
  expect(there).toHaveLength(16);
  expect(readQuotes(first.cache).size).toBe(11);
  first.ledger.close();
  first.cache.close();

  const second = start({ dir: first.dir });
  traders = [second];
  const outcomes = await second.slot();
  expect(outcomes["price-sync"]).toContain("25 prices");
  expect(outcomes["rebalance"]).toMatch(/^buy /);
  const charts = second.yahoo.requests
    .filter((path) => path.startsWith("/v8/"))
    .map((path) => path.split(/[/?]/)[5] ?? "");
  expect(charts).toHaveLength(30 - 16);
  expect(charts.filter((symbol) => there.includes(decodeURIComponent(symbol)))).toEqual([]);
});
