import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openMarketCache, writeBlock, writeQuotes, type MarketCache } from "../../../src/db/market-cache.ts";
import { marketView } from "../../../src/trading/market-view.ts";

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

const ages = { priceMsMax: 1_000, scoreMsMax: 1_000 };
const quoted = (symbols: readonly string[], nowMs: number, asOfMs = nowMs) =>
  writeQuotes(
    cache,
    symbols.map((symbol) => ({ symbol, priceUsd: 1, currency: "USD", asOfMs, fetchedAtMs: nowMs })),
  );

test("a stock whose exchange is closed or unknown may not be traded, and a replay has no hours", () => {
  const nowMs = Date.parse("2026-11-26T15:00:00Z"); // Thanksgiving
  quoted(["KO", "SIE.DE", "KEN.TA"], nowMs);
  expect([...marketView(cache, nowMs, ages, "exchange").blocked]).toEqual([
    ["KO", "XNYS is closed (holiday), until 2026-11-27T14:30Z"],
    ["KEN.TA", "no calendar for its exchange"],
  ]);
  expect(marketView(cache, nowMs, ages, "replay").blocked.size).toBe(0);
});

test("a stock that has not traded for long is blocked while its exchange is open", () => {
  const nowMs = Date.parse("2026-11-25T15:00:00Z");
  quoted(["KO"], nowMs, nowMs - 12 * 86_400_000);
  expect(marketView(cache, nowMs, ages, "exchange").blocked.get("KO")).toBe("it last traded on 2026-11-13T15:00Z");
});

test("prices that look wrong block until their end, in a replay too", () => {
  quoted(["KO"], 1_000);
  writeBlock(cache, { symbol: "KO", kind: "unit", reason: "1 to 100", sinceMs: 500, untilMs: 3_600_000 });
  expect(marketView(cache, 1_000, ages, "replay").blocked.get("KO")).toBe(
    "its prices look wrong (1 to 100), until 1970-01-01T01:00Z",
  );
  expect(marketView(cache, 3_600_000, ages, "replay").blocked.size).toBe(0);
});
