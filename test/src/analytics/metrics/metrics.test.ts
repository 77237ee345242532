import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinReturns } from "../../../../src/analytics/metrics/benchmark.ts";
import { growthOverYears, simpleReturns, yearsEarlier } from "../../../../src/analytics/metrics/growth.ts";
import { metricsReport } from "../../../../src/analytics/metrics/metrics-report.ts";
import { parsePriceFile } from "../../../../src/analytics/metrics/price-file.ts";
import {
  annualVolatility,
  calmarRatio,
  expectedShortfall95,
  maxDrawdown,
  omegaRatio,
  sharpeRatio,
  sortinoRatio,
  stability,
} from "../../../../src/analytics/metrics/risk.ts";
import { bollinger, ema, high52Weeks, rsi } from "../../../../src/analytics/metrics/technical.ts";

const still30 = Array.from({ length: 30 }, () => 5);
const day = (text: string): number => Date.parse(text);
const header = "symbol,date,open,high,low,close,adjclose,volume,dividend,split";

describe("metrics by hand", () => {
  test("volatility, Sharpe and Sortino of two returns", () => {
    const returns = [0.03, -0.01];
    expect(annualVolatility(returns)).toBeCloseTo(Math.SQRT2 * 0.02 * Math.sqrt(252), 12);
    expect(sharpeRatio(returns)).toBeCloseTo((0.01 / (Math.SQRT2 * 0.02)) * Math.sqrt(252), 12);
    expect(sortinoRatio(returns)).toBeCloseTo((0.01 * 252) / (Math.sqrt(0.0001 / 2) * Math.sqrt(252)), 12);
    expect(omegaRatio(returns)).toBeCloseTo(3, 12);
  });

  test("a fall counts from the first price on", () => {
    expect(maxDrawdown(simpleReturns([100, 50, 75, 60]))).toBeCloseTo(-0.5, 12);
    expect(maxDrawdown(simpleReturns([100, 110, 120]))).toBe(0);
  });

  test("the shortfall is the mean of the worst twentieth, at least one", () => {
    const returns = Array.from({ length: 20 }, (_, index) => index - 10);
    expect(expectedShortfall95(returns)).toBe(-10);
    expect(expectedShortfall95([...returns, 10])).toBe(-9.5);
  });

  test("what is undefined is NaN, never a large number", () => {
    const still = simpleReturns([5, 5, 5]);
    for (const ratio of [sharpeRatio, sortinoRatio, omegaRatio, calmarRatio, stability]) {
      expect(ratio(still)).toBeNaN();
      expect(ratio([])).toBeNaN();
    }
    expect(rsi([5, 6, 7])).toBeNaN();
    expect(rsi(still30)).toBeNaN();
    expect(ema([1, 2], 3, "sma")).toBeNaN();
    expect(bollinger([1, 2])).toBeNull();
    expect(bollinger(still30)?.position).toBeNaN();
  });

  test("RSI by Wilder's averages, EMA by both beginnings", () => {
    expect(rsi([10, 11, 10.5, 12], 2)).toBeCloseTo((100 * 1) / (1 + 0.125), 10);
    expect(rsi([1, 2, 3], 2)).toBe(100);
    expect(rsi([3, 2, 1], 2)).toBe(0);
    expect(ema([1, 2, 3, 4], 3, "sma")).toBe(3);
    expect(ema([1, 2, 3, 4], 3, "first")).toBe(3.125);
  });

  test("a year back from 29 February is the 28th; growth starts on or before that day, and never out of nothing", () => {
    expect(yearsEarlier(day("2024-02-29"), 1)).toBe(day("2023-02-28"));
    const days = [day("2020-01-02"), day("2020-12-30"), day("2022-01-03")];
    expect(growthOverYears(days, [100, 200, 242], 2)).toBeCloseTo(Math.sqrt(2.42) - 1, 12);
    expect(growthOverYears(days, [100, 200, 242], 1)).toBeCloseTo(0.21, 12);
    expect(growthOverYears(days, [100, 200, 242], 3)).toBeNaN();
  });

  test("the high of 52 weeks leaves out the day exactly 52 weeks ago", () => {
    const days = [day("2021-01-01"), day("2021-06-01"), day("2021-12-31")];
    expect(high52Weeks(days, [9, 5, 4])).toBe(5);
    expect(high52Weeks([], [])).toBeNaN();
  });

  test("returns are compared on the days that both have", () => {
    const own = { daysMs: [1, 2, 4, 5], returns: [0.1, 0.2, 0.4, 0.5] };
    const benchmark = { daysMs: [2, 3, 4], returns: [1, 2, 3] };
    expect(joinReturns(own, benchmark)).toEqual({ daysMs: [2, 4], own: [0.2, 0.4], benchmark: [1, 3] });
  });
});

describe("a price file", () => {
  const rows = (...lines: string[]): string => `${[header, ...lines].join("\n")}\n`;

  test("may have empty cells and missing days; what it is too short for is null", () => {
    const file = parsePriceFile(
      rows("A,2024-01-02,,,,,100,,,", "A,2024-01-03,,,,,,,,", "A,2024-03-01,,,,,110,,,", "A,2024-03-04,,,,,99,,,"),
    );
    const report = metricsReport(file);
    expect(report["max_drawdown"]).toBeCloseTo(-0.1, 12);
    expect(report).toMatchObject({ cagr_5y: null, rsi14_wilder_talib: null, bollinger: null });
    expect(report["input"]).toMatchObject({ rows: 4, returns_from: "adjclose", technicals_from: "adjclose" });
    expect(JSON.stringify(report)).not.toContain("NaN");
  });

  test.each([
    ["one row", rows("A,2024-01-02,,,,,100,,,"), "A has 1 closing prices; a return needs two"],
    ["no row", header, "there is no row below the header"],
    ["nothing", "", 'unknown column ""'],
    ["an unknown column", "date,price\n2024-01-02,3\n", 'unknown column "price"; known are symbol, date'],
    ["no date", "symbol,close\nA,3\n", "the column date is missing"],
    ["a column twice", "date,close,close\n", "the column close is there twice"],
    ["a cell too few", rows("A,2024-01-02,,,,,100,,"), "line 2 has 9 cells, the header 10"],
    ["a day that is none", rows("A,2024-02-30,,,,,100,,,"), 'line 2: date "2024-02-30" is no day'],
    ["disorder", rows("A,2024-01-03,,,,,1,,,", "A,2024-01-03,,,,,2,,,"), "line 3: dates must ascend"],
    ["two symbols", rows("A,2024-01-02,,,,,1,,,", "B,2024-01-03,,,,,2,,,"), "line 3: a second symbol"],
    ["a zero", rows("A,2024-01-02,,,,0,1,,,"), 'line 2: close "0" is no positive number'],
    ["words", rows("A,2024-01-02,,,,x,1,,,"), 'line 2: close "x" is no positive number'],
  ])("with %s is refused in one sentence", (_, text, message) => {
    expect(() => metricsReport(parsePriceFile(text))).toThrow(message);
  });

  test("gives finite figures or null, whatever its prices", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 300 }),
        (prices) => {
          const lines = prices.map((price, index) => {
            const date = new Date(day("2019-01-01") + index * 86_400_000).toISOString().slice(0, 10);
            return `A,${date},,${price},,${price},${price},,,`;
          });
          expect(JSON.stringify(metricsReport(parsePriceFile(rows(...lines))))).not.toMatch(/NaN|Infinity|undefined/);
        },
      ),
      { numRuns: 100 },
    );
  });
});
