import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readFundamentals, writeFundamentals } from "../../../src/db/fundamentals-cache.ts";
import { readHistories, writeHistory } from "../../../src/db/histories-cache.ts";
import {
  openMarketCache,
  readBars,
  readBlocks,
  readQuotes,
  readRates,
  writeBars,
  writeBlock,
  writeQuotes,
  writeRate,
  type MarketCache,
} from "../../../src/db/market-cache.ts";
import { readSplits, writeSplits } from "../../../src/db/splits-cache.ts";
import { copyMarket } from "../../../src/market-copy/copier.ts";
import { sealKey } from "../../../src/market-copy/seal.ts";
import { marketRoutes } from "../../../src/web/market-routes.ts";

const dayMs = 86_400_000;
const key = sealKey(Buffer.alloc(32, 7).toString("base64"));
const { signal } = new AbortController();

let dir: string;
let primary: MarketCache;
let standby: MarketCache;
let isPrimary: boolean;
let asked: string[];
/** What is done to an answer on its way. */
let onWay: (answer: Response) => Promise<Response>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-copy-"));
  primary = openMarketCache(join(dir, "primary.db"));
  standby = openMarketCache(join(dir, "standby.db"));
  isPrimary = true;
  asked = [];
  onWay = async (answer) => answer;
  for (const symbol of ["A", "B"]) fill(symbol, 2_300, 1);
});
afterEach(() => {
  primary.close();
  standby.close();
  rmSync(dir, { recursive: true, force: true });
});

function fill(symbol: string, days: number, wholeAtMs: number, level = 100): void {
  const bars = Array.from({ length: days }, (_, day) => ({
    symbol,
    dayMs: day * dayMs,
    close: level + (day % 10),
    dividend: day === 7 ? 0.5 : 0,
  }));
  writeBars(primary, bars);
  writeQuotes(primary, [{ symbol, price: level, currency: "JPY", asOfMs: days * dayMs + 1, fetchedAtMs: wholeAtMs }]);
  writeHistory(primary, symbol, wholeAtMs);
}

const app = new Hono().route(
  "/api/market",
  marketRoutes(() => (isPrimary ? { cache: primary, key } : null)),
);
const copy = (over: { key?: Buffer; signal?: AbortSignal } = {}) =>
  copyMarket(
    {
      cache: standby,
      node: "uno-b",
      key: over.key ?? key,
      pauseMs: 0,
      fetch: async (url, init) => {
        asked.push(url.replace(/^http:\/\/uno-a:8000\/api\/market\//, ""));
        return onWay(await app.request(url, init));
      },
    },
    "uno-a:8000",
    over.signal ?? signal,
  );

describe("a standby copies the primary's market cache", () => {
  test("all of it at first, in pages; then what is new", async () => {
    writeRate(primary, { currency: "JPY", base: "EUR", perBase: 160, asOfMs: 1, fetchedAtMs: 2 });
    writeBlock(primary, { symbol: "A", kind: "jump", reason: "1 to 9", sinceMs: 1, untilMs: 9 });
    writeFundamentals(primary, { symbol: "B", figures: null, fetchedAtMs: 5 });
    const split = { dayMs: 2_000 * dayMs, atMs: 2_000 * dayMs + 9, newShares: 3, oldShares: 2 };
    writeSplits(primary, "A", [split], 2_300 * dayMs);
    expect(await copy()).toBe("copied 2 prices, 4600 daily bars");
    expect(asked).toHaveLength(1 + 2 * 3);
    for (const symbol of ["A", "B"]) expect(readBars(standby, symbol, 9_999)).toEqual(readBars(primary, symbol, 9_999));
    expect(readQuotes(standby)).toEqual(readQuotes(primary));
    expect(readRates(standby, "EUR")).toEqual(readRates(primary, "EUR"));
    expect(readBlocks(standby, 2)).toEqual(readBlocks(primary, 2));
    expect(readFundamentals(standby)).toEqual(readFundamentals(primary));
    expect(readSplits(standby)).toEqual([{ symbol: "A", ...split }]);
    asked = [];
    expect(await copy()).toBe("copied 0 prices, 0 daily bars");
    expect(asked).toEqual(["index"]);
    fill("A", 2_301, 1);
    expect(await copy()).toBe("copied 0 prices, 2 daily bars");
    expect(readBars(standby, "A", 1)).toEqual(readBars(primary, "A", 1));
  });

  test("a history that was fetched anew after a split comes whole, and no bar of the old one stays", async () => {
    await copy();
    primary.db.$client.exec("DELETE FROM bars WHERE symbol = 'A'");
    fill("A", 2_000, 2, 25);
    expect(await copy()).toBe("copied 1 prices, 2000 daily bars");
    expect(readBars(standby, "A", 9_999)).toEqual(readBars(primary, "A", 9_999));
    expect(readQuotes(standby).get("A")?.price).toBe(25);
  });

  test("a copy that was cut off goes on with what is missing", async () => {
    const cut = new AbortController();
    onWay = async (answer) => {
      if (asked.length === 5) cut.abort(new Error("promoted"));
      return answer;
    };
    await expect(copy({ signal: cut.signal })).rejects.toThrow();
    expect([...readHistories(standby).keys()]).toEqual(["A"]);
    expect(readQuotes(standby).size).toBe(0);
    asked = [];
    expect(await copy()).toBe("copied 2 prices, 2300 daily bars");
    expect(asked.filter((path) => path.includes("symbol=A"))).toEqual([]);
  });
});

describe("who is no member", () => {
  test("gets nothing", async () => {
    await expect(copy({ key: sealKey("AAAA") })).rejects.toThrow("status 403");
    expect((await app.request("http://uno-a:8000/api/market/index")).status).toBe(403);
    isPrimary = false;
    await expect(copy()).rejects.toThrow("status 503");
  });

  test.each([
    ["a price that was changed on the way", (body: string) => body.replace('"price":100', '"price":101')],
    ["an answer to another question", () => '{"quotes":[],"rates":[],"blocks":[],"companies":[],"histories":[]}'],
  ])("has nothing believed: %s", async (_name, change) => {
    onWay = async (answer) => new Response(change(await answer.text()), { headers: answer.headers });
    await expect(copy()).rejects.toThrow("is no member of this cluster");
    expect(readQuotes(standby).size).toBe(0);
  });

  test("an answer of yesterday is none to today's question", async () => {
    let yesterday: Response | undefined;
    onWay = async (answer) => (asked.at(-1) === "index" ? (yesterday ??= answer).clone() : answer);
    await copy();
    await expect(copy()).rejects.toThrow("is no member of this cluster");
  });
});
