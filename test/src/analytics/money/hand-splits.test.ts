import { describe, expect, test } from "vitest";
import type { AccountDay } from "../../../../src/analytics/money/account-day.ts";
import type { StockGain } from "../../../../src/analytics/money/gain-split.ts";
import type { Movement } from "../../../../src/analytics/money/movement.ts";
import { analytics, valueHistory, type AccountHistory } from "../../../../src/analytics/money/money-report.ts";
import { gainsOf, groups, known, movementIn } from "./hand-report.ts";

const movement = movementIn("USD");
const accountDay = (
  day: string,
  held: AccountDay["held"],
  prices: { readonly [symbol: string]: number },
  cashUsd: number,
  rate: number,
): AccountDay => ({
  dayMs: Date.parse(day),
  base: "EUR",
  held,
  prices: { USD: prices },
  cash: { USD: cashUsd },
  rates: { USD: rate },
});

/*
 * Mon 5 Jan, .90 EUR for a dollar. 10,000.00 USD come in. 5 AAA at 100.00 = 500.00 USD = 450.00 EUR, 25 BBB at 4.00 =
 *   100.00 USD = 90.00 EUR, 5 CCC at 30.00 = 150.00 USD = 135.00 EUR. Cash 9,250.00 USD. Value 9,000.00 EUR.
 * Tue 6 Jan, .92. 4 AAA at 110.00 = 440.00 USD = 404.80 EUR. Cash 8,810.00 USD = 8,105.20 EUR.
 *   AAA 990.00 USD = 910.80, BBB at 4.20 = 105.00 USD = 96.60, CCC at 30.00 = 150.00 USD = 138.00. Value 9,250.60 EUR.
 * Wed 7 Jan, .92. AAA splits 2:1, so 18 at 55.00; BBB 1:10, so 2.5 at 42.00, of which .5 are paid out with 21.00 USD; CCC
 *   3:2, so 7.5 at 20.00. Cash 8,831.00 USD = 8,124.52 EUR. AAA 910.80, BBB 2 at 42.00 = 84.00 USD = 77.28, CCC 138.00.
 *   Value 9,250.60 EUR: nothing has happened.
 *   The .5 BBB have cost 20.00 USD = 18.00 EUR and brought 19.32: 1.32, of which 1.00 USD × 18 / 20 = .90 by the price.
 * Thu 8 Jan, .95. 11 AAA are sold at 60.00 = 660.00 USD = 627.00 EUR. First in, first out: the 10 that were 5, and 1 of the
 *   8 that were 4: 500.00 + 55.00 USD, 450.00 + 50.60 EUR. 126.40, of which 105.00 USD × 500.60 / 555.00 = 94.7081, so
 *   94.71 by the price and 31.69 by the rate.
 *   7 CCC are sold at 21.00 = 147.00 USD = 139.65 EUR, of 7.5 that have cost 150.00 USD and 135.00 EUR: 140.00 and 126.00.
 *   13.65, of which 6.30 by the price. They pay 1.50 USD = 1.425, so 1.43 EUR.
 *   Held: 7 AAA at 60.00 = 420.00 USD = 399.00 EUR, cost 385.00 and 354.20: 44.80, of which 32.20 by the price.
 *   2 BBB at 43.00 = 86.00 USD = 81.70 EUR, cost 80.00 and 72.00: 9.70, of which 5.40 by the price.
 *   .5 CCC at 21.00 = 10.50 USD = 9.975, so 9.98 EUR, cost 10.00 and 9.00: .98, of which .45 by the price.
 *   Cash 9,639.50 USD = 9,157.525, so 9,157.53 EUR. Value 9,648.21 EUR.
 */
