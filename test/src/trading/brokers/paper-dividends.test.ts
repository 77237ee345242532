import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Currency } from "../../../../src/analytics/money/amount.ts";
import { writeBars, type MarketCache } from "../../../../src/db/market-cache.ts";
import { paperDividends } from "../../../../src/db/paper-schema.ts";
import { writeSplits } from "../../../../src/db/splits-cache.ts";
import type { Split } from "../../../../src/market/source.ts";
import { heldLease, paperNode } from "../../../support/paper-node.ts";

const DAY_MS = 86_400_000;
/** A Thursday, on which a stock is traded without its dividend for the first time. */
const exDayMs = Date.UTC(2026, 10, 19);
const openMs = exDayMs + 14.5 * 3_600_000;

let node: ReturnType<typeof paperNode>;
afterEach(() => node[Symbol.dispose]());
const start = (base: Currency): void => {
  node = paperNode(base);
  node.nowMs = openMs - DAY_MS;
};

const booked = () => node.ledger.db.select().from(paperDividends).all();
const cash = async (of?: MarketCache) => (await node.broker(of).account()).cash;
/** The bars of so many days around the ex-day, and what they pay by how many days after it. */
const bars = (close: number, last: number, dividends: Readonly<Record<number, number>>, of = node.cache): void =>
  writeBars(
    of,
    Array.from({ length: last + 8 }, (_, n) => ({
      symbol: "KO",
      dayMs: exDayMs + (n - 7) * DAY_MS,
      close,
      dividend: dividends[n - 7] ?? 0,
    })),
  );
const passDays = (days: number): void => void (node.nowMs = openMs + days * DAY_MS + 60_000);
const split = (day: number, newShares: number, oldShares: number): Split => {
  const dayMs = exDayMs + day * DAY_MS;
  return { dayMs, atMs: dayMs + 14.5 * 3_600_000, newShares, oldShares };
};

describe("a dividend of what the paper broker holds", () => {
  beforeEach(async () => {
    start("USD");
    node.quoted("KO", 60, node.nowMs);
    bars(60, -1, {});
  });

  // 10 at 60.00 leave 99,400.00; 10 times .485 are 4.85.
  test("comes on its ex-day to whoever held it before, also when it is sold on that day; what is bought then gets none", async () => {
    await node.order("buy", "KO", 10);
    passDays(0);
    await node.order("sell", "KO", 4);
    await node.order("buy", "KO", 5);
    expect(await cash()).toEqual({ USD: 99_340 });
    bars(60, 0, { 0: 0.485 });
    expect(await cash()).toEqual({ USD: 99_344.85 });
    expect((await node.broker().activities(0)).at(-1)).toEqual({
      id: "dividend-KO-2026-11-19",
      atMs: node.nowMs,
      kind: "dividend",
      currency: "USD",
      amount: 4.85,
      symbol: "KO",
      qty: null,
      price: null,
      note: "0.485 for each of 10 shares; gross, for no withholding tax is known",
    });
    expect(booked()).toMatchObject([{ account: "paper", symbol: "KO", dayMs: exDayMs, qty: 10, minor: 485 }]);
  });

  test("comes neither for what was sold before, nor for what was bought later", async () => {
    await node.order("buy", "KO", 10);
    await node.order("sell", "KO", 10);
    passDays(1);
    await node.order("buy", "KO", 3);
    bars(60, 1, { [-2]: 0.3, 0: 0.485 });
    expect(await cash()).toEqual({ USD: 99_820 });
    expect(booked()).toEqual([]);
  });

  test("is booked once and as it was first told, on either node, whatever its source corrects, and never without the lease", async () => {
    await node.order("buy", "KO", 10);
    passDays(0);
    bars(60, 0, { 0: 0.485 });
    node.guard = { ...heldLease, check: () => { throw new Error("the lease is over"); } }; // prettier-ignore
    await expect(cash()).rejects.toThrow("the lease is over");
    expect(booked()).toEqual([]);
    node.guard = heldLease;
    const once = { USD: 99_404.85 };
    expect(await cash()).toEqual(once);
    const told = await node.broker().activities(0);
    // Another amount, another day, on another node, on one that knows of none.
    passDays(3);
    bars(60, 3, { 0: 0.5 });
    expect(await cash()).toEqual(once);
    bars(60, 3, { 2: 0.61 });
    expect(await cash()).toEqual(once);
    using other = node.otherCache("other");
    node.quoted("KO", 60, node.nowMs, other);
    bars(60, 3, { [-1]: 0.485 }, other);
    expect(await cash(other)).toEqual(once);
    using empty = node.otherCache("empty");
    node.quoted("KO", 60, node.nowMs, empty);
    expect(await cash(empty)).toEqual(once);
    expect(await node.broker(empty).activities(0)).toEqual(told);
    // A week later it is another one: 10 times .2.
    passDays(7);
    bars(60, 7, { 0: 0.485, 7: 0.2 });
    expect(await cash()).toEqual({ USD: 99_406.85 });
  });

  test("that is told late is paid for a quarter of a year, and not any more then", async () => {
    await node.order("buy", "KO", 10);
    passDays(91);
    bars(60, 91, { 0: 0.485, 2: 0.485 });
    // Of the first the quarter is over; the second looks wrong.
    expect(await cash()).toEqual({ USD: 99_400 });
    passDays(89);
    expect(await cash()).toEqual({ USD: 99_404.85 });
    expect(booked()).toMatchObject([{ dayMs: exDayMs }]);
  });

  test("that looks wrong is not paid: 27.3 on a price of 60 are pence", async () => {
    await node.order("buy", "KO", 10);
    passDays(20);
    bars(60, 20, { 0: 27.3 });
    expect(await cash()).toEqual({ USD: 99_400 });
    bars(60, 20, { 0: 0.273 });
    expect(await cash()).toEqual({ USD: 99_402.73 });
  });
});

