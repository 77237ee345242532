import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eq } from "../../../src/db/drizzle.ts";
import { openLedger } from "../../../src/db/ledger.ts";
import { universe } from "../../../src/db/ledger-schema.ts";
import { openMarketCache, writeBlock, writeQuotes, writeRate, type MarketCache } from "../../../src/db/market-cache.ts";
import { marketDefaults } from "../../../src/db/universe.ts";
import { listingOf } from "../../../src/market/listing.ts";
import { createAlpaca } from "../../../src/trading/brokers/alpaca.ts";
import { marketView, tradableUniverse, type MarketHours } from "../../../src/trading/market-view.ts";

let dir: string;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-view-"));
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

const ages = { priceMsMax: 1_000, rateMsMax: 2_000, scoreMsMax: 1_000 };
const stock = (symbol: string, currency = "USD") => listingOf({ symbol, currency });
const listings = [stock("KO"), stock("SIE.DE", "EUR"), stock("KEN.TA"), stock("7203.T", "JPY"), stock("RR.L", "GBP")];
const viewAt = (
  nowMs: number,
  hours: MarketHours = "replay",
  base = "USD",
  splits: ReadonlyMap<string, number> = new Map(),
) => marketView({ cache, listings, base, ages, hours, splits, nowMs });
const quoted = (symbol: string, nowMs: number, price = 1, currency = "USD", asOfMs = nowMs) =>
  writeQuotes(cache, [{ symbol, price, currency, asOfMs, fetchedAtMs: nowMs }]);
const rated = (currency: string, perBase: number, nowMs: number, asOfMs = nowMs) =>
  writeRate(cache, { currency, base: "EUR", perBase, asOfMs, fetchedAtMs: nowMs });

describe("what may not be traded now", () => {
  test("a stock whose exchange is closed or unknown; a replay has no hours", () => {
    const nowMs = Date.parse("2026-11-26T15:00:00Z"); // Thanksgiving
    quoted("KO", nowMs);
    quoted("KEN.TA", nowMs);
    expect([...viewAt(nowMs, "exchange").blocked]).toEqual([
      ["KO", "XNYS is closed (holiday), until 2026-11-27T14:30Z"],
      ["KEN.TA", "no calendar for its exchange"],
    ]);
    expect(viewAt(nowMs).blocked.size).toBe(0);
  });

  test("a stock that has not traded for long, while its exchange is open", () => {
    const nowMs = Date.parse("2026-11-25T15:00:00Z");
    quoted("KO", nowMs, 1, "USD", nowMs - 12 * 86_400_000);
    expect(viewAt(nowMs, "exchange").blocked.get("KO")).toBe("it last traded on 2026-11-13T15:00Z");
  });

  test("a stock that has split has no price until there is one from after: what is held of it has no value yet", () => {
    const openMs = Date.parse("2026-11-25T14:30:00Z");
    const splits = new Map([["KO", openMs - 15 * 3_600_000]]);
    // Fetched after the split, and yet the close of the day before.
    quoted("KO", openMs, 100, "USD", openMs - 17.5 * 3_600_000);
    const before = viewAt(openMs, "exchange", "USD", splits);
    expect(before.prices.has("KO")).toBe(false);
    expect(before.blocked.get("KO")).toBe("it has split, and its price and its shares do not agree yet");
    quoted("KO", openMs, 50, "USD", openMs + 1);
    expect(viewAt(openMs, "exchange", "USD", splits)).toMatchObject({ blocked: new Map() });
    expect(viewAt(openMs, "exchange", "USD", splits).prices.get("KO")?.price).toBe(50);
  });

  test("prices that look wrong block until their end, in a replay too", () => {
    quoted("KO", 1_000);
    writeBlock(cache, { symbol: "KO", kind: "unit", reason: "1 to 100", sinceMs: 500, untilMs: 3_600_000 });
    expect(viewAt(1_000).blocked.get("KO")).toBe("its prices look wrong (1 to 100), until 1970-01-01T01:00Z");
    expect(viewAt(3_600_000).blocked.size).toBe(0);
  });
});

