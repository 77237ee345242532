import type { PriceHistory } from "./score-input.ts";
import { annualVolatility } from "../analytics/metrics/risk.ts";
import { simpleReturns } from "../analytics/metrics/growth.ts";
import { mean } from "../analytics/metrics/statistics.ts";
import { clamp } from "./curves.ts";
import { makeGroup, makePart, type Group } from "./score-part.ts";

/** A holding as its owner sees it; shares are fractions of the portfolio's value with cash, null is unknown. */
export type Holding = {
  /** Price against the average cost, less 1. */
  readonly gain: number | null;
  readonly heldDays: number | null;
  readonly share: number;
  readonly regionShare: number;
  readonly industryShare: number;
  readonly prices: PriceHistory;
  /** Market time, which the age of prices is counted from. */
  readonly nowMs: number;
};

const DAY_MS = 86_400_000;
/** A gain of a shorter time is none a year. */
const RATE_DAYS_MIN = 90;
/** Shares of a portfolio that are as much as a region, an industry or a stock should have. */
const FULL = { region: 0.5, industry: 0.3, stock: 0.15 };

/**
 * How much speaks for selling a holding, 0..1 in the group's value; its parts say why. What is not known speaks neither
 * for nor against. What forbids a sale, and how much is sold, is `src/planning`'s.
 */
export function sellScore(holding: Holding): Group {
  const { prices, nowMs, share, regionShare, industryShare } = holding;
  const heldDays = holding.heldDays ?? Number.NaN;
  const gainRate =
    heldDays >= RATE_DAYS_MIN ? (1 + (holding.gain ?? Number.NaN)) ** (365.25 / heldDays) - 1 : Number.NaN;
  const fall = fallOf(prices, nowMs);
  const swing = swingOf(prices);
  const source = { asOfMs: prices.daysMs[prices.daysMs.length - 1] ?? Number.NaN, nowMs, confidence: 1 };
  return makeGroup("sell", 1, [
    makePart("underperformance", 0.35, underperformance(gainRate), { gainRate }, source),
    makePart("time held", 0.18, timeHeld(heldDays), { heldDays }, source),
    makePart(
      "balance",
      0.18,
      balance(share, regionShare, industryShare),
      { share, regionShare, industryShare },
      source,
    ),
    makePart("drawdown", 0.15, drawdown(fall.depth, fall.days), { depth: fall.depth, days: fall.days }, source),
    makePart("instability", 0.14, instability(gainRate, swing), { gainRate, ...swing }, source),
  ]);
}

/** Gain a year: who loses is sold first; 8 to 15% is what was aimed at. */
function underperformance(rate: number): number {
  if (Number.isNaN(rate)) return rate;
  if (rate < -0.05) return 0.9;
  if (rate < 0) return 0.7;
  if (rate < 0.08) return 0.5;
  return rate <= 0.15 ? 0.1 : 0.3;
}

function timeHeld(days: number): number {
  if (Number.isNaN(days)) return days;
  const months = days / 30.4375;
  if (months < 3) return 0;
  if (months < 6) return 0.3;
  if (months < 12) return 0.6;
  return months < 24 ? 0.8 : 1;
}

const balance = (share: number, regionShare: number, industryShare: number): number =>
  0.5 * clamp(regionShare / FULL.region) + 0.3 * clamp(industryShare / FULL.industry) + 0.2 * clamp(share / FULL.stock);

function drawdown(depth: number, days: number): number {
  if (Number.isNaN(depth)) return depth;
  if (depth > 0.25) return 1;
  if (depth > 0.15) return days > 180 ? 0.9 : days > 90 ? 0.7 : 0.5;
  return depth > 0.1 ? 0.3 : 0.1;
}

/** How far the last close is below the highest of the last year, a fraction, and how many days ago that was. */
function fallOf({ daysMs, closes }: PriceHistory, nowMs: number): { readonly depth: number; readonly days: number } {
  let [high, highMs] = [Number.NaN, Number.NaN];
  for (let index = Math.max(0, closes.length - 252); index < closes.length; index++) {
    const close = closes[index] ?? Number.NaN;
    if (!(high > close)) [high, highMs] = [close, daysMs[index] ?? Number.NaN];
  }
  return { depth: 1 - (closes[closes.length - 1] ?? Number.NaN) / high, days: (nowMs - highMs) / DAY_MS };
}

type Swing = { readonly volatilityRatio: number; readonly aboveAverage: number };

/** Volatility of 60 sessions against that of the year, and the price against its mean of 200 sessions, less 1. */
function swingOf({ closes, adjustedCloses }: PriceHistory): Swing {
  const returns = simpleReturns(adjustedCloses);
  if (returns.length < 252) return { volatilityRatio: Number.NaN, aboveAverage: Number.NaN };
  const last = Float64Array.from(closes).subarray(-200);
  return {
    volatilityRatio: annualVolatility(returns.subarray(-60)) / annualVolatility(returns.subarray(-252)),
    aboveAverage: (last.at(-1) ?? Number.NaN) / mean(last) - 1,
  };
}

const instability = (rate: number, { volatilityRatio, aboveAverage }: Swing): number =>
  0.4 * steps(rate, 0.5, 0.3, 0.2) +
  0.3 * steps(volatilityRatio, 2, 1.5, 1.2) +
  0.3 * steps(aboveAverage, 0.3, 0.2, 0.1);

function steps(value: number, high: number, middle: number, low: number): number {
  if (Number.isNaN(value)) return value;
  if (value > high) return 1;
  if (value > middle) return 0.7;
  return value > low ? 0.4 : 0.1;
}
