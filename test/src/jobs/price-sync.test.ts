import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eq } from "../../../src/db/drizzle.ts";
import { openLedger } from "../../../src/db/ledger.ts";
import { positions, universe } from "../../../src/db/ledger-schema.ts";
import {
  openMarketCache,
  readBars,
  readBlocks,
  readQuotes,
  readRates,
  type MarketCache,
} from "../../../src/db/market-cache.ts";
import { readSplits, writeSplits } from "../../../src/db/splits-cache.ts";
import { refreshPrices, watchedListings } from "../../../src/jobs/price-sync.ts";
import { listingOf } from "../../../src/market/listing.ts";
import type { DailyBars, MarketSource } from "../../../src/market/source.ts";

const dayMs = 86_400_000;
const { signal } = new AbortController();

let dir: string;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-price-sync-"));
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A source of one bar a day and the newest of them as the quote; `asked` are the first days that were asked for. */
type Series = { currency: string; closes: number[]; dividends?: Record<number, number>; splits?: number[] };
/** A split takes effect when the exchange opens; so does a quote's day here. */
const openMs = 1;
function sourceOf(series: Record<string, Series>) {
  const asked: string[] = [];
  const source: MarketSource = {
    company: null,
    quotes: async (symbols) =>
      symbols.flatMap((symbol) => {
        const of = series[symbol];
        if (of === undefined) return [];
        const asOfMs = of.closes.length * dayMs + 1;
        return [{ symbol, price: of.closes.at(-1) ?? 0, currency: of.currency, asOfMs }];
      }),
    dailyBars: async (symbol, fromMs): Promise<DailyBars> => {
      asked.push(`${symbol} ${Math.max(0, fromMs / dayMs).toFixed(0)}`);
      const of = series[symbol];
      if (of === undefined) throw new Error("No data found");
      const all = of.closes.map((close, day) => ({
        dayMs: day * dayMs,
        close,
        adjclose: null,
        dividend: of.dividends?.[day] ?? 0,
      }));
      const splits = (of.splits ?? [])
        .map((day) => ({ dayMs: day * dayMs, atMs: day * dayMs + openMs, newShares: 6, oldShares: 5 }))
        .filter((split) => split.dayMs >= fromMs);
      return { currency: of.currency, bars: all.filter((bar) => bar.dayMs >= fromMs), splits };
    },
  };
  return { source, asked };
}
const calm = (level: number): number[] => Array.from({ length: 20 }, (_, day) => level + (day % 3) * level * 0.001);
const toyota = listingOf({ symbol: "TM.TOKYO", yahooSymbol: "7203.T", currency: "JPY" });
const ko = listingOf({ symbol: "KO", currency: "USD" });
const sync = (source: MarketSource, nowMs: number, listings = [toyota, ko]) =>
  refreshPrices({ source, cache, clock: { nowMs: () => nowMs }, base: "EUR" }, listings, signal);

describe("rates come with the prices", () => {
  test("one of each currency, kept with its age; a stock is kept under the broker's name", async () => {
    const { source } = sourceOf({
      "7203.T": { currency: "JPY", closes: calm(1_900) },
      KO: { currency: "USD", closes: calm(60) },
      "EURJPY=X": { currency: "JPY", closes: calm(140) },
      "EURUSD=X": { currency: "USD", closes: calm(1.06) },
    });
    expect(await sync(source, 5_000)).toBe("2 prices, 40 daily bars");
    expect([...readQuotes(cache).keys()].sort()).toEqual(["KO", "TM.TOKYO"]);
    expect(readBars(cache, "TM.TOKYO", 99)).toHaveLength(20);
    expect(readRates(cache, "EUR").get("JPY")).toMatchObject({ perBase: 140.14, fetchedAtMs: 5_000 });
    expect(readRates(cache, "EUR").get("USD")?.perBase).toBeCloseTo(1.06106, 9);
  });

  test("one that jumps is not stored: the last good one stays with its age, and the currency is blocked", async () => {
    const series = {
      KO: { currency: "USD", closes: calm(60) },
      "EURUSD=X": { currency: "USD", closes: calm(1.06) },
    };
    const { source } = sourceOf(series);
    await sync(source, 5_000, [ko]);
    series["EURUSD=X"].closes.push(106);
    expect(await sync(source, 6_000, [ko])).toContain("without EURUSD=X: 106 where the rate was around 1.06");
    expect(readRates(cache, "EUR").get("USD")).toMatchObject({ fetchedAtMs: 5_000 });
    expect(readBlocks(cache, 6_000).get("EURUSD=X")).toMatchObject({ kind: "jump", sinceMs: 6_000 });
    expect(readQuotes(cache).get("KO")?.fetchedAtMs).toBe(6_000);
  });

  test("without any rate the stocks are priced all the same; a stock in another currency than its listing's is not", async () => {
    const { source } = sourceOf({
      "7203.T": { currency: "USD", closes: calm(14) },
      KO: { currency: "USD", closes: calm(60) },
    });
    const outcome = await sync(source, 5_000);
    expect(outcome).toBe(
      "1 prices, 20 daily bars; without EURJPY=X: no rate, EURUSD=X: no rate, TM.TOKYO: bars in USD, not in JPY",
    );
    expect(readRates(cache, "EUR").size).toBe(0);
  });
});

