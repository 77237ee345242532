import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  newestBarDays,
  openMarketCache,
  readBars,
  readQuotes,
  readScores,
  writeBars,
  writeQuotes,
  writeScores,
  type MarketCache,
} from "../../../src/db/market-cache.ts";

let dir: string;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-market-"));
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("the market cache", () => {
  test("keeps one bar for each symbol and day, the newest one written", () => {
    writeBars(cache, [
      { symbol: "A", dayMs: 2, close: 20, dividend: 0 },
      { symbol: "A", dayMs: 1, close: 10, dividend: 0 },
      { symbol: "B", dayMs: 1, close: 5, dividend: 0 },
    ]);
    writeBars(cache, [{ symbol: "A", dayMs: 2, close: 21, dividend: 0.5 }]);
    expect(readBars(cache, "A", 9).map((bar) => bar.close)).toEqual([10, 21]);
    expect(readBars(cache, "A", 1).map((bar) => bar.close)).toEqual([21]);
    expect(newestBarDays(cache, ["A", "B", "C"])).toEqual(
      new Map([
        ["A", 2],
        ["B", 1],
      ]),
    );
  });

  test("keeps the last quote and score of each symbol", () => {
    const quote = { symbol: "A", price: 1, currency: "USD", asOfMs: 1, fetchedAtMs: 1 };
    writeQuotes(cache, [quote]);
    writeQuotes(cache, [{ ...quote, price: 2, fetchedAtMs: 9 }]);
    writeQuotes(cache, []);
    expect([...readQuotes(cache).values()]).toEqual([{ ...quote, price: 2, fetchedAtMs: 9 }]);
    const score = { symbol: "A", total: 0.5, confidence: 1, explanation: "[]", computedAtMs: 1 };
    writeScores(cache, [score]);
    writeScores(cache, [{ ...score, total: 0.7, computedAtMs: 2 }]);
    expect(readScores(cache).get("A")).toEqual({ ...score, total: 0.7, computedAtMs: 2 });
  });

  test.each(["no database", "damaged pages"])("that is damaged (%s) is replaced by an empty one", (how) => {
    const path = join(dir, "damaged.db");
    const before = openMarketCache(path);
    writeBars(
      before,
      Array.from({ length: 2_000 }, (_, n) => ({ symbol: `S${n}`, dayMs: n, close: 1, dividend: 0 })),
    );
    before.close();
    if (how === "no database") writeFileSync(path, "no database ".repeat(1_000));
    else {
      const fd = openSync(path, "r+");
      writeSync(fd, Buffer.alloc(statSync(path).size - 4_096, 0xff), 0, undefined, 4_096);
      closeSync(fd);
    }
    const after = openMarketCache(path);
    expect(readBars(after, "S1", 9)).toEqual([]);
    writeBars(after, [{ symbol: "A", dayMs: 1, close: 10, dividend: 0 }]);
    expect(readBars(after, "A", 9)).toHaveLength(1);
    after.close();
  });

  test("that cannot be opened for another reason is left as it is, and the reason is said", () => {
    mkdirSync(join(dir, "folder.db"));
    expect(() => openMarketCache(join(dir, "folder.db"))).toThrow(/folder\.db could not be opened/);
    expect(statSync(join(dir, "folder.db")).isDirectory()).toBe(true);
  });
});
