import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyBook, post, type Book, type Entry } from "../../../../src/analytics/money/book.ts";
import { gainSplit, stockGains } from "../../../../src/analytics/money/gain-split.ts";
import { exactShares } from "../../../../src/analytics/money/shares.ts";
import { cashValue, holdingValue } from "../../../../src/analytics/money/valuation.ts";
import { end, entries, eve, prices, rates, start, summer, valuesOf } from "./hand-book.ts";

const posted = (list: readonly Entry[]): Book =>
  list.reduce((book, entry) => post(book, entry, rates), emptyBook("EUR"));

describe("a book worked by hand", () => {
  const book = posted(entries);

  test("cash by currency", () => {
    expect([...book.cash]).toEqual([
      ["EUR", 1_000_000 - 200_000 - 30_000 - 100_000],
      ["USD", 220_000 - 150_000 - 200 + 240 + 72_000 - 100],
      ["GBP", 25_500 - 20_001],
    ]);
  });

  test("positions at the cost of their lots, in their own currency and in euros at the rates of purchase", () => {
    expect(book.positions.get("AAPL")).toMatchObject({
      qty: 6,
      currency: "USD",
      costMinor: 90_000,
      costBaseMinor: 81_000,
      lots: [{ dayMs: start, qty: 6 }],
    });
    // 300 × 66.67 p = 200.01 GBP, × 1.15 = 230.0115 EUR
    expect(book.positions.get("VOD.L")).toMatchObject({
      qty: 300,
      currency: "GBP",
      costMinor: 20_001,
      costBaseMinor: 23_001,
    });
  });

  test("the realised gain: 720 USD at .95 for what cost 600 USD at .90", () => {
    expect(book.realised).toMatchObject([
      {
        symbol: "AAPL",
        qty: 4,
        proceedsMinor: 72_000,
        costMinor: 60_000,
        proceedsBaseMinor: 68_400,
        costBaseMinor: 54_000,
      },
    ]);
  });

  test("deposits, dividends and fees in euros of their day", () => {
    expect(book.sums).toEqual({
      depositedMinor: 900_000,
      dividendsMinor: 228,
      feesMinor: 275,
      taxesMinor: 0,
      otherMinor: 0,
    });
  });

  test("value at the end of the year", () => {
    expect(holdingValue(book, "AAPL", end, prices, rates)).toBe(115_200);
    expect(holdingValue(book, "VOD.L", end, prices, rates)).toBe(25_200);
    // 6,700.00 EUR + 1,419.40 USD × .96 + 54.99 GBP × 1.20, each rounded to the cent
    expect(cashValue(book, end, rates)).toBe(670_000 + 136_262 + 6_599);
  });

  test("the gain, split into price, rates, dividends, fees and what happened to cash", () => {
    expect(gainSplit(book, end, stockGains(book, end, prices, rates), rates)).toEqual({
      gainMinor: 115_200 + 25_200 + 812_861 - 900_000,
      // sold 120 USD × .90, held 300 USD × .90, and 9.99 GBP at 230.01 / 200.01
      priceMinor: 10_800 + 27_000 + 1_149,
      fxMinor: 3_600 + 7_200 + 1_050,
      dividendsMinor: 228,
      feesMinor: -275,
      taxesMinor: 0,
      otherMinor: 0,
      // -20.00 and -6.75 for converting, +34.90 and +14.19 on dollars, +2.75 on pounds
      cashFxMinor: 2_509,
    });
  });

  test("each day's value has its cash in it, so a sale is no loss", () => {
    const days = valuesOf(entries, [eve, start, summer, end]);
    expect(days.map(({ totalMinor, flowMinor }) => [totalMinor, flowMinor])).toEqual([
      [0, 0],
      [997_145, 1_000_000],
      [938_004, -100_000],
      [953_261, 0],
    ]);
    expect(days[2]?.invested).toEqual(new Map([["AAPL", -228 - 68_400 + 95]]));
  });
});

describe("a book refuses what cannot be", () => {
  const buy = { kind: "buy", dayMs: start, symbol: "A", qty: 3, price: 10, unit: "EUR", feeMinor: 0 } as const;
  test.each<[string, readonly Entry[], string]>([
    ["more sold than held", [buy, { ...buy, kind: "sell", qty: 4 }], "A: 4 sold, 3 held"],
    ["no shares", [{ ...buy, qty: 0 }], "A: 0 is no number of shares"],
    ["less than brokers count in", [{ ...buy, qty: 1e-10 }], "A: 1e-10 is no number of shares"],
    ["a part more than held", [buy, { ...buy, kind: "sell", qty: 3.000000001 }], "A: 3.000000001 sold, 3 held"],
    ["another currency", [buy, { ...buy, unit: "USD" }], "A is held in EUR and traded in USD"],
    ["a negative deposit", [{ kind: "deposit", dayMs: start, currency: "EUR", minor: -5 }], "-5 is no amount"],
    ["half a cent", [{ kind: "fee", dayMs: start, symbol: null, currency: "EUR", minor: 0.5 }], "not a whole number"],
    ["an unknown rate", [{ kind: "deposit", dayMs: eve, currency: "USD", minor: 5 }], "no rate for USD on 2024-01-01"],
    ["a price of nothing", [{ ...buy, price: 0 }], "A: 0 is no price"],
    ["a split of what is not there", [{ kind: "split", dayMs: start, symbol: "B", addedQty: 2 }], "B is not held"],
    ["a split into nothing", [buy, { kind: "split", dayMs: start, symbol: "A", addedQty: -3 }], "A: a split leaves 0"],
  ])("%s", (_, list, message) => {
    expect(() => posted(list)).toThrow(message);
  });

  test("a price that is unknown is no price of 0", () => {
    expect(() => holdingValue(posted(entries), "AAPL", eve, prices, rates)).toThrow("no price for AAPL on 2024-01-01");
    expect(holdingValue(posted(entries), "NONE", eve, prices, rates)).toBe(0);
  });
});

