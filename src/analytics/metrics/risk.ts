import { annualReturn, TRADING_DAYS_A_YEAR } from "./growth.ts";
import { mean, quantile, rSquared, sampleDeviation, type Numbers } from "./statistics.ts";

// Over simple daily returns (fractions), risk-free rate 0, as empyrical 0.7.1 does. NaN where a ratio is undefined.

const ROOT_OF_YEAR = Math.sqrt(TRADING_DAYS_A_YEAR);

/** Sample deviation of the daily returns times √252, a fraction a year (empyrical.annual_volatility). */
export const annualVolatility = (returns: Numbers): number => sampleDeviation(returns) * ROOT_OF_YEAR;

/** Sharpe ratio a year: mean over sample deviation, times √252 (empyrical.sharpe_ratio, Sharpe 1994). */
export const sharpeRatio = (returns: Numbers): number => ratio(mean(returns), sampleDeviation(returns)) * ROOT_OF_YEAR;

/** Root mean square of the negative returns over all n, times √252, a fraction a year (empyrical.downside_risk). */
export function downsideRisk(returns: Numbers): number {
  let squares = 0;
  for (let index = 0; index < returns.length; index++) squares += Math.min(returns[index] ?? Number.NaN, 0) ** 2;
  return Math.sqrt(squares / returns.length) * ROOT_OF_YEAR;
}

/** Sortino ratio a year at a minimal acceptable return of 0 (empyrical.sortino_ratio; Sortino and Price 1994). */
export const sortinoRatio = (returns: Numbers): number =>
  ratio(mean(returns) * TRADING_DAYS_A_YEAR, downsideRisk(returns));

/**
 * Deepest fall below an earlier peak, a fraction ≤ 0; the value before the first return counts as a peak
 * (empyrical.max_drawdown). NaN of nothing.
 */
export function maxDrawdown(returns: Numbers): number {
  if (returns.length === 0) return Number.NaN;
  let [value, peak, deepest] = [1, 1, 0];
  for (let index = 0; index < returns.length; index++) {
    value *= 1 + (returns[index] ?? Number.NaN);
    peak = Math.max(peak, value);
    deepest = Math.min(deepest, value / peak - 1);
  }
  return deepest;
}

/** Annual return over the depth of the deepest fall (empyrical.calmar_ratio; Young 1991). */
export const calmarRatio = (returns: Numbers): number => ratio(annualReturn(returns), -maxDrawdown(returns));

/** Sum of the gains over the sum of the losses (empyrical.omega_ratio at threshold 0; Keating and Shadwick 2002). */
export function omegaRatio(returns: Numbers): number {
  let [gains, losses] = [0, 0];
  for (let index = 0; index < returns.length; index++) {
    const value = returns[index] ?? Number.NaN;
    if (value > 0) gains += value;
    else losses -= value;
  }
  return ratio(gains, losses);
}

/** Size of the 95th percentile of the returns over that of the 5th (empyrical.tail_ratio). */
export function tailRatio(returns: Numbers): number {
  const sorted = Float64Array.from(returns).sort();
  return ratio(Math.abs(quantile(sorted, 0.95)), Math.abs(quantile(sorted, 0.05)));
}

/** R² of a straight line through the cumulative log returns (empyrical.stability_of_timeseries). */
export function stability(returns: Numbers): number {
  const days = Float64Array.from({ length: returns.length }, (_, index) => index);
  const logs = new Float64Array(returns.length);
  let sum = 0;
  for (let index = 0; index < logs.length; index++) {
    sum += Math.log1p(returns[index] ?? Number.NaN);
    logs[index] = sum;
  }
  return rSquared(days, logs);
}

/** The 5th percentile of the daily returns, a fraction (empyrical.value_at_risk, historical). */
export const valueAtRisk95 = (returns: Numbers): number => quantile(Float64Array.from(returns).sort(), 0.05);

/** Mean of the worst returns, as many as `floor((n - 1) / 20) + 1` (empyrical.conditional_value_at_risk). */
export function expectedShortfall95(returns: Numbers): number {
  const count = Math.floor((returns.length - 1) * 0.05) + 1;
  return mean(Float64Array.from(returns).sort().subarray(0, Math.max(0, count)));
}

/** NaN instead of an infinite ratio: a series without any risk says nothing about the next. */
const ratio = (numerator: number, denominator: number): number =>
  denominator > 0 ? numerator / denominator : Number.NaN;
