import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { gains, valueHistory, type Part } from "../../../../src/analytics/money/money-report.ts";
import { paperSplits } from "../../../../src/db/paper-schema.ts";
import { readAccountDays, readMovements } from "../../../../src/db/money-rows.ts";
import { writeSplits } from "../../../../src/db/splits-cache.ts";
import { listingOf } from "../../../../src/market/listing.ts";
import type { MarketSource, Split } from "../../../../src/market/source.ts";
import { heldLease, paperNode } from "../../../support/paper-node.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A Thursday on which KO splits as New York opens. */
const exDayMs = Date.UTC(2026, 10, 19);
const openMs = exDayMs + 14.5 * HOUR_MS;
const threeForTwo: Split = { dayMs: exDayMs, atMs: openMs, newShares: 3, oldShares: 2 };

let node: ReturnType<typeof paperNode>;
beforeEach(() => {
  node = paperNode("USD");
  node.nowMs = openMs - DAY_MS;
});
afterEach(() => node[Symbol.dispose]());

const broker = () => node.broker();
const booked = () => node.ledger.db.select().from(paperSplits).all();
const tellSplit = (): void => writeSplits(node.cache, "KO", [threeForTwo], openMs);
const quoted = (price: number, asOfMs: number): void => node.quoted("KO", price, asOfMs);
const order = (side: "buy" | "sell", qty: number) => node.order(side, "KO", qty);

describe("a split of what the paper broker holds", () => {
  test("changes the shares with the price and not before, and neither cash nor value; parts of shares are kept", async () => {
    quoted(60, node.nowMs);
    await order("buy", 5);
    tellSplit();
    expect(await broker().positions()).toMatchObject([{ qty: 5, avgPrice: 60 }]);
    expect(booked()).toEqual([]);
    const { valuation } = node.market;
    expect(valuation().splits).toEqual(new Map());
    node.nowMs = openMs + 60_000;
    quoted(40, openMs);
    expect(valuation().splits).toEqual(new Map([["KO", openMs]]));
    expect(await broker().positions()).toMatchObject([{ qty: 7.5, avgPrice: 40 }]);
    expect(await broker().account()).toMatchObject({ cash: { USD: 99_700 }, equity: 100_000 });
    expect((await broker().activities(0)).slice(1)).toMatchObject([
      { id: "split-KO-2026-11-19-out", kind: "split", qty: -5, atMs: openMs, note: "3 for 2" },
      { id: "split-KO-2026-11-19-in", kind: "split", qty: 7.5, atMs: openMs, note: "3 for 2" },
    ]);
    expect(await order("sell", 8)).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("available: 7.5"),
    });
    expect(await order("sell", 7)).toMatchObject({ kind: "placed" });
    expect(await broker().positions()).toMatchObject([{ qty: 0.5, avgPrice: 40 }]);
  });

  test("leaves alone what is bought at the new price, and what was sold before", async () => {
    quoted(60, node.nowMs);
    await order("buy", 4);
    await order("sell", 2);
    tellSplit();
    node.nowMs = openMs + 60_000;
    quoted(40, openMs);
    await order("buy", 10);
    expect(await broker().positions()).toMatchObject([{ qty: 13, avgPrice: 40 }]);
  });

  test("is booked once, on either node and after a failover, and never without the lease", async () => {
    quoted(60, node.nowMs);
    await order("buy", 5);
    tellSplit();
    quoted(40, openMs);
    node.guard = { ...heldLease, check: () => { throw new Error("the lease is over"); } }; // prettier-ignore
    await expect(broker().positions()).rejects.toThrow("the lease is over");
    node.guard = heldLease;
    await broker().positions();
    // The other node saw the same of its source, a second later and in other figures; it leads now.
    using other = node.otherCache("other");
    writeSplits(other, "KO", [{ ...threeForTwo, atMs: openMs + 1_000, newShares: 1.5, oldShares: 1 }], openMs);
    node.quoted("KO", 40, openMs + 1_000, other);
    expect(await node.broker(other).positions()).toMatchObject([{ qty: 7.5 }]);
    // One whose cache knows of no split has the shares of the ledger all the same.
    using empty = node.otherCache("empty");
    expect(await node.broker(empty).positions()).toMatchObject([{ qty: 7.5 }]);
    expect(booked()).toEqual([{ symbol: "KO", ...threeForTwo }]);
  });

  test("of what was never held is not booked", async () => {
    tellSplit();
    quoted(40, openMs);
    node.nowMs = openMs + 60_000;
    await order("buy", 3);
    expect(await broker().positions()).toMatchObject([{ qty: 3 }]);
    expect(booked()).toEqual([]);
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
  const sync = () => node.sync(source, [listingOf({ symbol: "KO", currency: "USD" })]);
  await sync();
  await order("buy", 10);
  await sync();
  for (days = 61; days <= 62; days++) {
    node.nowMs += DAY_MS;
    expect(await sync()).not.toContain("no movement");
  }
  const { history, gained } = figures();
  expect(history.slice(1)).toEqual([10_000_000, 10_000_600, 10_002_000]);
  const seenSplits = readAccountDays(node.ledger.db, "b", 99).map((day) => day.splits);
  expect(seenSplits).toEqual([undefined, { KO: openMs }, { KO: openMs }]);
  expect(gained).toMatchObject([{ symbol: "KO", qty: 20, costMinor: 60_000, valueMinor: 62_000, gainMinor: 2_000 }]);
});

/** What the books say of each day, and of the gains until now. */
function figures() {
  const [base, list] = ["USD" as const, readMovements(node.ledger.db, "b")];
  const seen = readAccountDays(node.ledger.db, "b", 99);
  return {
    history: known(valueHistory({ base, days: seen, movements: list }, 99)).map(({ totalMinor }) => totalMinor),
    gained: known(gains({ base, newest: seen.at(-1) ?? null, rates: seen, movements: list })).stocks,
  };
}

const known = <T>(part: Part<T>): T => {
  if (part.kind === "unknown") throw new Error(part.reason);
  return part.value;
};