test("a split changes the shares and no cost, and a whole sale leaves nothing behind", () => {
  const buy = { kind: "buy", dayMs: start, symbol: "A", qty: 3, price: 33.335, unit: "EUR", feeMinor: 0 } as const;
  const book = posted([
    buy,
    { kind: "split", dayMs: start, symbol: "A", addedQty: 3 },
    { ...buy, kind: "sell", qty: 5, price: 20 },
    { ...buy, kind: "sell", qty: 1, price: 20 },
  ]);
  expect(book.positions.size).toBe(0);
  expect(book.realised.map(({ costMinor }) => costMinor)).toEqual([8_334, 1_667]);
});

test("whatever splits, each lot has its part of the shares, all together have all of them, and no cost changes", () => {
  const lot = fc.record({ qty: fc.integer({ min: 1, max: 8_000 }), parts: fc.nat(1_000_000_000) });
  const ratios = fc.constantFrom([2, 1], [1, 10], [3, 2], [1, 3], [7, 3], [1, 1000], [20, 1]);
  fc.assert(
    fc.property(fc.array(lot, { minLength: 1, maxLength: 6 }), ratios, (bought, [newer = 1, older = 1]) => {
      const buys = bought.map(({ qty, parts }): Entry => {
        const some = exactShares(qty + parts / 1e9);
        return { kind: "buy", dayMs: start, symbol: "A", qty: some, price: 3.17, unit: "EUR", feeMinor: 0 };
      });
      const before = posted(buys).positions.get("A")!;
      const qty = exactShares((before.qty * newer) / older);
      const addedQty = exactShares(qty - before.qty);
      const after = posted([...buys, { kind: "split", dayMs: start, symbol: "A", addedQty }]).positions.get("A")!;
      expect(after.qty).toBe(qty);
      expect(after.costMinor).toBe(before.costMinor);
      for (const [index, { qty: own }] of after.lots.entries()) {
        const expected = ((before.lots[index]?.qty ?? 0) * newer) / older;
        expect(Math.abs(own - expected)).toBeLessThan(3e-9);
      }
      const sold = posted([...buys, { kind: "split", dayMs: start, symbol: "A", addedQty }, whole(qty)]);
      expect(sold.positions.size).toBe(0);
      expect(sold.realised[0]?.costMinor).toBe(before.costMinor);
    }),
    { numRuns: 200 },
  );
});
const whole = (qty: number): Entry => ({
  kind: "sell",
  dayMs: start,
  symbol: "A",
  qty,
  price: 1,
  unit: "EUR",
  feeMinor: 0,
});

test("whatever is traded, costs and the parts of the gain add up to the cent", () => {
  const anyTrade = fc.record({
    symbol: fc.constantFrom("AAPL", "VOD.L"),
    qty: fc.integer({ min: 1, max: 500 }),
    price: fc.double({ min: 0.05, max: 900, noNaN: true }),
    feeMinor: fc.nat(500),
    sells: fc.boolean(),
    dayMs: fc.constantFrom(start, summer),
  });
  fc.assert(
    fc.property(fc.array(anyTrade, { maxLength: 40 }), (trades) => {
      let book = posted([{ kind: "deposit", dayMs: start, currency: "EUR", minor: 123_456 }]);
      let boughtMinor = 0;
      for (const { sells, ...trade } of trades) {
        const held = book.positions.get(trade.symbol)?.qty ?? 0;
        const unit = trade.symbol === "AAPL" ? "USD" : "GBp";
        const kind = sells && trade.qty <= held ? "sell" : "buy";
        const before = book.positions.get(trade.symbol)?.costBaseMinor ?? 0;
        book = post(book, { ...trade, kind, unit }, rates);
        if (kind === "buy") boughtMinor += (book.positions.get(trade.symbol)?.costBaseMinor ?? 0) - before;
      }
      const costs = [...book.positions.values(), ...book.realised].reduce(
        (sum, { costBaseMinor }) => sum + costBaseMinor,
        0,
      );
      expect(costs).toBe(boughtMinor);
      const { gainMinor, ...parts } = gainSplit(book, end, stockGains(book, end, prices, rates), rates);
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(gainMinor);
    }),
    { numRuns: 200 },
  );
});
