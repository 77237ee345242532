import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eq } from "../../../src/db/drizzle.ts";
import { embeddedUniverse } from "../../../src/db/universe.ts";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { cash, positions, snapshots, universe } from "../../../src/db/ledger-schema.ts";
import {
  openMarketCache,
  readBars,
  readBlocks,
  readQuotes,
  readScores,
  type MarketCache,
} from "../../../src/db/market-cache.ts";
import { cachedMarket } from "../../../src/jobs/book-sync.ts";
import { portfolioSyncJob } from "../../../src/jobs/portfolio-sync.ts";
import { priceSyncJob } from "../../../src/jobs/price-sync.ts";
import { scoreRefreshJob, warmMarket } from "../../../src/jobs/score-refresh.ts";
import { slotAt } from "../../../src/jobs/slots.ts";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { REPLAY_DAY_MS, REPLAY_FIRST_DAY } from "../../../src/market/replay-clock.ts";
import type { DailyBars, MarketSource } from "../../../src/market/source.ts";
import { listingOf } from "../../../src/market/listing.ts";
import { createYahoo } from "../../../src/market/yahoo.ts";
import type { Broker, BrokerAccount, BrokerPosition } from "../../../src/trading/broker.ts";
import { dollarAccount } from "../../support/dollar-account.ts";

const market = loadEmbeddedMarket();
const log = pino({ level: "silent" });
const originAppMs = Date.UTC(2026, 10, 22, 14, 15);
const slot = slotAt(originAppMs);
const { signal } = new AbortController();
const base = "USD";

