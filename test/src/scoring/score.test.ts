import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { annualVolatility, rateOfChange } from "../../../src/scoring/indicators.ts";
import { CLOSES_MIN, CLOSES_WANTED, scoreStock } from "../../../src/scoring/score.ts";

const growth = (days: number, rate: number): number[] =>
  Array.from({ length: days }, (_, day) => 100 * (1 + rate) ** day);

describe("the score", () => {
  test("is neutral and without confidence below the least number of closes", () => {
    expect(scoreStock([])).toEqual({ total: 0.5, trend: 0.5, momentum: 0.5, volatility: 0.5, confidence: 0 });
    expect(scoreStock(growth(CLOSES_MIN - 1, 0.01)).confidence).toBe(0);
    expect(scoreStock([...growth(300, 0.001), 0]).confidence).toBe(0);
  });

  test("follows its formulas", () => {
    const closes = growth(300, 0.001);
    const roc14 = 1.001 ** 14 - 1;
    const roc30 = 1.001 ** 30 - 1;
    const { total, trend, momentum, volatility, confidence } = scoreStock(closes);
    expect(trend).toBe(1);
    expect(momentum).toBeCloseTo(0.5 + 5 * (0.4 * roc14 + 0.6 * roc30), 10);
    expect(volatility).toBe(1);
    expect(confidence).toBe(1);
    expect(total).toBeCloseTo(0.4 * trend + 0.35 * momentum + 0.25 * volatility, 10);
  });

  test("the trend counts a price above its means, and the short mean above the long one", () => {
    const rising = growth(260, 0.002);
    const high = rising.at(-1) ?? 0;
    expect(scoreStock([...rising, high * 0.9]).trend).toBeCloseTo(0.6, 10);
    expect(scoreStock([...rising, high * 0.1]).trend).toBeCloseTo(0.1, 10);
    expect(scoreStock([...growth(260, -0.002), 1000]).trend).toBe(1);
  });

  test("prefers the rising to the falling, and the calm to the wild", () => {
    expect(scoreStock(growth(300, 0.002)).total).toBeGreaterThan(scoreStock(growth(300, -0.002)).total);
    const wild = growth(300, 0.001).map((close, day) => close * (day % 2 === 0 ? 1.04 : 0.96));
    expect(scoreStock(wild).volatility).toBe(0);
  });

  test("is 0..1 in all its parts, and moves towards neutral with missing history", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { maxLength: 400 }), (closes) => {
        const score = scoreStock(closes);
        for (const part of Object.values(score)) expect(part >= 0 && part <= 1).toBe(true);
        expect(Math.abs(score.total - 0.5)).toBeLessThanOrEqual(score.confidence * 0.5 + 1e-12);
      }),
      { numRuns: 200 },
    );
  });

  test("looks at the last year only", () => {
    const year = growth(CLOSES_WANTED, 0.001);
    expect(scoreStock([...growth(100, -0.05), ...year])).toEqual(scoreStock(year));
  });

  test("tells the recorded stocks apart", () => {
    const market = loadEmbeddedMarket();
    const totals = market.symbols.map(
      (symbol) => scoreStock(Array.from({ length: 504 }, (_, day) => market.closeUsd(symbol, day) ?? 0)).total,
    );
    expect(new Set(totals).size).toBe(20);
    expect(Math.max(...totals) - Math.min(...totals)).toBeGreaterThan(0.2);
  });
});

describe("indicators", () => {
  test("rate of change is a fraction, 0 without history", () => {
    expect(rateOfChange([100, 90, 110], 2)).toBeCloseTo(0.1, 12);
    expect(rateOfChange([100], 2)).toBe(0);
  });
  test("volatility is the sample deviation of returns over a year", () => {
    expect(annualVolatility([100, 101, 99.99])).toBeCloseTo(Math.SQRT2 * 0.01 * Math.sqrt(252), 10);
  });
});
