import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { high52Weeks, WEEKS_52_MS } from "../../../src/analytics/metrics/technical.ts";
import { readFundamentals, writeFundamentals } from "../../../src/db/fundamentals-cache.ts";
import {
  dropBarsBefore,
  highestCloses,
  newestBarDays,
  openMarketCache,
  readBars,
  readBlocks,
  readQuotes,
  readRates,
  readScores,
  writeBars,
  writeBlock,
  writeQuotes,
  writeRate,
  writeScores,
  type MarketCache,
} from "../../../src/db/market-cache.ts";
import { stockFigures } from "../../../src/trading/stock-figures.ts";

const [STOCKS, DAYS] = [500, 2_520];
const symbols = Array.from({ length: STOCKS }, (_, n) => `S${String(n).padStart(3, "0")}`);

let dir: string;
let cache: MarketCache;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-queries-"));
  cache = openMarketCache(join(dir, "market.db"));
  const client = cache.db.$client;
  client.pragma("synchronous = OFF");
  client.exec(
    `INSERT INTO bars (symbol, day_ms, close)
     WITH RECURSIVE stock(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM stock WHERE n + 1 < ${STOCKS}),
       day(d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM day WHERE d + 1 < ${DAYS})
     SELECT printf('S%03d', n), d * 86400000, 100 FROM stock, day`,
  );
  client.exec("ANALYZE");
});
afterAll(() => {
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The statements that this work prepares, each with SQLite's plan for it. */
function plansOf(work: () => void): readonly { readonly sql: string; readonly plan: string }[] {
  const client = cache.db.$client;
  const prepared = vi.spyOn(client, "prepare");
  work();
  const statements = prepared.mock.calls.map(([sql]) => sql);
  prepared.mockRestore();
  return statements.map((sql) => {
    const values = Array.from({ length: sql.split("?").length - 1 }, () => 0);
    const rows = client.prepare<number[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    return { sql, plan: rows.map(({ detail }) => detail).join("; ") };
  });
}

const quote = { symbol: "S001", price: 1, currency: "EUR", asOfMs: 1, fetchedAtMs: 1 };
const score = { symbol: "S001", total: 1, confidence: 1, explanation: "[]", computedAtMs: 1 };
const block = { symbol: "S001", kind: "unit", reason: "", sinceMs: 1, untilMs: 2 };
const rate = { currency: "USD", base: "EUR", perBase: 1, asOfMs: 1, fetchedAtMs: 1 };

test("at 500 stocks of ten years every query of bars is a step in their index", () => {
  const plans = plansOf(() => {
    readBars(cache, "S250", 2_541);
    newestBarDays(cache, symbols);
    highestCloses(cache, symbols, 1);
    writeBars(cache, [{ symbol: "S001", dayMs: 0, close: 1, dividend: 0 }]);
    dropBarsBefore(cache, "S001", 86_400_000);
  });
  expect(plans.filter(({ sql }) => /bars/.test(sql)).length).toBeGreaterThanOrEqual(5);
  for (const { sql, plan } of plans) {
    if (/^select|^delete/i.test(sql)) expect(plan, sql).toMatch(/SEARCH bars USING (COVERING )?INDEX .*symbol=\?/);
    expect(plan, sql).not.toMatch(/SCAN|TEMP B-TREE/);
  }
  expect(newestBarDays(cache, symbols).get("S499")).toBe((DAYS - 1) * 86_400_000);
});

test("the small tables are read whole, once: what is hot is in memory until it is written", () => {
  const readAll = (): void => {
    readQuotes(cache);
    readScores(cache);
    readBlocks(cache, 0);
    readRates(cache, "EUR");
    readFundamentals(cache);
  };
  expect(plansOf(readAll)).toHaveLength(5);
  expect(plansOf(readAll)).toHaveLength(0);
  writeQuotes(cache, [quote]);
  writeScores(cache, [score]);
  writeBlock(cache, block);
  writeRate(cache, rate);
  writeFundamentals(cache, { symbol: "S001", figures: null, fetchedAtMs: 1 });
  expect(readQuotes(cache).get("S001")).toEqual(quote);
  expect(readScores(cache).get("S001")).toEqual(score);
  expect(readBlocks(cache, 1).get("S001")).toEqual(block);
  expect(readRates(cache, "EUR").get("USD")).toEqual(rate);
  expect(readFundamentals(cache).get("S001")).toEqual({ symbol: "S001", figures: null, fetchedAtMs: 1 });
});

test("what plans ask of every stock reads no bars one by one, and has the high of 52 weeks that scores have", () => {
  expect(plansOf(() => stockFigures(cache, symbols)).length).toBeLessThan(5);
  const days = [0, 1, 400, 500, 701, 764, 1_000].map((day) => day * 86_400_000);
  const closes = [9, 50, 40, 7, 30, 5, 20];
  expect(highestCloses(cache, ["GAPS"], WEEKS_52_MS).get("GAPS")).toBeUndefined();
  days.forEach((dayMs, index) => {
    writeBars(cache, [{ symbol: "GAPS", dayMs, close: closes[index] ?? 0, dividend: 0 }]);
    const high = high52Weeks(days.slice(0, index + 1), closes.slice(0, index + 1));
    expect(highestCloses(cache, ["GAPS"], WEEKS_52_MS).get("GAPS")?.close).toBe(high);
  });
  expect(highestCloses(cache, ["GAPS"], WEEKS_52_MS).get("GAPS")).toEqual({ close: 30, count: 3 });
});