const [monday, tuesday, wednesday, thursday] = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"] as const;
const splits: readonly Movement[] = [
  movement(wednesday, "split", { symbol: "AAA", qty: -9 }),
  movement(wednesday, "split", { symbol: "AAA", qty: 18 }),
  movement(wednesday, "split", { symbol: "BBB", qty: -25 }),
  movement(wednesday, "split", { symbol: "CCC", qty: -5 }),
  movement(wednesday, "split", { symbol: "BBB", qty: 2.5 }),
  movement(wednesday, "split", { symbol: "CCC", qty: 7.5 }),
  movement(wednesday, "cash-in-lieu", { symbol: "BBB", qty: 0.5, minor: 2_100 }),
];
const history: AccountHistory = {
  base: "EUR",
  movements: [
    movement(monday, "deposit", { minor: 1_000_000 }),
    movement(monday, "buy", { minor: -50_000, symbol: "AAA", qty: 5, price: 100 }),
    movement(monday, "buy", { minor: -10_000, symbol: "BBB", qty: 25, price: 4 }),
    movement(monday, "buy", { minor: -15_000, symbol: "CCC", qty: 5, price: 30 }),
    movement(tuesday, "buy", { minor: -44_000, symbol: "AAA", qty: 4, price: 110 }),
    ...splits,
    movement(thursday, "sell", { minor: 66_000, symbol: "AAA", qty: 11, price: 60 }),
    movement(thursday, "sell", { minor: 14_700, symbol: "CCC", qty: 7, price: 21 }),
    movement(thursday, "dividend", { minor: 150, symbol: "CCC" }),
  ],
  days: [
    accountDay(monday, { AAA: 5, BBB: 25, CCC: 5 }, { AAA: 100, BBB: 4, CCC: 30, DDD: 8 }, 925_000, 0.9),
    accountDay(tuesday, { AAA: 9, BBB: 25, CCC: 5 }, { AAA: 110, BBB: 4.2, CCC: 30, DDD: 8 }, 881_000, 0.92),
    {
      ...accountDay(wednesday, { AAA: 18, BBB: 2, CCC: 7.5 }, { AAA: 55, BBB: 42, CCC: 20, DDD: 8 }, 883_100, 0.92),
      splits: { AAA: 1, BBB: 2, CCC: 3 },
    },
    {
      ...accountDay(thursday, { AAA: 7, BBB: 2, CCC: 0.5 }, { AAA: 60, BBB: 43, CCC: 21, DDD: 8 }, 963_950, 0.95),
      splits: { AAA: 1, BBB: 2, CCC: 3 },
    },
  ],
};
const until = (day: string, { base, days, movements }: AccountHistory): AccountHistory => ({
  base,
  days: days.filter(({ dayMs }) => dayMs <= Date.parse(day)),
  movements: movements.filter(({ atMs }) => atMs <= Date.parse(`${day}T23:59:59Z`)),
});

const still = ({ symbol, gainMinor, priceMinor, fxMinor, dividendsMinor }: StockGain) => ({
  symbol,
  gainMinor,
  priceMinor,
  fxMinor,
  dividendsMinor,
});
const without = (...ids: readonly (string | undefined)[]): AccountHistory => ({
  ...history,
  movements: history.movements.filter(({ id }) => !ids.includes(id)),
});

