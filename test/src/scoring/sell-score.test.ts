import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sellScore, type Holding } from "../../../src/scoring/sell-score.ts";
import { growth, history, nowMs } from "./score-fixture.ts";

const flat = history(
  Array.from({ length: 300 }, () => 100),
  nowMs,
);
const holding: Holding = {
  gain: 0,
  heldDays: 730.5,
  share: 0.15,
  regionShare: 0.5,
  industryShare: 0.3,
  prices: flat,
  nowMs,
};
const of = (over: Partial<Holding>) => sellScore({ ...holding, ...over });
const valueOf = (name: string, over: Partial<Holding>): number | null =>
  of(over).parts.find((part) => part.name === name)?.value ?? null;

describe("the sell score", () => {
  test.each([
    [-0.08, 0.9],
    [-0.02, 0.7],
    [0.05, 0.5],
    [0.1, 0.1],
    [0.2, 0.3],
  ])("underperformance at %f a year is %f", (rate, value) => {
    expect(valueOf("underperformance", { gain: (1 + rate) ** 2 - 1 })).toBe(value);
  });

  test("time held, balance and the fall from the high of a year", () => {
    const held = (months: number) => valueOf("time held", { heldDays: months * 30.4375 });
    expect([2, 4, 7, 13, 25].map(held)).toEqual([0, 0.3, 0.6, 0.8, 1]);
    expect(valueOf("balance", {})).toBeCloseTo(1, 12);
    expect(valueOf("balance", { regionShare: 0.25, industryShare: 0, share: 0 })).toBeCloseTo(0.25, 12);
    const fallen = (price: number, days: number) => {
      const closes = Array.from({ length: 300 }, (_, day) => (day >= 300 - days ? price : 100));
      return valueOf("drawdown", { prices: history(closes, nowMs) });
    };
    expect([fallen(95, 10), fallen(88, 10), fallen(80, 10), fallen(80, 100), fallen(80, 200), fallen(70, 1)]).toEqual([
      0.1, 0.3, 0.5, 0.7, 0.9, 1,
    ]);
  });

  test("what is not known speaks neither for nor against", () => {
    expect(valueOf("time held", { heldDays: null })).toBeNull();
    expect(valueOf("underperformance", { gain: null })).toBeNull();
    // A gain of a few weeks is none a year.
    expect(valueOf("underperformance", { heldDays: 89 })).toBeNull();
  });

  test("is 0..1 or unknown in all its parts", () => {
    const figure = fc.oneof(fc.double(), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        fc.record({
          gain: fc.oneof(fc.constant(null), figure),
          heldDays: fc.oneof(fc.constant(null), fc.double()),
          share: figure,
          regionShare: figure,
          industryShare: figure,
          prices: fc.array(fc.double(), { maxLength: 300 }).map((closes) => history(closes, nowMs)),
        }),
        (over) => {
          const group = of(over);
          for (const { value } of [group, ...group.parts])
            if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
        },
      ),
    );
    expect(of({ prices: history(growth(300, 0.01), nowMs) }).value).toBeGreaterThan(0);
  });
});