let dir: string;
let ledger: Ledger;
let cache: MarketCache;
let nowMs: number;
const clock = { originAppMs, nowMs: () => nowMs };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-jobs-"));
  ledger = openLedger(join(dir, "ledger.db"), 250);
  cache = openMarketCache(join(dir, "market.db"));
  nowMs = originAppMs;
});
afterEach(() => {
  ledger.close();
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

const quoteOf = (symbol: string, price: number) => ({ symbol, price, currency: "USD", asOfMs: 86_400_000 });
const fake = (overrides: Partial<MarketSource>): MarketSource => ({
  quotes: async (symbols) => symbols.map((symbol) => quoteOf(symbol, 100)),
  dailyBars: async () => bars([100]),
  company: null,
  ...overrides,
});
const bars = (closes: readonly number[], fromMs = 0): DailyBars => {
  const all = closes.map((close, day) => ({ dayMs: day * 86_400_000, close, adjclose: null, dividend: 0 }));
  return { currency: "USD", bars: all.filter(({ dayMs }) => dayMs >= fromMs), splits: [] };
};
const twoStocks = () => {
  ledger.db.update(universe).set({ active: false }).run();
  for (const symbol of ["GE", "XOM"])
    ledger.db.update(universe).set({ active: true }).where(eq(universe.symbol, symbol)).run();
};

describe("price sync and score refresh", () => {
  test("bring the recorded market in, then only what is new", async () => {
    const source = createYahoo({ source: "embedded", clock, log });
    const job = priceSyncJob({ source, cache, clock, ledger, base });
    expect(await job.run(slot, signal)).toMatch(/^20 prices, \d{5} daily bars$/);
    expect(readBars(cache, "XOM", 1)[0]?.close).toBe(market.closeUsd("XOM", REPLAY_FIRST_DAY));
    expect(await job.run(slot, signal)).toBe("20 prices, 0 daily bars");
    nowMs += REPLAY_DAY_MS;
    expect(await job.run(slot, signal)).toBe("20 prices, 40 daily bars");
    expect(readQuotes(cache).get("XOM")).toMatchObject({
      price: market.closeUsd("XOM", REPLAY_FIRST_DAY + 1),
      fetchedAtMs: nowMs,
    });
    expect(await scoreRefreshJob({ cache, clock, ledger }).run(slot, signal)).toMatch(
      /^20 scores, best [A-Z]+ 0\.\d\d$/,
    );
    for (const { symbol, confidence, explanation } of readScores(cache).values()) {
      // Two years of closes and nothing else.
      expect(confidence, symbol).toBeGreaterThan(0.3);
      expect(confidence, symbol).toBeLessThan(0.4);
      expect(explanation).toContain('"name":"momentum"');
    }
  });

  test("two nodes come to the same prices and scores by themselves", async () => {
    const other = openMarketCache(join(dir, "other.db"));
    const listings = embeddedUniverse.map(listingOf);
    nowMs += REPLAY_DAY_MS;
    await warmMarket({ source: createYahoo({ source: "embedded", clock, log }), cache, clock, base }, listings, signal);
    await warmMarket(
      { source: createYahoo({ source: "embedded", clock, log }), cache: other, clock, base },
      listings,
      signal,
    );
    expect(readQuotes(other)).toEqual(readQuotes(cache));
    expect(readScores(other)).toEqual(readScores(cache));
    other.close();
  });

  test("a stock that fails is named and keeps its last good price", async () => {
    twoStocks();
    await priceSyncJob({ source: fake({}), cache, clock, ledger, base }).run(slot, signal);
    const source = fake({ quotes: async () => [{ ...quoteOf("XOM", 101), asOfMs: 90_000_000 }] });
    nowMs += 1;
    expect(await priceSyncJob({ source, cache, clock, ledger, base }).run(slot, signal)).toContain(
      "without GE: no quote",
    );
    expect(readQuotes(cache).get("GE")).toMatchObject({ price: 100, fetchedAtMs: nowMs - 1 });
    expect(readQuotes(cache).get("XOM")).toMatchObject({ price: 101, fetchedAtMs: nowMs });
  });

  test("a price that looks wrong is not stored, and blocks its stock with reason and end", async () => {
    twoStocks();
    const source = fake({ quotes: async () => [quoteOf("XOM", 10_000), quoteOf("GE", 100)] });
    const job = priceSyncJob({ source, cache, clock, ledger, base });
    expect(await job.run(slot, signal)).toContain("without XOM: 100 to 10000: a hundredfold");
    expect([...readQuotes(cache).keys()]).toEqual(["GE"]);
    const sinceMs = nowMs;
    const untilMs = nowMs + 86_400_000;
    expect([...readBlocks(cache, nowMs).values()]).toMatchObject([{ symbol: "XOM", kind: "unit", sinceMs, untilMs }]);
    nowMs += 60_000;
    await job.run(slot, signal);
    expect(readBlocks(cache, nowMs).get("XOM")).toMatchObject({ sinceMs, untilMs: untilMs + 60_000 });
    expect(readBlocks(cache, untilMs + 60_000).size).toBe(0);
  });

  test("a quote in another currency, or long older than the others, blocks its stock", async () => {
    twoStocks();
    const quotes = [
      { ...quoteOf("XOM", 100), currency: "GBP" },
      { ...quoteOf("GE", 100), asOfMs: 40 * 86_400_000 },
    ];
    const job = priceSyncJob({ source: fake({ quotes: async () => quotes }), cache, clock, ledger, base });
    await job.run(slot, signal);
    expect(readBlocks(cache, nowMs).get("XOM")).toMatchObject({ kind: "currency" });
    quotes[0] = { ...quoteOf("XOM", 100), asOfMs: 60 * 86_400_000 };
    expect(await job.run(slot, signal)).toContain("GE: last traded on 1970-02-10");
  });

  test("bars that look wrong are not stored; after a split the whole history is fetched again", async () => {
    twoStocks();
    ledger.db.update(universe).set({ active: false }).where(eq(universe.symbol, "GE")).run();
    const served = { closes: [100, 101, 102] };
    const source = fake({
      quotes: async () => [{ ...quoteOf("XOM", served.closes.at(-1) ?? 0), asOfMs: served.closes.length * 86_400_000 }],
      dailyBars: async (_, fromMs) => bars(served.closes, fromMs),
    });
    const job = priceSyncJob({ source, cache, clock, ledger, base });
    await job.run(slot, signal);
    served.closes = [100, 101, 102, 51];
    await expect(job.run(slot, signal)).rejects.toThrow("102 to 51: like a split of 1:2 that was not applied");
    expect(readBars(cache, "XOM", 9).map(({ close }) => close)).toEqual([100, 101, 102]);
    served.closes = [50, 50.5, 51, 51];
    expect(await job.run(slot, signal)).toBe("1 prices, 4 daily bars");
    expect(readBars(cache, "XOM", 9).map(({ close }) => close)).toEqual(served.closes);
  });

  test("no price at all is a failure", async () => {
    const job = priceSyncJob({ source: fake({ quotes: async () => [] }), cache, clock, ledger, base });
    await expect(job.run(slot, signal)).rejects.toThrow("no price for any of 20 stocks");
    await expect(scoreRefreshJob({ cache, clock, ledger }).run(slot, signal)).rejects.toThrow("no daily bars");
  });
});

const no = () => Promise.reject(new Error("not asked for"));
const fail = () => {
  throw new Error("no answer");
};
const account = () => dollarAccount(400, 1000);

const brokerOf = (held: () => readonly BrokerPosition[], account: () => BrokerAccount): Broker => {
  return {
    name: "fake",
    money: "paper",
    idempotency: "enforced",
    whyNotTradable: () => null,
    place: no,
    findByClientOrderId: no,
    listByPrefix: no,
    cancel: no,
    isMarketOpen: no,
    activities: async () => [],
    positions: async () => held(),
    account: async () => account(),
  };
};
const guard = { epoch: 1, remainingMs: () => 1000, check: () => {} };
const xom = { symbol: "XOM", qty: 10, currency: "USD", avgPrice: 50 };
const ge = { symbol: "GE", qty: 1, currency: "USD", avgPrice: 9 };
const run = (held: () => readonly BrokerPosition[], account: () => BrokerAccount) =>
  portfolioSyncJob({
    book: "b",
    broker: brokerOf(held, account),
    ledger,
    market: cachedMarket(cache, base, () => new Map()),
    guard,
    clock,
  }).run(slot, signal);
const symbols = () =>
  ledger.db
    .select()
    .from(positions)
    .all()
    .map((row) => row.symbol);

describe("portfolio sync", () => {
  test("writes what the broker has, drops what it no longer has, one snapshot a slot", async () => {
    await run(
      () => [xom, ge],
      () => dollarAccount(400, 1000),
    );
    expect(symbols().sort()).toEqual(["GE", "XOM"]);
    await run(
      () => [{ ...xom, qty: 11 }],
      () => dollarAccount(300, 900),
    );
    expect(ledger.db.select().from(positions).all()).toEqual([{ book: "b", ...xom, qty: 11, syncedAtMs: nowMs }]);
    expect(ledger.db.select().from(cash).all()).toEqual([
      { book: "b", currency: "USD", amount: 300, syncedAtMs: nowMs },
    ]);
    expect(ledger.db.select().from(snapshots).all()).toEqual([
      { book: "b", slot: slot.text, atMs: slot.atMs, currency: "USD", equity: 900, cash: 300 },
    ]);
    await run(
      () => [],
      () => dollarAccount(900, 900),
    );
    expect(symbols()).toEqual([]);
  });

  test("a failed or contradictory read changes nothing", async () => {
    await run(() => [xom], account);
    await expect(run(fail, account)).rejects.toThrow("no answer");
    await expect(run(() => [], fail)).rejects.toThrow("no answer");
    await expect(run(() => [], account)).rejects.toThrow("600.00 USD are not cash");
    expect(symbols()).toEqual(["XOM"]);
  });
});