describe("a 2:1, a 1:10 with cash in lieu of half a share, and a 3:2 of five", () => {
  test("neither value, return, own return nor benchmark moves on the day of the splits", () => {
    const found = known(valueHistory(history, 400)).slice(1);
    expect(found.map(({ totalMinor, cashMinor }) => [totalMinor, cashMinor])).toEqual([
      [900_000, 832_500],
      [925_060, 810_520],
      [925_060, 812_452],
      [964_821, 915_753],
    ]);
    expect(found[2]?.timeWeighted).toBe(found[1]?.timeWeighted);
    expect(found[2]?.benchmark).toBe(found[1]?.benchmark);
    // The day after, the four move again, by themselves and by the rate.
    const moved = ((60 / 55 + 43 / 42 + 21 / 20 + 1) / 4) * (0.95 / 0.92);
    expect(1 + (found[3]?.benchmark ?? 0)).toBeCloseTo((1 + (found[2]?.benchmark ?? 0)) * moved, 12);
    expect(found[3]?.timeWeighted).toBeCloseTo((9_250.6 / 9_000) * (9_648.21 / 9_250.6) - 1, 12);
    const [before, after] = [tuesday, wednesday].map((day) => known(analytics(until(day, history), groups, 400)));
    const figures = (of: typeof after) =>
      of?.stocks.map(({ key, gainMinor, ownReturn }) => [key, gainMinor, ownReturn]).toSorted();
    expect(figures(after)).toEqual(figures(before));
    expect(after?.performance).toMatchObject({
      timeWeighted: before?.performance.timeWeighted,
      maxDrawdown: before?.performance.maxDrawdown,
    });
  });

  test("the split into price, rates and dividends is the same before and after, but for what was realised", () => {
    const [before, after] = [tuesday, wednesday].map((day) => known(gainsOf(until(day, history))));
    expect(after?.split).toEqual(before?.split);
    expect(after?.stocks.map(still)).toEqual(before?.stocks.map(still));
    expect(before?.realised).toEqual([]);
    expect(after?.realised).toMatchObject([
      {
        symbol: "BBB",
        qty: 0.5,
        proceedsMinor: 2_100,
        costMinor: 2_000,
        proceedsBaseMinor: 1_932,
        costBaseMinor: 1_800,
      },
    ]);
  });

  test("the day after, gains are first in, first out over the lots that split, to the cent and the share", () => {
    const { split, stocks, realised, realisedByYear } = known(gainsOf(history));
    expect(stocks).toMatchObject([
      {
        symbol: "AAA",
        qty: 7,
        costMinor: 35_420,
        realisedMinor: 12_640,
        priceMinor: 9_471 + 3_220,
        fxMinor: 3_169 + 1_260,
      },
      { symbol: "BBB", qty: 2, costMinor: 7_200, realisedMinor: 132, priceMinor: 90 + 540, fxMinor: 42 + 430 },
      { symbol: "CCC", qty: 0.5, costMinor: 900, realisedMinor: 1_365, priceMinor: 630 + 45, fxMinor: 735 + 53 },
    ]);
    expect(realised.map(({ symbol, qty, costMinor }) => [symbol, qty, costMinor])).toEqual([
      ["BBB", 0.5, 2_000],
      ["AAA", 11, 55_500],
      ["CCC", 7, 14_000],
    ]);
    expect(realisedByYear).toEqual([{ year: 2026, gainMinor: 132 + 12_640 + 1_365 }]);
    expect(split).toMatchObject({
      gainMinor: 64_821,
      priceMinor: 12_691 + 630 + 675,
      fxMinor: 4_429 + 472 + 788,
      dividendsMinor: 143,
    });
  });
});

describe("books that do not add up say since when, and why", () => {
  test("what was told after the newest day that is valued counts when its day does", () => {
    const [before, early] = [until(tuesday, history), until(wednesday, history)];
    expect(gainsOf({ ...early, days: before.days })).toEqual(gainsOf(before));
    // Told on the very day, after its value was taken.
    const late = movement(tuesday, "buy", { id: "late", minor: -11_000, symbol: "AAA", qty: 1, price: 110 });
    expect(gainsOf({ ...before, movements: [...before.movements, late] })).toEqual(gainsOf(before));
  });

  test("half of a split", () => {
    const [out, into] = splits;
    const reason = `the split ${out?.id} took 9 AAA and gave none yet: the books do not add up since 2026-01-07`;
    expect(gainsOf(without(into?.id))).toEqual({ kind: "unknown", reason });
    expect(valueHistory(without(into?.id), 9)).toEqual({ kind: "unknown", reason });
  });

  test("a split that was not told", () => {
    expect(gainsOf(until(wednesday, without(...splits.map(({ id }) => id))))).toEqual({
      kind: "unknown",
      reason: "the broker held 18 AAA on 2026-01-07 and what it told explains 9",
    });
  });

  test("what is not understood, for as long as its day is among those looked at", () => {
    const merger = movement(tuesday, "unbooked", { id: "x1", symbol: "OLD", qty: -3.5, minor: 500, note: "MA SMA" });
    const merged = { ...history, movements: history.movements.toSpliced(5, 0, merger) };
    const reason =
      "the activity x1 (MA SMA) changed OLD by -3.5 and is not understood: the books do not add up since 2026-01-06";
    for (const part of [gainsOf(merged), valueHistory(merged, 400), analytics(merged, groups, 400)]) {
      expect(part).toEqual({ kind: "unknown", reason });
    }
    expect(known(valueHistory(merged, 3))).toHaveLength(3);
    expect(valueHistory(merged, 4)).toEqual({ kind: "unknown", reason });
  });
});
