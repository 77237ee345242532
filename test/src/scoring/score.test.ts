import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { CLOSES_MIN } from "../../../src/scoring/price-figures.ts";
import type { Fundamentals, PortfolioContext, ScoreInput } from "../../../src/scoring/score-input.ts";
import type { Part } from "../../../src/scoring/score-part.ts";
import { inPortfolio, scoreStock, type Score } from "../../../src/scoring/score.ts";
import { company, DAY_MS, growth, history, input, nowMs, portfolio, scoreIn } from "./score-fixture.ts";

function part(score: Score, group: string, name: string): Part {
  const found = score.groups.find((each) => each.name === group)?.parts.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no part ${group}/${name}`);
  return found;
}
const companyPart = (group: string, name: string, over: Partial<Fundamentals>): Part =>
  part(scoreStock(input({ fundamentals: { ...company, ...over } })), group, name);
const portfolioPart = (name: string, over: Partial<PortfolioContext>): number =>
  part(scoreIn(input(), { ...portfolio, ...over }), "diversification", name).value ?? Number.NaN;
const pricePart = (group: string, name: string, closes: readonly number[]): number =>
  part(scoreStock(input({ prices: history(closes, nowMs) })), group, name).value ?? Number.NaN;

const yieldAged = (ageDays: number) => companyPart("dividends", "yield", { asOfMs: nowMs - ageDays * DAY_MS });
const strengthOf = (over: Partial<Fundamentals>) => companyPart("fundamentals", "strength", over);
const peOf = (over: Partial<Fundamentals>) => companyPart("opportunity", "price to earnings", over);
const growthAt = (rate: number) => pricePart("long term", "growth", growth(2000, (1 + rate) ** (1 / 365.25) - 1));
const momentumAfter = (change: number) => {
  const closes = Array.from({ length: 300 }, () => 100);
  return pricePart("short term", "momentum", [...closes, 100 * (1 + change)]);
};
const wave = (turn: number) => Array.from({ length: 400 }, (_, day) => 100 + 10 * Math.sin(day / 12 + turn));
const within = (value: number) => expect(value >= 0 && value <= 1, String(value)).toBe(true);
const totalWith = (name: keyof Fundamentals, value: number): number =>
  scoreStock(input({ fundamentals: { ...company, [name]: value } })).total;

describe("the score", () => {
  test("has eight groups whose weights, and those of their parts, sum to 1", () => {
    const { groups } = scoreIn(input());
    expect(groups.map(({ weight }) => weight)).toEqual([0.2, 0.15, 0.15, 0.12, 0.1, 0.1, 0.1, 0.08]);
    for (const { name, parts } of [{ name: "total", parts: groups }, ...groups]) {
      const sum = parts.reduce((total, { weight }) => total + weight, 0);
      expect(sum, name).toBeCloseTo(1, 12);
    }
  });

  test("is the sum of what its parts say", () => {
    const { total, confidence, groups } = scoreIn(input());
    const pulls = groups.flatMap((group) =>
      group.parts.map((each) => group.weight * each.weight * each.confidence * ((each.value ?? 0.5) - 0.5)),
    );
    expect(total).toBeCloseTo(0.5 + pulls.reduce((sum, pull) => sum + pull, 0), 12);
    expect(confidence).toBeGreaterThan(0.9);
  });

  test("without anything known is neutral, without confidence and without a value", () => {
    const blank = scoreStock({ prices: history([], nowMs), fundamentals: null, nowMs });
    expect(blank).toMatchObject({ total: 0.5, confidence: 0 });
    expect(blank.groups.flatMap(({ parts }) => parts).every(({ value }) => value === null)).toBe(true);
    const few = history(growth(CLOSES_MIN - 1, 0.01), nowMs);
    expect(scoreStock({ prices: few, fundamentals: null, nowMs }).confidence).toBe(0);
    const broken = history([...growth(300, 0.001), 0], nowMs);
    expect(scoreStock({ prices: broken, fundamentals: null, nowMs }).confidence).toBe(0);
  });

  test("with closes alone has a confidence of at most .54, .62 in a portfolio, and names what is unknown", () => {
    const { confidence, groups } = scoreStock(input({ fundamentals: null }));
    expect(confidence).toBeCloseTo(0.535, 2);
    expect(scoreIn(input({ fundamentals: null })).confidence).toBeCloseTo(confidence + 0.08, 12);
    const unknown = groups.flatMap(({ parts }) => parts.filter(({ value }) => value === null).map(({ name }) => name));
    expect(unknown).toEqual([
      "strength",
      "price to earnings",
      "yield",
      "consistency",
      "recommendation",
      "target",
      "region",
      "industry",
      "averaging down",
    ]);
  });

  test("loses confidence with the age of its inputs, and says the age", () => {
    expect(yieldAged(30)).toMatchObject({ ageDays: 30, confidence: 1 });
    expect(yieldAged(227.5).confidence).toBeCloseTo(0.5, 12);
    expect(yieldAged(400)).toMatchObject({ value: null, confidence: 0, ageDays: 400 });
    const late = scoreStock(input({ nowMs: nowMs + 20 * DAY_MS }));
    expect(part(late, "technicals", "rsi").confidence).toBeCloseTo(0.5, 12);
  });
});

describe("company parts", () => {
  test("strength is of margin, debt and liquidity; what is missing is not made up", () => {
    expect(strengthOf({}).value).toBeCloseTo(0.4 * 1 + 0.3 * 0.75 + 0.3 * 0.75, 12);
    expect(strengthOf({ profitMargin: 0 }).value).toBeCloseTo(0.4 * 0.5 + 0.3 * 0.75 + 0.3 * 0.75, 12);
    expect(strengthOf({ profitMargin: -0.25 }).value).toBeCloseTo(0.3 * 0.75 + 0.3 * 0.75, 12);
    expect(strengthOf({ debtToEquityPercent: null })).toMatchObject({ confidence: 0.7 });
    expect(strengthOf({ debtToEquityPercent: null }).value).toBeCloseTo((0.4 + 0.3 * 0.75) / 0.7, 12);
  });

  test("a loss is not cheap, and one of the two ratios is worth half", () => {
    expect(peOf({}).value).toBe(0.5);
    expect(peOf({ trailingPe: 17.6, forwardPe: 17.6 }).value).toBeCloseTo(1, 12);
    expect(peOf({ trailingPe: null, forwardPe: 19.8 })).toMatchObject({ confidence: 0.5 });
    expect(peOf({ trailingPe: null, forwardPe: -6.25 }).value).toBe(0.2);
    expect(peOf({ trailingPe: null, forwardPe: null }).value).toBeNull();
  });

  test("dividends: none, usual, and paid out of losses", () => {
    expect(companyPart("dividends", "yield", { dividendYield: 0 }).value).toBe(0.3);
    expect(companyPart("dividends", "yield", { dividendYield: 0.03 }).value).toBeCloseTo(0.7, 12);
    expect(companyPart("dividends", "yield", { dividendYield: null }).value).toBeNull();
    const lasting = (over: Partial<Fundamentals>) => companyPart("dividends", "consistency", over).value;
    expect(lasting({})).toBeCloseTo(0.5 * 1 + 0.5 * 0.65, 12);
    expect(lasting({ payoutRatio: 2.6 })).toBeCloseTo(0.5 * 0.4 + 0.5 * 0.65, 12);
    expect(lasting({ payoutRatio: -1 })).toBeCloseTo(0.5 * 0.4 + 0.5 * 0.65, 12);
    expect(lasting({ dividendYield: 0 })).toBeNull();
  });

  test("opinions: the mean before the key, Yahoo's own spelling, and few analysts count for less", () => {
    const said = (over: Partial<Fundamentals>) => companyPart("opinion", "recommendation", over);
    expect(said({}).value).toBe(0.75);
    expect(said({ recommendationMean: null, recommendationKey: "strong_buy" }).value).toBe(1);
    expect(said({ recommendationMean: null, recommendationKey: "none" }).value).toBeNull();
    expect(said({ analystCount: 2 }).confidence).toBeCloseTo(0.4, 12);
    expect(said({ analystCount: null }).value).toBeNull();
    expect(companyPart("opinion", "target", {}).value).toBeCloseTo(0.75, 12);
  });
});

describe("price parts", () => {
  test("growth: a bell around 11% a year", () => {
    expect(growthAt(0.11)).toBeCloseTo(1, 3);
    expect(growthAt(0.05)).toBeCloseTo(0.15 + 0.85 * Math.exp(-0.5), 2);
    expect(growthAt(0.21)).toBeCloseTo(0.15 + 0.85 * Math.exp(-0.5), 2);
    expect(growthAt(-0.05)).toBe(0.15);
  });

  test("momentum: a steady rise is best, and a fall loses without a step", () => {
    expect([-0.3, -0.1, 0, 0.1, 0.3, 0.6].map((change) => Number(momentumAfter(change).toFixed(9)))).toEqual([
      0.2, 0.5, 0.6, 1, 0.8, 0.5,
    ]);
    expect(Math.abs(momentumAfter(-0.1001) - momentumAfter(-0.0999))).toBeLessThan(0.01);
  });

  test("oversold is better than overbought", () => {
    const [low, high] = [wave(Math.PI * 1.5 - 400 / 12), wave(Math.PI / 2 - 400 / 12)];
    for (const name of ["bollinger", "average"]) {
      expect(pricePart("technicals", name, low)).toBeGreaterThan(pricePart("technicals", name, high));
    }
  });
});

describe("portfolio parts", () => {
  test("what the portfolio lacks scores higher", () => {
    expect(portfolioPart("region", { regionShare: 0.5 })).toBeCloseTo(0.5, 12);
    expect(portfolioPart("region", { regionShare: 0 })).toBeCloseTo(0.9, 12);
    expect(portfolioPart("region", { regionShare: 1 })).toBeCloseTo(0.1, 12);
    expect(portfolioPart("industry", { industryTarget: 0, industryShare: 0.3 })).toBeCloseTo(0.38, 12);
  });

  test("by itself a stock's score has them unknown; a portfolio adds its group, and changes no other", () => {
    const alone = scoreStock(input());
    const held = scoreIn(input(), { ...portfolio, regionShare: 0, industryShare: 0, gain: -0.1 });
    expect(held.groups.slice(0, -1)).toEqual(alone.groups.slice(0, -1));
    const [added, before] = [held.groups.at(-1), alone.groups.at(-1)];
    expect(before).toMatchObject({ name: "diversification", value: null, confidence: 0 });
    expect(held.confidence).toBeCloseTo(alone.confidence + 0.08, 12);
    expect(held.total).toBeCloseTo(alone.total + 0.08 * ((added?.value ?? 0) - 0.5), 12);
    expect(inPortfolio(held.groups, null, nowMs)).toEqual(alone);
    const later = { ...portfolio, asOfMs: nowMs - 3 * DAY_MS };
    expect(part(scoreIn(input(), later), "diversification", "region").ageDays).toBe(3);
  });

  test("averaging down pays until a fifth is lost, and less for what is already large", () => {
    const base = portfolioPart("averaging down", {});
    expect(portfolioPart("averaging down", { gain: -0.1 })).toBeCloseTo(Math.min(1, base + 0.2), 12);
    expect(portfolioPart("averaging down", { gain: -0.21 })).toBeCloseTo(base, 12);
    expect(portfolioPart("averaging down", { share: 0.11 })).toBeCloseTo(base * 0.7, 12);
  });
});

const anyFigure = fc.oneof(fc.constant(null), fc.double());
const anyInput: fc.Arbitrary<ScoreInput> = fc.record({
  prices: fc
    .array(fc.oneof({ weight: 20, arbitrary: fc.double({ min: 0.01, max: 1e6, noNaN: true }) }, fc.double()), {
      maxLength: 400,
    })
    .map((closes) => history(closes, nowMs)),
  fundamentals: fc.oneof(
    fc.constant(null),
    fc.record({
      asOfMs: fc.double(),
      profitMargin: anyFigure,
      debtToEquityPercent: anyFigure,
      currentRatio: anyFigure,
      trailingPe: anyFigure,
      forwardPe: anyFigure,
      dividendYield: anyFigure,
      payoutRatio: anyFigure,
      fiveYearDividendYield: anyFigure,
      recommendationMean: anyFigure,
      recommendationKey: fc.oneof(fc.constant(null), fc.string()),
      analystCount: anyFigure,
      targetPrice: anyFigure,
      currentPrice: anyFigure,
    }),
  ),
  nowMs: fc.oneof(fc.constant(nowMs), fc.double()),
});
const anyPortfolio: fc.Arbitrary<PortfolioContext | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    asOfMs: fc.double(),
    regionShare: fc.double(),
    regionTarget: fc.double(),
    industryShare: fc.double(),
    industryTarget: fc.double(),
    share: fc.double(),
    gain: anyFigure,
  }),
);

describe("whatever the input", () => {
  test("every value and confidence is 0..1 or unknown, and no figure is NaN or infinite", () => {
    fc.assert(
      fc.property(anyInput, anyPortfolio, (given, held) => {
        const score = scoreIn(given, held);
        within(score.total);
        within(score.confidence);
        for (const each of [...score.groups, ...score.groups.flatMap(({ parts }) => parts)]) {
          within(each.confidence);
          if (each.value !== null) within(each.value);
          expect(each.value === null).toBe(each.confidence === 0);
        }
        for (const { inputs, ageDays } of score.groups.flatMap(({ parts }) => parts)) {
          for (const value of [...Object.values(inputs), ageDays]) {
            if (typeof value === "number") expect(value).toSatisfy(Number.isFinite);
          }
        }
        expect(Math.abs(score.total - 0.5)).toBeLessThanOrEqual(score.confidence * 0.5 + 1e-12);
      }),
      { numRuns: 500 },
    );
  });

  type Rising = readonly [name: keyof Fundamentals, min: number, max: number];
  test.each<Rising>([
    ["profitMargin", -1, 1],
    ["currentRatio", 0, 5],
    ["dividendYield", 0.0001, 0.2],
    ["fiveYearDividendYield", 0, 0.2],
    ["targetPrice", 1, 300],
  ])("the score never falls with %s", (name, min, max) => {
    const figure = fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(figure, figure, (a, b) => {
        expect(totalWith(name, Math.max(a, b))).toBeGreaterThanOrEqual(totalWith(name, Math.min(a, b)) - 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  test.each<Rising>([
    ["debtToEquityPercent", 0, 400],
    ["recommendationMean", 1, 5],
    ["trailingPe", 0.1, 80],
  ])("the score never rises with %s", (name, min, max) => {
    const figure = fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(figure, figure, (a, b) => {
        expect(totalWith(name, Math.max(a, b))).toBeLessThanOrEqual(totalWith(name, Math.min(a, b)) + 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  test("tells the recorded stocks apart", () => {
    const market = loadEmbeddedMarket();
    const daysMs = market.days.slice(0, 2541);
    const totals = market.symbols.map((symbol) => {
      const closes = daysMs.map((_, day) => market.closeUsd(symbol, day) ?? 0);
      const prices = { daysMs, closes, adjustedCloses: closes };
      return scoreStock({ prices, fundamentals: null, nowMs: daysMs.at(-1) ?? 0 }).total;
    });
    expect(new Set(totals).size).toBe(20);
    expect(Math.max(...totals) - Math.min(...totals)).toBeGreaterThan(0.1);
  });
});