describe("splits and dividends", () => {
  test("a split brings the whole history anew, however little the price moved, and drops what is older", async () => {
    const series: Record<string, Series> = { KO: { currency: "USD", closes: calm(60) } };
    const { source, asked } = sourceOf({ ...series, "EURUSD=X": { currency: "USD", closes: calm(1.06) } });
    const inDollars = (nowMs: number) =>
      refreshPrices({ source, cache, clock: { nowMs: () => nowMs }, base: "USD" }, [ko], signal);
    await inDollars(1);
    series["KO"]?.closes.splice(0, 99, ...calm(50), 50);
    if (series["KO"] !== undefined) series["KO"].splits = [20];
    expect(await inDollars(2)).toBe("1 prices, 21 daily bars");
    expect(asked).toEqual(["KO 0", "KO 19", "KO 0"]);
    expect(readBars(cache, "KO", 99).map(({ close }) => close)).toEqual(series["KO"]?.closes);
    // Kept for whoever leads and books it.
    const split = { symbol: "KO", dayMs: 20 * dayMs, atMs: 20 * dayMs + openMs, newShares: 6, oldShares: 5 };
    expect(readSplits(cache)).toEqual([split]);
    expect(await inDollars(3)).toBe("1 prices, 1 daily bars");
  });

  test("a split that is told of after its day's prices brings the whole history anew too, once", async () => {
    const ko19: Series = { currency: "USD", closes: calm(60) };
    const { source, asked } = sourceOf({ KO: ko19 });
    const inDollars = () => refreshPrices({ source, cache, clock: { nowMs: () => 1 }, base: "USD" }, [ko], signal);
    await inDollars();
    ko19.closes.splice(0, 99, ...calm(55));
    ko19.splits = [19];
    await inDollars();
    await inDollars();
    expect(asked).toEqual(["KO 0", "KO 19", "KO 0", "KO 19"]);
    expect(readBars(cache, "KO", 99).map(({ close }) => close)).toEqual(ko19.closes);
  });

  test("splits are kept for as long as a node may be away, and not those of ten years", () => {
    const split = (day: number) => ({ dayMs: day * dayMs, atMs: day * dayMs + openMs, newShares: 2, oldShares: 1 });
    writeSplits(cache, "KO", [split(1), split(2_000)], 2_001 * dayMs);
    expect(readSplits(cache).map((one) => one.dayMs / dayMs)).toEqual([2_000]);
    writeSplits(cache, "PEP", [split(2_500)], 2_501 * dayMs);
    expect(readSplits(cache).map(({ symbol }) => symbol)).toEqual(["PEP"]);
  });

  test("[do-not-inherit 12] a sync prunes nothing: bars older than a year stay, so no month is left as a part", async () => {
    const closes = Array.from({ length: 800 }, (_, day) => 60 + (day % 7) / 10);
    const { source } = sourceOf({ KO: { currency: "USD", closes, dividends: { 100: 0.4, 700: 0.5 } } });
    const inDollars = (nowMs: number) =>
      refreshPrices({ source, cache, clock: { nowMs: () => nowMs }, base: "USD" }, [ko], signal);
    await inDollars(1);
    for (let more = 0; more < 3; more++) {
      closes.push(60 + more / 10);
      await inDollars(2 + more);
    }
    const bars = readBars(cache, "KO", 9_999);
    expect(bars.map(({ close }) => close)).toEqual(closes);
    expect(bars.filter(({ dividend }) => dividend > 0).map((bar) => bar.dayMs / dayMs)).toEqual([100, 700]);
  });
});

test("a stock that was given up is looked after for as long as it is held", () => {
  const ledger = openLedger(join(dir, "ledger.db"), 200);
  ledger.db.update(universe).set({ active: false }).where(eq(universe.region, "US")).run();
  ledger.db.insert(positions).values({ symbol: "XOM", qty: 3, avgPrice: 50, syncedAtMs: 1 }).run();
  expect(watchedListings(ledger).map(({ symbol }) => symbol)).toEqual(["XOM"]);
  ledger.close();
});
