import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gains, valueHistory, type Part } from "../../../../src/analytics/money/money-report.ts";
import { openLedger, type Ledger } from "../../../../src/db/ledger.ts";
import { paperSplits } from "../../../../src/db/ledger-schema.ts";
import { openMarketCache, readQuotes, writeQuotes, type MarketCache } from "../../../../src/db/market-cache.ts";
import { readAccountDays, readMovements, splitInstants } from "../../../../src/db/money-rows.ts";
import { writeSplits } from "../../../../src/db/splits-cache.ts";
import { cachedMarket } from "../../../../src/jobs/book-sync.ts";
import { portfolioSyncJob } from "../../../../src/jobs/portfolio-sync.ts";
import { refreshPrices } from "../../../../src/jobs/price-sync.ts";
import { slotAt } from "../../../../src/jobs/slots.ts";
import { listingOf } from "../../../../src/market/listing.ts";
import type { MarketSource, Split } from "../../../../src/market/source.ts";
import { createPaper } from "../../../../src/trading/brokers/paper.ts";
import { bookedSplits } from "../../../../src/trading/brokers/paper-splits.ts";
import { paperMarket } from "../../../support/paper-market.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A Thursday on which KO splits as New York opens. */
const exDayMs = Date.UTC(2026, 10, 19);
const openMs = exDayMs + 14.5 * HOUR_MS;
const threeForTwo: Split = { dayMs: exDayMs, atMs: openMs, newShares: 3, oldShares: 2 };
const guard = { epoch: 1, remainingMs: () => 1_000, check: (): void => undefined };

let dir: string;
let ledger: Ledger;
let cache: MarketCache;
let nowMs: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-paper-splits-"));
  ledger = openLedger(join(dir, "ledger.db"), 250);
  cache = openMarketCache(join(dir, "market.db"));
  nowMs = openMs - DAY_MS;
});
afterEach(() => {
  ledger.close();
  cache.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The paper broker of a node with this cache of the market. */
const brokerOf = (of: MarketCache) =>
  createPaper({
    ...paperMarket(() => readQuotes(of), { base: "USD" }),
    // A fee would be a loss of its own.
    costs: () => ({ costFixedEur: 0, costFraction: 0, conversionFraction: 0 }),
    db: ledger.db,
    guard,
    nowMs: () => nowMs,
    splits: () => bookedSplits(ledger.db, of, guard),
    fills: () => true,
  });
const quoted = (price: number, asOfMs: number, of = cache): void =>
  writeQuotes(of, [{ symbol: "KO", price, currency: "USD", asOfMs, fetchedAtMs: asOfMs }]);
const disposable = (of: MarketCache): MarketCache & Disposable => ({ ...of, [Symbol.dispose]: () => of.close() });
let sequence = 0;
const order = (side: "buy" | "sell", qty: number) =>
  brokerOf(cache).place({ clientOrderId: `o-${++sequence}`, symbol: "KO", side, qty });

describe("a split of what the paper broker holds", () => {
  test("changes the shares with the price and not before, and neither cash nor value; parts of shares are kept", async () => {
    quoted(60, nowMs);
    await order("buy", 5);
    writeSplits(cache, "KO", [threeForTwo], openMs);
    expect(await brokerOf(cache).positions()).toMatchObject([{ qty: 5, avgPrice: 60 }]);
    expect(ledger.db.select().from(paperSplits).all()).toEqual([]);
    const { valuation } = cachedMarket(cache, "USD", () => new Map());
    expect(valuation().splits).toEqual(new Map());
    nowMs = openMs + 60_000;
    quoted(40, openMs);
    expect(valuation().splits).toEqual(new Map([["KO", openMs]]));
    expect(await brokerOf(cache).positions()).toMatchObject([{ qty: 7.5, avgPrice: 40 }]);
    expect(await brokerOf(cache).account()).toMatchObject({ cash: { USD: 99_700 }, equity: 100_000 });
    expect((await brokerOf(cache).activities(0)).slice(1)).toMatchObject([
      { id: "split-KO-2026-11-19-out", kind: "split", qty: -5, atMs: openMs, note: "3 for 2" },
      { id: "split-KO-2026-11-19-in", kind: "split", qty: 7.5, atMs: openMs, note: "3 for 2" },
    ]);
    expect(await order("sell", 8)).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("available: 7.5"),
    });
    expect(await order("sell", 7)).toMatchObject({ kind: "placed" });
    expect(await brokerOf(cache).positions()).toMatchObject([{ qty: 0.5, avgPrice: 40 }]);
  });

  test("leaves alone what is bought at the new price, and what was sold before", async () => {
    quoted(60, nowMs);
    await order("buy", 4);
    await order("sell", 2);
    writeSplits(cache, "KO", [threeForTwo], openMs);
    nowMs = openMs + 60_000;
    quoted(40, openMs);
    await order("buy", 10);
    expect(await brokerOf(cache).positions()).toMatchObject([{ qty: 13, avgPrice: 40 }]);
  });

  test("is booked once, on either node and after a failover, and never without the lease", async () => {
    quoted(60, nowMs);
    await order("buy", 5);
    writeSplits(cache, "KO", [threeForTwo], openMs);
    quoted(40, openMs);
    const lost = { ...guard, check: () => { throw new Error("the lease is over"); } }; // prettier-ignore
    expect(() => bookedSplits(ledger.db, cache, lost)).toThrow("the lease is over");
    await brokerOf(cache).positions();
    // The other node saw the same of its source, a second later and in other figures; it leads now.
    using other = disposable(openMarketCache(join(dir, "other.db")));
    writeSplits(other, "KO", [{ ...threeForTwo, atMs: openMs + 1_000, newShares: 1.5, oldShares: 1 }], openMs);
    quoted(40, openMs + 1_000, other);
    expect(await brokerOf(other).positions()).toMatchObject([{ qty: 7.5 }]);
    // One whose cache knows of no split has the shares of the ledger all the same.
    using empty = disposable(openMarketCache(join(dir, "empty.db")));
    expect(await brokerOf(empty).positions()).toMatchObject([{ qty: 7.5 }]);
    expect(ledger.db.select().from(paperSplits).all()).toEqual([{ symbol: "KO", ...threeForTwo }]);
  });

  test("of what was never held is not booked", async () => {
    writeSplits(cache, "KO", [threeForTwo], openMs);
    quoted(40, openMs);
    nowMs = openMs + 60_000;
    await order("buy", 3);
    expect(await brokerOf(cache).positions()).toMatchObject([{ qty: 3 }]);
    expect(ledger.db.select().from(paperSplits).all()).toEqual([]);
  });
});

