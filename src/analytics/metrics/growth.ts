import type { Numbers } from "./statistics.ts";

/** Trading days that a year is taken to have, as empyrical does. */
export const TRADING_DAYS_A_YEAR = 252;

/** Simple returns as fractions, one fewer than the prices: `p[i] / p[i - 1] - 1` (pandas' pct_change). */
export function simpleReturns(prices: Numbers): Float64Array {
  const returns = new Float64Array(Math.max(0, prices.length - 1));
  for (let index = 0; index < returns.length; index++) {
    returns[index] = (prices[index + 1] ?? Number.NaN) / (prices[index] ?? Number.NaN) - 1;
  }
  return returns;
}

/**
 * Compound annual growth rate, a fraction a year: `prod(1 + r)^(252 / n) - 1` over n daily returns
 * (empyrical.annual_return). NaN of nothing.
 */
export function annualReturn(returns: Numbers): number {
  if (returns.length === 0) return Number.NaN;
  let growth = 1;
  for (let index = 0; index < returns.length; index++) growth *= 1 + (returns[index] ?? Number.NaN);
  return growth ** (TRADING_DAYS_A_YEAR / returns.length) - 1;
}

/** Compound growth between two prices that are `years` apart, a fraction a year: `(end / start)^(1 / years) - 1`. */
const growthRate = (startPrice: number, endPrice: number, years: number): number =>
  (endPrice / startPrice) ** (1 / years) - 1;

/** Midnight UTC `years` calendar years earlier; 29 February becomes the 28th (pandas' DateOffset). */
export function yearsEarlier(dayMs: number, years: number): number {
  const day = new Date(dayMs);
  const sameMonth = Date.UTC(day.getUTCFullYear() - years, day.getUTCMonth(), 1);
  const lastOfMonth = Date.UTC(day.getUTCFullYear() - years, day.getUTCMonth() + 1, 0);
  return Math.min(sameMonth + (day.getUTCDate() - 1) * 86_400_000, lastOfMonth);
}

/** How many of these ascending instants are not after `untilMs`. */
export function countUntil(daysMs: Numbers, untilMs: number): number {
  let low = 0;
  let high = daysMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((daysMs[middle] ?? Number.POSITIVE_INFINITY) <= untilMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Growth over the last `years` calendar years, a fraction a year, from the last price on or before that day. NaN when
 * the series does not reach back so far.
 */
export function growthOverYears(daysMs: Numbers, prices: Numbers, years: number): number {
  const endMs = daysMs[daysMs.length - 1];
  if (endMs === undefined) return Number.NaN;
  const start = countUntil(daysMs, yearsEarlier(endMs, years)) - 1;
  return growthRate(prices[start] ?? Number.NaN, prices[prices.length - 1] ?? Number.NaN, years);
}