/*
 * 5 KO bought at 60.00 leave 99,700.00. Each is due .60 on the ex-day: 3.00. Five days later they are 7.5, and what the
 * source tells of the ex-day then is .40 for each.
 */
describe("a dividend and a split", () => {
  beforeEach(async () => {
    start("USD");
    node.quoted("KO", 60, node.nowMs);
    bars(60, -1, {});
    await node.order("buy", "KO", 5);
  });
  const paid = { USD: 99_703 };

  test("of later: it is what the shares of the ex-day were due, told before the split or after it", async () => {
    passDays(0);
    using before = node.otherCache("before");
    bars(60, 0, { 0: 0.6 }, before);
    node.quoted("KO", 60, openMs, before);
    passDays(5);
    // The split is known first, then all bars are others; between the two nobody can tell.
    bars(60, 4, { 0: 0.6 });
    writeSplits(node.cache, "KO", [split(5, 3, 2)], node.nowMs);
    node.quoted("KO", 40, node.nowMs);
    expect(await cash()).toEqual({ USD: 99_700 });
    expect(await node.broker().positions()).toMatchObject([{ qty: 7.5 }]);
    bars(40, 4, { 0: 0.4 });
    expect(await cash()).toEqual({ USD: 99_700 });
    bars(40, 5, { 0: 0.4 });
    expect(await cash()).toEqual(paid);
    expect(booked()).toMatchObject([{ qty: 7.5, perShare: 0.4, minor: 300 }]);
    // Whose cache is of before the split tells the same of the old shares, and nothing twice.
    node.ledger.db.delete(paperDividends).run();
    expect(await cash(before)).toEqual({ USD: 99_700 });
    bars(40, 5, { 0: 0.4 }, before);
    expect(await cash(before)).toEqual(paid);
    expect(await cash()).toEqual(paid);
  });

  test("that was booked before the split stays as it is", async () => {
    passDays(0);
    bars(60, 0, { 0: 0.6 });
    expect(await cash()).toEqual(paid);
    passDays(5);
    writeSplits(node.cache, "KO", [split(5, 3, 2)], node.nowMs);
    bars(40, 5, { 0: 0.4 });
    node.quoted("KO", 40, node.nowMs);
    expect(await cash()).toEqual(paid);
  });

  test("of the same day: what is told counts the new shares, whether their price is there yet or not", async () => {
    passDays(0);
    writeSplits(node.cache, "KO", [split(0, 3, 2)], node.nowMs);
    bars(40, 0, { 0: 0.4 });
    expect(await node.broker().positions()).toMatchObject([{ qty: 5 }]);
    expect(await cash()).toEqual(paid);
  });
});

// 10 times .485 USD: at .80 EUR 3.88, a week later at .78125 3.7890.
test("without a rate that may be traded on a dividend waits, and is changed at the rate of when there is one", async () => {
  start("EUR");
  node.perBase = { USD: 1.25 };
  node.quoted("KO", 60, node.nowMs, node.cache, "USD");
  await node.order("buy", "KO", 10);
  node.perBase = {};
  passDays(0);
  bars(60, 0, { 0: 0.485 });
  expect(await node.broker().activities(openMs)).toEqual([]);
  expect(booked()).toEqual([]);
  passDays(7);
  node.perBase = { USD: 1.28 };
  expect(await node.broker().activities(openMs)).toMatchObject([
    { kind: "dividend", currency: "USD", amount: 4.85, atMs: node.nowMs },
    { kind: "conversion", currency: "USD", amount: -4.85, to: { currency: "EUR", amount: 3.79 }, atMs: node.nowMs },
  ]);
});