/*
 * 60 closes at 60.00, then the day of a 2:1 at 30.30, and one more at 31.00. 10 KO bought at 60.00 are 600.00 USD; after the
 * split 20 at 30.30 are 606.00, at 31.00 620.00. The account has 99,400.00 beside them.
 */
test("from the source's chart to the books: a 2:1 is no loss of half, and no gain", async () => {
  const firstMs = exDayMs - 60 * DAY_MS;
  const bars = (days: number) =>
    Array.from({ length: days }, (_, day) => {
      // The source adjusts all of its history on the day of the split.
      const close = day < 60 ? (days > 60 ? 30 : 60) : [30.3, 31][day - 60]!;
      return { dayMs: firstMs + day * DAY_MS, close, adjclose: null, dividend: 0 };
    });
  let days = 60;
  const source: MarketSource = {
    company: null,
    quotes: async () => [
      {
        symbol: "KO",
        price: bars(days).at(-1)?.close ?? 0,
        currency: "USD",
        asOfMs: firstMs + (days - 1) * DAY_MS + 15 * HOUR_MS,
      },
    ],
    dailyBars: async (_symbol, fromMs) => ({
      currency: "USD",
      bars: bars(days).filter(({ dayMs }) => dayMs >= fromMs),
      splits: days > 60 && fromMs <= exDayMs ? [{ ...threeForTwo, newShares: 2, oldShares: 1 }] : [],
    }),
  };
  const { signal } = new AbortController();
  const market = cachedMarket(cache, "USD", () => splitInstants(ledger.db, "b", 0));
  const sync = async (): Promise<string | undefined> => {
    await refreshPrices(
      { source, cache, clock: { nowMs: () => nowMs }, base: "USD" },
      [listingOf({ symbol: "KO", currency: "USD" })],
      signal,
    );
    const deps = { ledger, book: "b", broker: brokerOf(cache), market, guard, clock: { nowMs: () => nowMs } };
    return portfolioSyncJob(deps).run(slotAt(nowMs), signal);
  };
  await sync();
  await order("buy", 10);
  await sync();
  for (days = 61; days <= 62; days++) {
    nowMs += DAY_MS;
    expect(await sync()).not.toContain("no movement");
  }
  const { history, gained } = figures();
  expect(history.slice(1)).toEqual([10_000_000, 10_000_600, 10_002_000]);
  const told = readAccountDays(ledger.db, "b", 99).map((day) => day.splits);
  expect(told).toEqual([undefined, { KO: openMs }, { KO: openMs }]);
  expect(gained).toMatchObject([{ symbol: "KO", qty: 20, costMinor: 60_000, valueMinor: 62_000, gainMinor: 2_000 }]);
});

/** What the books say of each day, and of the gains until now. */
function figures() {
  const [base, list] = ["USD" as const, readMovements(ledger.db, "b")];
  const seen = readAccountDays(ledger.db, "b", 99);
  return {
    history: known(valueHistory({ base, days: seen, movements: list }, 99)).map(({ totalMinor }) => totalMinor),
    gained: known(gains({ base, newest: seen.at(-1) ?? null, rates: seen, movements: list })).stocks,
  };
}

const known = <T>(part: Part<T>): T => {
  if (part.kind === "unknown") throw new Error(part.reason);
  return part.value;
};
