import { growthOverYears, simpleReturns } from "../analytics/metrics/growth.ts";
import { maxDrawdown, sharpeRatio, sortinoRatio } from "../analytics/metrics/risk.ts";
import { bollinger, ema, high52Weeks, rsi } from "../analytics/metrics/technical.ts";
import type { PriceHistory } from "./score-input.ts";

/** Fewer daily closes say nothing. */
export const CLOSES_MIN = 50;
/** More closes change nothing: ten years, and the days of one more month. */
export const CLOSES_WANTED = 2_541;
const YEARS_5 = 1_260;
const MONTHS_MIN = 12;
const MONTHS_WANTED = 60;

/** Figures of a price history; NaN where it is too short for one. */
export type PriceFigures = {
  readonly asOfMs: number;
  readonly count: number;
  readonly price: number;
  /** Fractions a year, of monthly mean closes over at most 60 months, and the share of those months that were there. */
  readonly growth: number;
  readonly growthMonths: number;
  readonly growth5: number;
  readonly growth10: number;
  /** Over at most five years of daily returns, and the share of those that was there. */
  readonly sharpe: number;
  readonly sortino: number;
  readonly returnsShare: number;
  readonly belowHigh: number;
  readonly change30: number;
  readonly change90: number;
  readonly drawdownYear: number;
  readonly rsi14: number;
  readonly bollingerPosition: number;
  readonly averageDistance: number;
};

/** All price figures of a stock; null below the least number of closes, or when one of them is no price. */
export function priceFigures(prices: PriceHistory): PriceFigures | null {
  const count = prices.closes.length;
  if (count < CLOSES_MIN || !allPrices(prices.closes) || !allPrices(prices.adjustedCloses)) return null;
  const { daysMs, adjustedCloses } = prices;
  const closes = Float64Array.from(prices.closes);
  const returns = simpleReturns(adjustedCloses).subarray(-YEARS_5);
  const price = closes[count - 1] ?? Number.NaN;
  const months = monthlyMeans(daysMs, adjustedCloses).slice(-MONTHS_WANTED);
  const change = (sessions: number): number => price / (closes[count - 1 - sessions] ?? Number.NaN) - 1;
  return {
    asOfMs: daysMs[count - 1] ?? Number.NaN,
    count,
    price,
    growth: months.length < MONTHS_MIN ? Number.NaN : growthOfMonths(months),
    growthMonths: months.length / MONTHS_WANTED,
    growth5: growthOverYears(daysMs, adjustedCloses, 5),
    growth10: growthOverYears(daysMs, adjustedCloses, 10),
    sharpe: sharpeRatio(returns),
    sortino: sortinoRatio(returns),
    returnsShare: returns.length / YEARS_5,
    belowHigh: 1 - price / high52Weeks(daysMs, closes),
    change30: change(30),
    change90: change(90),
    drawdownYear: -maxDrawdown(returns.subarray(-252)),
    rsi14: rsi(closes),
    bollingerPosition: bollinger(closes)?.position ?? Number.NaN,
    averageDistance: price / ema(closes, 200, "sma") - 1,
  };
}

const allPrices = (values: ArrayLike<number>): boolean => {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) return false;
  }
  return true;
};

/** Mean close of each calendar month, oldest first. A month that has just begun or was cut off counts as it is. */
function monthlyMeans(daysMs: ArrayLike<number>, closes: ArrayLike<number>): number[] {
  const means: number[] = [];
  let [sum, count, monthEndMs] = [0, 0, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < closes.length; index++) {
    const dayMs = daysMs[index] ?? 0;
    if (dayMs >= monthEndMs) {
      if (count > 0) means.push(sum / count);
      const day = new Date(dayMs);
      monthEndMs = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1);
      [sum, count] = [0, 0];
    }
    sum += closes[index] ?? Number.NaN;
    count++;
  }
  if (count > 0) means.push(sum / count);
  return means;
}

const growthOfMonths = (means: readonly number[]): number =>
  ((means.at(-1) ?? Number.NaN) / (means[0] ?? Number.NaN)) ** (12 / (means.length - 1)) - 1;
