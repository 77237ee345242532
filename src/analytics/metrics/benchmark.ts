import { TRADING_DAYS_A_YEAR } from "./growth.ts";
import { mean, slope, type Numbers } from "./statistics.ts";

/** Daily returns (fractions) with the midnight UTC of the day each ended on, oldest first. */
export type DatedReturns = { readonly daysMs: Numbers; readonly returns: Numbers };

export type JoinedReturns = {
  readonly daysMs: readonly number[];
  readonly own: readonly number[];
  readonly benchmark: readonly number[];
};

/** The returns of those days that both have. */
export function joinReturns(own: DatedReturns, benchmark: DatedReturns): JoinedReturns {
  const joined = { daysMs: [] as number[], own: [] as number[], benchmark: [] as number[] };
  let other = 0;
  for (let index = 0; index < own.daysMs.length; index++) {
    const dayMs = own.daysMs[index] ?? 0;
    while ((benchmark.daysMs[other] ?? Number.POSITIVE_INFINITY) < dayMs) other++;
    if (benchmark.daysMs[other] !== dayMs) continue;
    joined.daysMs.push(dayMs);
    joined.own.push(own.returns[index] ?? Number.NaN);
    joined.benchmark.push(benchmark.returns[other] ?? Number.NaN);
  }
  return joined;
}

/** Covariance with the benchmark's daily returns over their variance (empyrical.beta). NaN when they do not vary. */
export const beta = ({ own, benchmark }: JoinedReturns): number => slope(benchmark, own);

/** Return beyond beta times the benchmark's, compounded to a year: `(1 + mean(r - beta b))^252 - 1` (empyrical.alpha). */
export function alpha({ own, benchmark }: JoinedReturns, ownBeta: number): number {
  return (1 + mean(own) - ownBeta * mean(benchmark)) ** TRADING_DAYS_A_YEAR - 1;
}
