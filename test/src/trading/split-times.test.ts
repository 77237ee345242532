import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Movement } from "../../../src/analytics/money/movement.ts";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { openMarketCache, type MarketCache } from "../../../src/db/market-cache.ts";
import { addMovements } from "../../../src/db/money-rows.ts";
import { writeSplits } from "../../../src/db/splits-cache.ts";
import { showBook } from "../../../src/trading/books.ts";
import { splitTimes } from "../../../src/trading/split-times.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const exDayMs = Date.UTC(2026, 10, 19);
const openMs = exDayMs + 14.5 * HOUR_MS;
const twoForOne = { dayMs: exDayMs, atMs: openMs, newShares: 2, oldShares: 1 };

let dir: string;
let ledger: Ledger;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-split-times-"));
  ledger = openLedger(join(dir, "ledger.db"), 250);
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  ledger.close();
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

const moved = (id: string, kind: Movement["kind"], qty: number, atMs: number): Movement => ({
  id,
  kind,
  atMs,
  currency: "USD",
  minor: 0,
  symbol: "KO",
  qty,
  price: 60,
  toCurrency: null,
  toMinor: null,
  rate: null,
  note: "",
});
const held = (book: string): void => {
  showBook(ledger.db, book, (work) => work());
  addMovements(ledger.db, book, [moved("b", "buy", 5, openMs - 9 * DAY_MS)]);
};
const timesAt = (nowMs: number, hours: "exchange" | "replay" = "exchange") => [
  ...splitTimes(ledger.db, cache, hours, nowMs),
];

test("a split counts from the broker's own instant on, for some days; a replay knows of none", () => {
  held("alpaca/1/live");
  const toldMs = openMs - 16 * HOUR_MS;
  const legs = [moved("s-1", "split", -5, toldMs - 60_000), moved("s-2", "split", 10, toldMs)];
  addMovements(ledger.db, "alpaca/1/live", legs);
  addMovements(ledger.db, "other", [moved("s-1", "split", 9, openMs)]);
  writeSplits(cache, "KO", [twoForOne], openMs);
  expect(timesAt(openMs)).toEqual([["KO", toldMs]]);
  expect(timesAt(openMs, "replay")).toEqual([]);
  expect(timesAt(openMs + 20 * DAY_MS)).toEqual([]);
});

test("prices that have split before the broker's shares are none, until it tells of it or some days are over", () => {
  held("alpaca/1/live");
  writeSplits(cache, "KO", [twoForOne], openMs);
  expect(timesAt(openMs + HOUR_MS)).toEqual([["KO", Number.POSITIVE_INFINITY]]);
  expect(timesAt(openMs + 4 * DAY_MS)).toEqual([]);
  addMovements(ledger.db, "alpaca/1/live", [moved("s", "split", 5, openMs + 2 * HOUR_MS)]);
  expect(timesAt(openMs + 3 * HOUR_MS)).toEqual([["KO", openMs + 2 * HOUR_MS]]);
});

test("nothing is waited for of what was bought after it split, and of the paper broker, whose shares split with their prices", () => {
  showBook(ledger.db, "alpaca/1/live", (work) => work());
  addMovements(ledger.db, "alpaca/1/live", [moved("b", "buy", 5, openMs + 1)]);
  writeSplits(cache, "KO", [twoForOne], openMs);
  expect(timesAt(openMs + HOUR_MS)).toEqual([]);
  held("paper/paper/research");
  expect(timesAt(openMs + HOUR_MS)).toEqual([]);
});
