import { annualVolatility, mean, rateOfChange } from "./indicators.ts";

/** How attractive a stock looks from its closes alone: 0..1, .5 is neutral, higher is better. */
export type Score = {
  readonly total: number;
  /** Price against its 50- and 200-day means. */
  readonly trend: number;
  /** Change over 14 and 30 days. */
  readonly momentum: number;
  /** Calm is good: 1 at 10% a year, 0 at 50%. */
  readonly volatility: number;
  /** 0..1: how much of the wanted year of closes there was; 0 below 50 closes, and then all is neutral. */
  readonly confidence: number;
};

/** Fewer closes say nothing. */
export const CLOSES_MIN = 50;
/** More closes change nothing. */
export const CLOSES_WANTED = 252;

const WEIGHTS = { trend: 0.4, momentum: 0.35, volatility: 0.25 };
const NEUTRAL: Score = { total: 0.5, trend: 0.5, momentum: 0.5, volatility: 0.5, confidence: 0 };

/**
 * The technical score of a stock: `.40 trend + .35 momentum + .25 volatility`, each clamped to 0..1, from adjusted
 * daily closes, oldest first. The total moves towards neutral as far as history is missing.
 */
export function scoreStock(closes: readonly number[]): Score {
  const used = closes.slice(-CLOSES_WANTED);
  if (used.length < CLOSES_MIN || !used.every((close) => close > 0 && Number.isFinite(close))) return NEUTRAL;
  const trend = trendOf(used);
  const momentum = clamp(0.5 + 5 * (0.4 * rateOfChange(used, 14) + 0.6 * rateOfChange(used, 30)));
  const volatility = clamp(1 - (annualVolatility(used) - 0.1) / 0.4);
  const confidence = used.length / CLOSES_WANTED;
  const raw = WEIGHTS.trend * trend + WEIGHTS.momentum * momentum + WEIGHTS.volatility * volatility;
  return { total: 0.5 + (raw - 0.5) * confidence, trend, momentum, volatility, confidence };
}

function trendOf(closes: readonly number[]): number {
  const last = closes.at(-1) ?? 0;
  const mean50 = mean(closes.slice(-50));
  if (closes.length < 200) return clamp(0.5 + 0.25 * Math.sign(last - mean50));
  const mean200 = mean(closes.slice(-200));
  const stacked = mean50 > mean200 ? 0.1 : 0;
  return clamp(0.5 + 0.25 * Math.sign(last - mean50) + 0.25 * Math.sign(last - mean200) + stacked);
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
