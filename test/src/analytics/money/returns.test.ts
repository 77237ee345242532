import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attribute, CASH_KEY } from "../../../../src/analytics/money/attribution.ts";
import { performance } from "../../../../src/analytics/money/performance.ts";
import {
  flowsOf,
  moneyWeightedReturn,
  timeWeightedReturn,
  timeWeightedReturns,
} from "../../../../src/analytics/money/returns.ts";
import { day, end, entries, eve, start, summer, valuesOf } from "./hand-book.ts";

const rate = (value: number) => ({ kind: "rate", rate: expect.closeTo(value, 9) });
const flow = (dayMs: number, minor: number) => ({ dayMs, minor });

describe("returns", () => {
  const days = valuesOf(entries, [eve, start, summer, end]);

  test("time-weighted: a deposit is no gain and a withdrawal no loss", () => {
    const expected = [9_971.45 / 10_000 - 1, 9_380.04 / 8_971.45 - 1, 9_532.61 / 9_380.04 - 1];
    expect([...timeWeightedReturns(days)]).toEqual(expected.map((value) => expect.closeTo(value, 12)));
    expect(timeWeightedReturn(timeWeightedReturns(days))).toBeCloseTo(
      0.997145 * (9_380.04 / 8_971.45) * (9_532.61 / 9_380.04) - 1,
      12,
    );
    expect([...timeWeightedReturns([])]).toEqual([]);
  });

  test("money-weighted: Excel's documented example of XIRR", () => {
    const flows = [
      { dayMs: day("2008-01-01"), minor: -1_000_000 },
      { dayMs: day("2008-03-01"), minor: 275_000 },
      { dayMs: day("2008-10-30"), minor: 425_000 },
      { dayMs: day("2009-02-15"), minor: 325_000 },
      { dayMs: day("2009-04-01"), minor: 275_000 },
    ];
    expect(moneyWeightedReturn(flows)).toEqual({ kind: "rate", rate: expect.closeTo(0.373362535, 8) });
  });

  test("money-weighted: by hand, and none where no rate fits", () => {
    const year = day("2025-01-01");
    expect(moneyWeightedReturn([flow(day("2024-01-02"), -100), flow(year, 110)])).toEqual(rate(0.1));
    expect(moneyWeightedReturn([flow(day("2024-01-02"), -100), flow(year, 1)])).toEqual(rate(-0.99));
    const none = { kind: "none", reason: "no rate makes what was paid in worth what came of it" };
    expect(moneyWeightedReturn([flow(year, -100), flow(year, 110)])).toEqual(none);
    expect(moneyWeightedReturn([flow(year, 100)])).toEqual(none);
    expect(moneyWeightedReturn([])).toEqual(none);
  });

  test("money-weighted: where two rates fit, none of them is given", () => {
    // -100, +230 a year later, -132 after two: 230 / 1.1 - 132 / 1.21 = 100, and 230 / 1.2 - 132 / 1.44 = 100
    const years = [0, 365, 730].map((days) => days * 86_400_000);
    const flows = [-10_000, 23_000, -13_200].map((minor, index) => flow(years[index] ?? 0, minor));
    expect(moneyWeightedReturn(flows)).toEqual({
      kind: "several",
      reason: "money went in and out so that several rates fit: 10.0%, 20.0%",
    });
    // In and out and in again, as owners do, and still one rate only.
    const usual = [-10_000, 2_000, -3_000].map((minor, index) => flow(years[index] ?? 0, minor));
    expect(moneyWeightedReturn([...usual, flow(1_095 * 86_400_000, 12_500)]).kind).toBe("rate");
  });

  test("money-weighted agrees with the flows it came from, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.9, max: 5, noNaN: true }),
        fc.array(fc.record({ months: fc.integer({ min: 1, max: 60 }), minor: fc.integer({ min: 1, max: 1e6 }) }), {
          minLength: 1,
          maxLength: 8,
        }),
        (expected, paid) => {
          const flows = paid.map(({ months, minor }) => ({ dayMs: months * 30 * 86_400_000, minor: -minor }));
          const endMs = 70 * 30 * 86_400_000;
          const worth = flows.reduce(
            (sum, { dayMs, minor }) => sum - minor * (1 + expected) ** ((endMs - dayMs) / (365 * 86_400_000)),
            0,
          );
          expect(moneyWeightedReturn([...flows, { dayMs: endMs, minor: worth }])).toEqual({
            kind: "rate",
            rate: expect.closeTo(expected, 6),
          });
        },
      ),
    );
  });

  test("an account's flows begin with what was there and end with what is", () => {
    expect(flowsOf(days.slice(1))).toEqual([
      { dayMs: start, minor: -997_145 },
      { dayMs: summer, minor: 100_000 },
      { dayMs: end, minor: 953_261 },
    ]);
    expect(flowsOf([])).toEqual([]);
  });

  test("attribution: a stock's part is its own gain, and all parts are the whole return", () => {
    const rows = attribute(days);
    const gain = (key: string) => rows.find((row) => row.key === key)?.gainMinor;
    // AAPL: 6 × 200 USD at .96, less 1,350.00 paid, plus 684.00 and 2.28 received, less fees of 1.80 and .95
    expect(gain("AAPL")).toBe(115_200 - 135_000 + 68_400 + 228 - 180 - 95);
    expect(gain("VOD.L")).toBe(25_200 - 23_001);
    expect(gain(CASH_KEY)).toBe(2_509);
    const total = rows.reduce((sum, { contribution }) => sum + contribution, 0);
    expect(total).toBeCloseTo(timeWeightedReturn(timeWeightedReturns(days)), 12);
    expect(rows.map(({ key }) => key)).toEqual(["AAPL", CASH_KEY, "VOD.L"]);
    const own = (key: string) => rows.find((row) => row.key === key)?.ownReturn;
    // AAPL: 1,350.00 and fees of 1.80 bought what was 1,350.00 at once; then 10 × 150 × .90 became 6 × 180 × .95 and
    // 684.00 - .95 + 2.28; then 6 × 180 × .95 became 6 × 200 × .96
    expect(own("AAPL")).toBeCloseTo((1_350 / 1_351.8) * ((1_026 + 685.33) / 1_350) * (1_152 / 1_026) - 1, 12);
    // 300 × 68 p = 204.00 GBP at 1.18, and 210.00 at 1.20; its weight changes nothing about it
    expect(own("VOD.L")).toBeCloseTo(252 / 230.01 - 1, 12);
    expect(own(CASH_KEY)).toBeNull();
  });

  test("attribution by groups: a stock of two industries is half of each, and nothing is lost", () => {
    const rows = attribute(days);
    const groups = attribute(days, (symbol) =>
      symbol === "AAPL" ? ["Technology", "Consumer"] : symbol === "VOD.L" ? ["Technology"] : [],
    );
    const of = (key: string) => groups.find((row) => row.key === key)?.gainMinor;
    const apple = rows.find(({ key }) => key === "AAPL")?.gainMinor ?? Number.NaN;
    expect(of("Consumer")).toBe(apple / 2);
    expect(of("Technology")).toBe(apple / 2 + 2_199);
    expect(of(CASH_KEY)).toBe(2_509);
    const sum = (list: typeof rows) => list.reduce((total, { contribution }) => total + contribution, 0);
    expect(sum(groups)).toBeCloseTo(sum(rows), 12);
  });

  test("performance says both returns, and compares with a benchmark on common days", () => {
    const benchmark = { daysMs: [start, summer, end], returns: [0.01, -0.02, 0.03] };
    const found = performance(days, benchmark);
    expect(found.timeWeighted).toBeCloseTo(timeWeightedReturn(timeWeightedReturns(days)), 12);
    // 10,000 in, 1,000 out after 181 days, 9,532.61 after 364: solved apart
    expect(found.moneyWeightedAnnual).toBeCloseTo(0.056198416, 9);
    expect(found.maxDrawdown).toBeCloseTo(-0.002855, 12);
    expect(found.benchmark?.timeWeighted).toBeCloseTo(1.01 * 0.98 * 1.03 - 1, 12);
    expect(performance(days, null).benchmark).toBeNull();
    expect(performance(days, { daysMs: [1], returns: [1] }).benchmark).toEqual({
      timeWeighted: null,
      alphaAnnual: null,
      beta: null,
    });
    expect(performance([], null)).toMatchObject({ timeWeighted: null, moneyWeightedAnnual: null, sharpe: null });
  });
});
