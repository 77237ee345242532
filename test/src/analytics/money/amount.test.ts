import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  amountText,
  checkedMinor,
  convert,
  currencyOf,
  exactMinor,
  partOf,
  toMinor,
} from "../../../../src/analytics/money/amount.ts";

describe("amounts", () => {
  test("a product of decimals is rounded once, half away from zero, without binary dust", () => {
    expect(1.005 * 100).toBeLessThan(100.5);
    expect(toMinor("EUR", 1.005)).toBe(101);
    expect(toMinor("EUR", -1.005)).toBe(-101);
    expect(toMinor("USD", 0.1, 3)).toBe(30);
    expect(toMinor("USD", 1e-7, 1e7)).toBe(100);
    expect(toMinor("EUR", 1e21, 1e-20)).toBe(1000);
    expect(toMinor("EUR", 0)).toBe(0);
    expect(Object.is(toMinor("EUR", -0.001), 0)).toBe(true);
  });

  test("the quick way and the exact way agree, halves of a cent above all", () => {
    const decimal = fc
      .tuple(fc.integer({ min: -1e7, max: 1e7 }), fc.nat(5))
      .map(([digits, places]) => digits / 10 ** places);
    fc.assert(
      fc.property(fc.array(decimal, { minLength: 1, maxLength: 4 }), (factors) => {
        const expected = exactMinor(
          "EUR",
          factors.map((factor) => factor % 1000),
        );
        expect(toMinor("EUR", ...factors.map((factor) => factor % 1000))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
    for (let cents = 0; cents < 2_000; cents++) {
      expect(toMinor("EUR", cents / 100 + 0.005)).toBe(exactMinor("EUR", [cents / 100 + 0.005]));
      expect(toMinor("EUR", Number(`${cents}.5`), 0.01)).toBe(cents + 1);
    }
  });

  test("yen and won have no cents, and pence are hundredths of a pound", () => {
    expect(toMinor("JPY", 2450.5, 3)).toBe(7352);
    const { currency, factor } = currencyOf("GBp");
    expect({ currency, minor: toMinor(currency, 441.35, factor, 7) }).toEqual({ currency: "GBP", minor: 3089 });
    expect(currencyOf("GBX")).toEqual(currencyOf("GBp"));
    expect(convert(7352, "JPY", "EUR", 0.0061)).toBe(4485);
    expect(convert(4485, "EUR", "JPY", 163.9)).toBe(7351);
    expect(convert(4485, "EUR", "EUR", 7)).toBe(4485);
    expect(amountText(-123_450, "EUR")).toBe("-1234.50 EUR");
    expect(amountText(7352, "JPY")).toBe("7352 JPY");
  });

  test("what is no number, or too large to be exact, is refused", () => {
    expect(() => toMinor("EUR", Number.NaN)).toThrow("NaN is no amount");
    expect(() => toMinor("EUR", Number.POSITIVE_INFINITY, 2)).toThrow("is no amount");
    expect(() => toMinor("EUR", 1e15)).toThrow("not a whole number of minor units");
    expect(() => checkedMinor(1.5, "a fee")).toThrow("a fee is 1.5");
  });

  test("parts of an amount add up, whichever way it is cut", () => {
    expect(partOf(100, 1, 3)).toBe(33);
    expect(partOf(-5, 1, 2)).toBe(-3);
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.nat(1e6),
        (minor, all, of) => {
          const some = Math.min(of, all);
          const part = partOf(minor, some, all);
          expect(Math.abs(part - (minor * some) / all)).toBeLessThanOrEqual(0.5 + 1e-3);
          expect(partOf(minor, all, all)).toBe(minor);
        },
      ),
    );
  });
});
