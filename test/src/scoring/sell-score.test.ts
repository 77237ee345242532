import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sellScore, type Holding } from "../../../src/scoring/sell-score.ts";
import { DAY_MS, growth, history, nowMs } from "./score-fixture.ts";

const flat = history(
  Array.from({ length: 300 }, () => 100),
  nowMs,
);
const holding: Holding = {
  allowSell: true,
  qty: 100,
  lotSize: 1,
  averageCost: 100,
  heldSinceMs: nowMs - 730.5 * DAY_MS,
  lastSoldMs: null,
  share: 0.15,
  regionShare: 0.5,
  industryShare: 0.3,
  prices: flat,
  nowMs,
};
const of = (over: Partial<Holding>) => sellScore({ ...holding, ...over }, 1);
const valueOf = (name: string, over: Partial<Holding>): number | null =>
  of(over).group.parts.find((part) => part.name === name)?.value ?? null;
/** An average cost that makes this gain a year over the two years held. */
const cost = (rate: number): number => 100 / (1 + rate) ** 2;

describe("the sell score", () => {
  test.each([
    [-0.08, 0.9],
    [-0.02, 0.7],
    [0.05, 0.5],
    [0.1, 0.1],
    [0.2, 0.3],
  ])("underperformance at %f a year is %f", (rate, value) => {
    expect(valueOf("underperformance", { averageCost: cost(rate) })).toBe(value);
  });

  test("time held, balance and the fall from the high of a year", () => {
    const held = (months: number) => valueOf("time held", { heldSinceMs: nowMs - months * 30.4375 * DAY_MS });
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

  test("each hard block is a sentence, alone or with others, and then nothing is sold", () => {
    expect(of({}).blocks).toEqual([]);
    const all = of({
      allowSell: false,
      averageCost: 126,
      heldSinceMs: nowMs - 89 * DAY_MS,
      lastSoldMs: nowMs - 179 * DAY_MS,
    });
    expect(all.blocks).toEqual([
      "it may not be sold",
      "it has lost more than 20% of its cost",
      "it is not known to be held for 90 days",
      "some of it was sold less than 180 days ago",
    ]);
    expect(all.qty).toBe(0);
    expect(of({ heldSinceMs: null }).qty).toBe(0);
    expect(of({ averageCost: Number.NaN }).blocks).toHaveLength(1);
  });

  test("the size is a tenth and more by the score, in lots, keeps one, and is worth selling", () => {
    const { group, qty } = of({});
    expect(qty).toBe(Math.floor(100 * Math.min(0.5, 0.1 + 0.4 * (group.value ?? 0))));
    expect(of({ lotSize: 100 }).qty).toBe(0);
    expect(of({ qty: 300, lotSize: 100 }).qty % 100).toBe(0);
    expect(sellScore(holding, 0.01).qty).toBe(0);
    expect(sellScore(holding, Number.NaN).qty).toBe(0);
  });

  test("is 0..1 or unknown in all its parts, and never sells more than half", () => {
    const figure = fc.oneof(fc.double(), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        fc.record({
          averageCost: figure,
          heldSinceMs: fc.oneof(fc.constant(null), fc.double()),
          lastSoldMs: fc.oneof(fc.constant(null), fc.double()),
          share: figure,
          regionShare: figure,
          industryShare: figure,
          qty: fc.nat(10_000),
          lotSize: fc.integer({ min: -1, max: 200 }),
          prices: fc.array(fc.double(), { maxLength: 300 }).map((closes) => history(closes, nowMs)),
        }),
        fc.double(),
        (over, factor) => {
          const { group, qty } = sellScore({ ...holding, ...over }, factor);
          for (const { value } of [group, ...group.parts])
            if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
          expect(qty >= 0 && qty <= over.qty / 2).toBe(true);
        },
      ),
    );
    expect(sellScore({ ...holding, prices: history(growth(300, 0.01), nowMs) }, 1).group.value).toBeGreaterThan(0);
  });
});
