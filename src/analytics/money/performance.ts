import { alpha, beta, joinReturns, type DatedReturns } from "../metrics/benchmark.ts";
import { annualReturn } from "../metrics/growth.ts";
import * as risk from "../metrics/risk.ts";
import { flowsOf, moneyWeightedReturn, timeWeightedReturn, timeWeightedReturns, type ValuedDay } from "./returns.ts";

/** How an account did. Fractions; null where the period is too short or too still for a figure. */
export type Performance = {
  /** How the holdings did, whatever was paid in: for the whole period, and for a year of 252 days. */
  readonly timeWeighted: number | null;
  readonly timeWeightedAnnual: number | null;
  /** How the owner's money did, a year (XIRR over days / 365); or why no such rate is told. */
  readonly moneyWeightedAnnual: number | null;
  readonly moneyWeightedReason: string | null;
  readonly annualVolatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly maxDrawdown: number | null;
  readonly calmar: number | null;
  readonly valueAtRisk95: number | null;
  readonly expectedShortfall95: number | null;
  /** Over the days that both have; null without a benchmark. */
  readonly benchmark: {
    readonly timeWeighted: number | null;
    readonly alphaAnnual: number | null;
    readonly beta: number | null;
  } | null;
};

/** All figures of consecutive days, cash included; the first day is where it starts from. */
export function performance(days: readonly ValuedDay[], benchmark: DatedReturns | null): Performance {
  const returns = timeWeightedReturns(days);
  const money = moneyWeightedReturn(flowsOf(days));
  return {
    timeWeighted: figure(returns.length === 0 ? Number.NaN : timeWeightedReturn(returns)),
    timeWeightedAnnual: figure(annualReturn(returns)),
    moneyWeightedAnnual: money.kind === "rate" ? money.rate : null,
    moneyWeightedReason: money.kind === "rate" ? null : money.reason,
    annualVolatility: figure(risk.annualVolatility(returns)),
    sharpe: figure(risk.sharpeRatio(returns)),
    sortino: figure(risk.sortinoRatio(returns)),
    maxDrawdown: figure(risk.maxDrawdown(returns)),
    calmar: figure(risk.calmarRatio(returns)),
    valueAtRisk95: figure(risk.valueAtRisk95(returns)),
    expectedShortfall95: figure(risk.expectedShortfall95(returns)),
    benchmark: benchmark && against({ daysMs: days.slice(1).map(({ dayMs }) => dayMs), returns }, benchmark),
  };
}

function against(own: DatedReturns, benchmark: DatedReturns): Performance["benchmark"] {
  const joined = joinReturns(own, benchmark);
  if (joined.daysMs.length === 0) return { timeWeighted: null, alphaAnnual: null, beta: null };
  const ownBeta = beta(joined);
  return {
    timeWeighted: figure(timeWeightedReturn(joined.benchmark)),
    alphaAnnual: figure(alpha(joined, ownBeta)),
    beta: figure(ownBeta),
  };
}

const figure = (value: number): number | null => (Number.isFinite(value) ? value : null);
