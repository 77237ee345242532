import { mean, populationDeviation, type Numbers } from "./statistics.ts";

/**
 * Relative strength index, 0..100 (Wilder 1978, as TA-Lib): the first average is the mean of the first `period`
 * changes, each later one `((period - 1) * before + change) / period`, over the whole series. NaN below `period`
 * changes, and when the price never moved.
 */
export function rsi(prices: Numbers, period = 14): number {
  if (prices.length <= period) return Number.NaN;
  let [gain, loss] = [0, 0];
  for (let index = 1; index < prices.length; index++) {
    const change = (prices[index] ?? Number.NaN) - (prices[index - 1] ?? Number.NaN);
    const [up, down] = [Math.max(change, 0), Math.max(-change, 0)];
    if (index <= period) {
      gain += up / period;
      loss += down / period;
    } else {
      gain = ((period - 1) * gain + up) / period;
      loss = ((period - 1) * loss + down) / period;
    }
  }
  return gain + loss > 0 ? (100 * gain) / (gain + loss) : Number.NaN;
}

/**
 * Exponential moving average of the last price, in the price's unit, with weight `2 / (period + 1)`. It begins with
 * the mean of the first `period` prices ("sma", as TA-Lib; NaN below that many) or with the first price ("first",
 * as pandas' ewm(adjust=False)).
 */
export function ema(prices: Numbers, period: number, seed: "sma" | "first"): number {
  const skipped = seed === "sma" ? period : 1;
  if (prices.length < skipped) return Number.NaN;
  const weight = 2 / (period + 1);
  let average = mean(Array.from({ length: skipped }, (_, index) => prices[index] ?? Number.NaN));
  for (let index = skipped; index < prices.length; index++) {
    average += weight * ((prices[index] ?? Number.NaN) - average);
  }
  return average;
}

/** Bands around a moving mean, in the price's unit; `position` is 0 at the lower, 1 at the upper. */
export type Bollinger = {
  readonly mid: number;
  readonly upper: number;
  readonly lower: number;
  readonly position: number;
};

/**
 * Mean of the last 20 prices ± 2 population deviations (Bollinger 2001, as TA-Lib). null below 20 prices; the
 * position is NaN when the bands coincide.
 */
export function bollinger(prices: Numbers): Bollinger | null {
  if (prices.length < 20) return null;
  const last = Array.from({ length: 20 }, (_, index) => prices[prices.length - 20 + index] ?? Number.NaN);
  const mid = mean(last);
  const width = 2 * populationDeviation(last);
  const lower = mid - width;
  const position = width > 0 ? ((last[19] ?? Number.NaN) - lower) / (2 * width) : Number.NaN;
  return { mid, upper: mid + width, lower, position };
}

export const WEEKS_52_MS = 52 * 7 * 86_400_000;

/** Highest price of the days after those 52 weeks before the last one, in the price's unit. NaN of nothing. */
export function high52Weeks(daysMs: Numbers, prices: Numbers): number {
  const afterMs = (daysMs[daysMs.length - 1] ?? Number.NaN) - WEEKS_52_MS;
  let high = Number.NaN;
  for (let index = prices.length - 1; index >= 0 && (daysMs[index] ?? 0) > afterMs; index--) {
    const price = prices[index] ?? Number.NaN;
    if (!(high >= price)) high = price;
  }
  return high;
}
