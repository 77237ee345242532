import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { targetsFor } from "../../../src/planning/aims.ts";
import { portfolioOf } from "../../../src/planning/portfolio.ts";
import { defaultPlanning } from "../../../src/planning/settings.ts";
import { type Aim, targetsOf } from "../../../src/planning/targets.ts";
import { grid, held, input, stock } from "./planning-fixture.ts";

const aim = (symbol: string, over: Partial<Aim> = {}): Aim => ({
  symbol,
  region: "EU",
  industries: ["Technology"],
  appeal: 1,
  max: 1,
  ...over,
});
type Groups = { readonly regions: { [name: string]: number }; readonly industries: { [name: string]: number } };
const all: Groups = { regions: { EU: 1 }, industries: { Technology: 1 } };
const weights = (aims: readonly Aim[], { regions, industries } = all) => targetsOf(aims, regions, industries).stocks;
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

const shares = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, fc.double({ min: 0, max: 1, noNaN: true })])));

describe("targets", () => {
  test("a better score means a larger share, none is above its cap, and what a cap takes goes to the others", () => {
    const names = ["B", "C", "D", "E", "F", "G", "H", "I", "J"];
    const got = weights([aim("A", { appeal: 9, max: 0.15 }), ...names.map((name) => aim(name, { max: 0.15 }))]);
    expect(got.get("A")).toBe(0.15);
    expect(got.get("B")).toBeCloseTo(0.85 / 9, 9);
    expect(sum(got.values())).toBeCloseTo(1, 9);
  });

  test("few stocks leave cash rather than break the cap", () => {
    expect([...weights([aim("A", { max: 0.15 })])]).toEqual([["A", 0.15]]);
  });

  test("[do-not-inherit 7] targets of regions and industries are fractions, and every plan is bound by them", () => {
    const { regions, industries } = defaultPlanning;
    const stocks = grid((symbol) => ({ score: symbol.startsWith("US") ? 0.9 : 0.5 }));
    const given = input({ stocks });
    const got = targetsFor(given, portfolioOf(given)).stocks;
    for (const [group, target] of [...Object.entries(regions), ...Object.entries(industries)]) {
      const members = [...got].filter(([symbol]) => symbol.split("-").includes(group));
      expect({ group, sum: sum(members.map(([, weight]) => weight)).toFixed(4) }).toEqual({
        group,
        sum: target.toFixed(4),
      });
    }
    const other = input({ stocks, settings: { ...defaultPlanning, regions: { EU: 0.1, ASIA: 0.1, US: 0.8 } } });
    const moved = targetsFor(other, portfolioOf(other)).stocks;
    expect(sum([...moved].filter(([symbol]) => symbol.startsWith("US")).map(([, weight]) => weight))).toBeGreaterThan(
      0.7,
    );
  });

  test("a stock in two industries counts half in each", () => {
    const groups = { regions: { EU: 1 }, industries: { Technology: 0.75, Consumer: 0.25 } };
    const both = aim("BOTH", { industries: ["Technology", "Consumer"] });
    const got = weights([both, aim("T"), aim("C", { industries: ["Consumer"] })], groups);
    expect((got.get("T") ?? 0) + (got.get("BOTH") ?? 0) / 2).toBeCloseTo(0.75, 6);
    expect((got.get("C") ?? 0) + (got.get("BOTH") ?? 0) / 2).toBeCloseTo(0.25, 6);
  });

  test("a group that no stock is in is left out, and the others share what it would have had", () => {
    const groups = { regions: { EU: 0.5, US: 0.2, ASIA: 0.3 }, industries: { Technology: 1 } };
    expect(Object.fromEntries(weights([aim("E"), aim("U", { region: "US" })], groups))).toEqual({
      E: expect.closeTo(5 / 7, 9),
      U: expect.closeTo(2 / 7, 9),
    });
  });

  test("what is not worth buying has no share, unless it is held; a stock without any target has none at all", () => {
    const weak = { score: 0.4 };
    const stocks = [
      stock("GOOD"),
      stock("WEAK", weak),
      held("KEPT", 10, weak),
      stock("DOUBTFUL", { confidence: 0.1 }),
      stock("FORBIDDEN", { allowBuy: false }),
      held("GONE", 10, { active: false }),
      held("ODD", 10, { industries: ["Energy"] }),
    ];
    const given = input({ stocks });
    expect([...targetsFor(given, portfolioOf(given)).stocks.keys()]).toEqual(["GOOD", "KEPT"]);
  });

  test("rest on the scores by themselves: what a purchase does to a score in the portfolio moves no target", () => {
    const given = input({ stocks: grid((symbol) => ({ score: 0.5 + symbol.length / 100 })) });
    const stocks = given.stocks.map((each) => ({ ...each, scoreInPortfolio: each.symbol.length / 100 }));
    const bought = { ...given, stocks };
    expect(targetsFor(bought, portfolioOf(bought))).toEqual(targetsFor(given, portfolioOf(given)));
  });

  test("a windfall lowers a holding's own target to what is left when it is taken", () => {
    const doubled = held("A", 100, { priceEur: 200, growth: 0 });
    const given = input({ stocks: [doubled, ...grid()], cashEur: 180_500 });
    // Half of 20,000, of 200,000.
    expect(targetsFor(given, portfolioOf(given)).stocks.get("A")).toBeLessThanOrEqual(0.05);
    const usual = input({
      stocks: [held("A", 100, { priceEur: 200, averageCostEur: 190 }), ...grid()],
      cashEur: 180_500,
    });
    expect(targetsFor(usual, portfolioOf(usual)).stocks.get("A")).toBeGreaterThan(0.051);
  });

  test("whatever comes in: no share above its cap, no region above its target, at most everything", () => {
    const anAim = fc.record({
      region: fc.constantFrom("EU", "US", "ASIA"),
      industries: fc.subarray(["Technology", "Consumer", "Finance"], { minLength: 1 }),
      appeal: fc.double({ min: 0, max: 1, noNaN: true }),
      max: fc.double({ min: 0, max: 0.3, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(anAim, { maxLength: 12 }),
        shares(["EU", "US", "ASIA"]),
        shares(["Technology", "Consumer", "Finance"]),
        (some, regions, industries) => {
          const aims = some.map((each, index) => ({ ...each, symbol: `S${index}` }));
          const got = targetsOf(aims, regions, industries);
          for (const [region, target] of got.regions) {
            const members = aims.filter((each) => each.region === region);
            expect(sum(members.map(({ symbol }) => got.stocks.get(symbol) ?? 0))).toBeLessThanOrEqual(target + 1e-9);
          }
          for (const { symbol, max } of aims) expect(got.stocks.get(symbol) ?? 0).toBeLessThanOrEqual(max);
          expect(sum(got.stocks.values())).toBeLessThanOrEqual(1 + 1e-9);
          expect(targetsOf(aims.toReversed(), regions, industries)).toEqual(got);
        },
      ),
      { numRuns: 150 },
    );
  });
});