describe("prices in the base currency", () => {
  test("[do-not-inherit 9] a price counts in the base currency, never as if its own were the base", () => {
    quoted("KO", 10_000, 60);
    quoted("SIE.DE", 10_000, 130, "EUR");
    quoted("7203.T", 10_000, 1_890, "JPY");
    quoted("RR.L", 10_000, 0.92, "GBP");
    rated("USD", 1.2, 9_900);
    rated("JPY", 140, 9_800);
    rated("GBP", 0.88, 9_700);
    const { prices, blocked } = viewAt(10_000, "replay", "EUR");
    expect(prices.get("KO")).toEqual({ price: 60, currency: "USD", priceBase: 50, priceAgeMs: 0, rateAgeMs: 100 });
    expect(prices.get("SIE.DE")).toMatchObject({ price: 130, priceBase: 130, rateAgeMs: 0 });
    expect(prices.get("7203.T")).toMatchObject({ price: 1_890, priceBase: 13.5, rateAgeMs: 200 });
    expect(prices.get("RR.L")?.priceBase).toBeCloseTo(1.0454545, 6);
    expect(blocked.size).toBe(0);
  });

  test("without a rate, or with one that is too old, a stock has no price and is blocked; it is never taken as 1", () => {
    quoted("KO", 10_000, 60);
    quoted("7203.T", 10_000, 1_890, "JPY");
    quoted("SIE.DE", 10_000, 130, "EUR");
    rated("JPY", 140, 7_999);
    const { prices, blocked } = viewAt(10_000, "replay", "EUR");
    expect([...prices.keys()]).toEqual(["SIE.DE"]);
    expect([...blocked]).toEqual([
      ["KO", "no good rate of USD to EUR"],
      ["7203.T", "no good rate of JPY to EUR"],
    ]);
  });

  test("a rate of another base currency is none", () => {
    quoted("KO", 10_000, 60);
    rated("USD", 1.2, 10_000);
    expect(viewAt(10_000, "replay", "GBP").prices.size).toBe(0);
  });

  test("a rate that has stood still for longer than any holiday is none", () => {
    const nowMs = Date.parse("2026-11-25T15:00:00Z");
    quoted("KO", nowMs, 60);
    rated("USD", 1.2, nowMs, nowMs - 6 * 86_400_000);
    expect(viewAt(nowMs, "exchange", "EUR").blocked.get("KO")).toBe("no good rate of USD to EUR");
  });

  test("a rate that looks wrong blocks the stocks of its currency, which keep their value by the last good one", () => {
    quoted("KO", 10_000, 60);
    quoted("SIE.DE", 10_000, 130, "EUR");
    rated("USD", 1.2, 10_000);
    writeBlock(cache, { symbol: "EURUSD=X", kind: "jump", reason: "2 where", sinceMs: 9_000, untilMs: 3_600_000 });
    const { prices, blocked } = viewAt(10_000, "replay", "EUR");
    expect(prices.get("KO")?.priceBase).toBe(50);
    expect([...blocked]).toEqual([["KO", "the rate of USD looks wrong (2 where), until 1970-01-01T01:00Z"]]);
  });
});

test("what the broker cannot trade is left out with its reason; a stock given up stays, to be sold", () => {
  const ledger = openLedger(join(dir, "ledger.db"), 200, marketDefaults.yahoo);
  ledger.db.update(universe).set({ active: false }).where(eq(universe.symbol, "JPM")).run();
  const alpaca = createAlpaca({ baseUrl: "http://127.0.0.1:1", keyId: "k", secret: "s" });
  const { stocks, excluded } = tradableUniverse(ledger, alpaca);
  expect(
    stocks
      .map(({ symbol }) => symbol)
      .sort()
      .join(" "),
  ).toBe("AAPL ASML CAT HD JNJ JPM MSFT PG SAP UNH V");
  expect(stocks.find(({ symbol }) => symbol === "JPM")?.active).toBe(false);
  expect(excluded).toHaveLength(14);
  expect(excluded.find(({ stock }) => stock.symbol === "9988.HK")?.why).toBe(
    "Alpaca deals in US listings in dollars only",
  );
  const nothing = { whyNotTradable: () => "it deals in nothing" };
  expect(tradableUniverse(ledger, nothing).stocks).toEqual([]);
  ledger.close();
});
