import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appClock, realTime } from "../../src/clock.ts";
import { openMarketCache, readQuotes, readScores, type MarketCache } from "../../src/db/market-cache.ts";
import { embeddedUniverse } from "../../src/db/universe.ts";
import { listingOf } from "../../src/market/listing.ts";
import { MarketWarmer, type WarmerOptions } from "../../src/market-warmer.ts";
import type { MarketSource } from "../../src/market/source.ts";

const dayMs = 86_400_000;
let dir: string;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-warmer-"));
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  cache.close();
  rmSync(dir, { recursive: true });
});

const source: MarketSource = {
  company: null,
  quotes: (symbols) =>
    Promise.resolve(symbols.map((symbol) => ({ symbol, price: 100, currency: "USD", asOfMs: 300 * dayMs }))),
  dailyBars: () =>
    Promise.resolve({
      currency: "USD",
      splits: [],
      bars: Array.from({ length: 300 }, (_, i) => ({ dayMs: (i + 1) * dayMs, close: 100, adjclose: 100, dividend: 0 })),
    }),
};
let primary: ReturnType<WarmerOptions["primaryApp"]> = null;
const copied: string[] = [];
const warmer = (from: MarketSource): MarketWarmer =>
  new MarketWarmer({
    deps: { source: from, cache, clock: appClock(realTime, () => 5_000), base: "USD" },
    listings: embeddedUniverse.map(listingOf),
    primaryApp: () => primary,
    copy: async (address) => {
      copied.push(address);
      return "copied";
    },
    log: pino({ level: "silent" }),
  });

test("a round leaves prices and scores of the stocks of a new ledger", async () => {
  await warmer(source).round(new AbortController().signal);
  expect(readQuotes(cache).size).toBe(20);
  expect(readScores(cache).size).toBe(20);
});

test("while a primary is known the source is not asked: its rows are copied", async () => {
  primary = { address: "uno-b:8000" };
  const asked: string[] = [];
  const counted: MarketSource = {
    ...source,
    quotes: (symbols, signal) => (asked.push("quotes"), source.quotes(symbols, signal)),
  };
  await warmer(counted).round(new AbortController().signal);
  expect(copied).toEqual(["uno-b:8000"]);
  primary = "unknown";
  expect(await warmer(counted).round(new AbortController().signal)).toBe(false);
  expect(asked).toEqual([]);
  primary = null;
  await warmer(counted).round(new AbortController().signal);
  expect(asked).toEqual(["quotes"]);
});

test("a failed round leaves what there was, and rejects nothing", async () => {
  await warmer(source).round(new AbortController().signal);
  await warmer({ ...source, quotes: () => Promise.reject(new Error("away")) }).round(new AbortController().signal);
  expect(readQuotes(cache).size).toBe(20);
});

test("the rounds end at the stop", async () => {
  const one = warmer(source);
  const rounds = one.run();
  one.stop();
  await rounds;
});
