import type { Fundamentals, PortfolioContext, PriceHistory, ScoreInput } from "../../../src/scoring/score-input.ts";
import { inPortfolio, scoreStock, type Score } from "../../../src/scoring/score.ts";

export const DAY_MS = 86_400_000;

/** Consecutive days that end on `nowMs`, with these closes. */
export function history(closes: readonly number[], nowMs: number): PriceHistory {
  const daysMs = closes.map((_, index) => nowMs - (closes.length - 1 - index) * DAY_MS);
  return { daysMs, closes, adjustedCloses: closes };
}

export const growth = (days: number, rate: number): number[] =>
  Array.from({ length: days }, (_, day) => 100 * (1 + rate) ** day);

export const nowMs = Date.UTC(2025, 0, 31);

export const company: Fundamentals = {
  asOfMs: nowMs,
  profitMargin: 0.2,
  debtToEquityPercent: 50,
  currentRatio: 1.5,
  trailingPe: 22,
  forwardPe: 22,
  dividendYield: 0.03,
  payoutRatio: 0.4,
  fiveYearDividendYield: 0.03,
  recommendationMean: 2,
  recommendationKey: "buy",
  analystCount: 20,
  targetPrice: 110,
  currentPrice: 100,
};

export const portfolio: PortfolioContext = {
  asOfMs: nowMs,
  regionShare: 0.4,
  regionTarget: 0.5,
  industryShare: 0.2,
  industryTarget: 0.2,
  share: 0.03,
  gain: null,
};

/** A rise that falls a little every other day: without any loss some ratios are undefined. */
const rising = growth(4020, 0.0003).map((close, day) => close * (day % 2 === 0 ? 1 : 1.001));

/** Eleven years of closes and everything known. */
export const input = (over: Partial<ScoreInput> = {}): ScoreInput => ({
  prices: history(rising, nowMs),
  fundamentals: company,
  nowMs,
  ...over,
});

/** The score of this in this portfolio. */
export const scoreIn = (given: ScoreInput, held: PortfolioContext | null = portfolio): Score =>
  inPortfolio(scoreStock(given).groups, held, given.nowMs);
