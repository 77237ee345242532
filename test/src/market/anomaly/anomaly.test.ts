import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { barAnomalies, blockingAnomaly, type DailyPrice } from "../../../../src/market/anomaly/bars-gate.ts";
import { stepAnomaly } from "../../../../src/market/anomaly/price-step.ts";
import { quoteAnomaly, STALE_MS, type KnownStock } from "../../../../src/market/anomaly/quote-gate.ts";

const DAY_MS = 86_400_000;
const series = (closes: readonly number[]): DailyPrice[] =>
  closes.map((close, day) => ({ dayMs: day * DAY_MS, close, adjclose: null, dividend: null }));
const calm = (days: number): number[] => Array.from({ length: days }, (_, day) => 100 + Math.sin(day));

describe("a price after another", () => {
  test.each([
    [100, 159, null],
    [100, 63, null],
    [100, 10_400, "unit"],
    [250, 2.44, "unit"],
    [100, 50.9, "split"],
    [100, 1.98, "split"],
    [100, 305, "split"],
    [100, 170, "jump"],
    [100, 44, "jump"],
    [100, 0, "no-price"],
    [100, -3, "no-price"],
    [100, Number.POSITIVE_INFINITY, "no-price"],
    [100, Number.NaN, "no-price"],
    [100, 0.45, "dividend-as-price"],
  ])("%f to %f: %s", (before, after, kind) => {
    expect(stepAnomaly(before, after, [0.24, 0.45])?.kind ?? null).toBe(kind);
  });
});

describe("a quote", () => {
  const known: KnownStock = { currency: "GBP", closes: calm(250), dividends: [0.8], marketNowMs: 400 * DAY_MS };
  const quote = { price: 101, currency: "GBP", asOfMs: 399 * DAY_MS };
  const kindOf = (over: Partial<typeof quote>, more: Partial<KnownStock> = {}) =>
    quoteAnomaly({ ...quote, ...over }, { ...known, ...more })?.kind ?? null;

  test("like its closes is fine, also without any", () => {
    expect(kindOf({})).toBeNull();
    expect(kindOf({}, { closes: [] })).toBeNull();
  });

  test("in pence instead of pounds is known by its currency, by its step, and by its level when that has lasted", () => {
    expect(kindOf({ currency: "GBp" })).toBe("currency");
    expect(kindOf({ price: 10_100 })).toBe("unit");
    expect(kindOf({ price: 10_100 }, { closes: [...calm(250), 10_000, 10_050] })).toBe("unit");
  });

  test("that is a dividend, none, or long past may not be traded on", () => {
    expect(kindOf({ price: 0.8 })).toBe("dividend-as-price");
    expect(kindOf({ price: 0 })).toBe("no-price");
    expect(kindOf({ asOfMs: known.marketNowMs - STALE_MS - 1 })).toBe("stale");
    expect(kindOf({ asOfMs: Number.NaN })).toBe("stale");
  });
});

const day = (over: Partial<DailyPrice>, at = 0): DailyPrice => ({
  dayMs: at * DAY_MS,
  close: 100,
  adjclose: 100,
  dividend: 0,
  ...over,
});
const kinds = (...days: DailyPrice[]) => barAnomalies(days).map(({ kind }) => kind);

describe("daily prices", () => {
  test("a dividend must move the adjusted close by its share, and nothing else may", () => {
    expect(kinds(day({ adjclose: 97 }), day({ dividend: 3 }, 1))).toEqual([]);
    expect(kinds(day({}), day({ dividend: 3 }, 1))).toEqual(["adjustment"]);
    expect(kinds(day({ adjclose: 97 }), day({}, 1))).toEqual(["adjustment"]);
  });

  test("where a source records no dividends, adjusted closes are not judged", () => {
    expect(kinds(day({ adjclose: 97, dividend: null }), day({ dividend: null }, 1))).toEqual([]);
  });

  test("a dividend in the wrong unit, negative, or paid twice is named", () => {
    expect(kinds(day({}), day({ dividend: 30 }, 1))).toEqual(["dividend"]);
    expect(kinds(day({}), day({ dividend: -1 }, 1))).toEqual(["dividend"]);
    const twice = [day({ adjclose: 96.04 }), day({ adjclose: 98, dividend: 2 }, 1), day({ dividend: 2 }, 3)];
    expect(kinds(...twice)).toEqual(["dividend"]);
  });

  test("an error of unit blocks as long as scores look back on it, a step until the next sessions have confirmed it", () => {
    const hundredfold = series([...calm(100), 10_000, ...calm(200)]);
    expect(blockingAnomaly(hundredfold)?.kind).toBe("unit");
    expect(blockingAnomaly([...hundredfold, ...series([...calm(400)]).slice(301)])?.kind).toBeUndefined();
    const fall = (after: number) => series([...calm(100), ...Array.from({ length: after }, () => 55)]);
    expect(blockingAnomaly(fall(1))?.kind).toBe("jump");
    expect(blockingAnomaly(fall(5))?.kind).toBe("jump");
    expect(blockingAnomaly(fall(6))).toBeNull();
    expect(blockingAnomaly([])).toBeNull();
  });

  test("a hundredfold price is caught on whatever day it comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.15, max: 0.15, noNaN: true }), { minLength: 2, maxLength: 120 }),
        fc.nat(),
        fc.constantFrom(100, 0.01),
        (moves, at, factor) => {
          let price = 50;
          const closes = moves.map((move) => (price *= 1 + move));
          expect(barAnomalies(series(closes))).toEqual([]);
          const day = 1 + (at % (closes.length - 1));
          const wrong = closes.map((close, index) => (index === day ? close * factor : close));
          expect(barAnomalies(series(wrong))[0]).toMatchObject({ kind: "unit", dayMs: day * DAY_MS });
        },
      ),
    );
  });
});
