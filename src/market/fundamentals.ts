import { z } from "zod";
import type { Fundamentals } from "../scoring/score-input.ts";

const figure = z.number().nullish().catch(null);
const wireSummary = z.object({
  financialData: z
    .object({
      profitMargins: figure,
      debtToEquity: figure,
      currentRatio: figure,
      recommendationMean: figure,
      recommendationKey: z.string().nullish().catch(null),
      numberOfAnalystOpinions: figure,
      targetMeanPrice: figure,
      currentPrice: figure,
    })
    .nullish(),
  summaryDetail: z
    .object({
      trailingPE: figure,
      forwardPE: figure,
      dividendYield: figure,
      trailingAnnualDividendYield: figure,
      payoutRatio: figure,
      fiveYearAvgDividendYield: figure,
    })
    .nullish(),
});

/**
 * A company's figures from yahoo-finance2's quoteSummary with the modules financialData and summaryDetail; null when
 * it has neither. Yahoo's units differ: `debtToEquity` and `fiveYearAvgDividendYield` are in percent, the dividend
 * yields of summaryDetail are fractions (those of `quote` are in percent too), and a payout of 0 beside no yield means
 * that nothing is paid.
 */
export function toFundamentals(summary: unknown, asOfMs: number): Fundamentals | null {
  const { success, data } = wireSummary.safeParse(summary);
  if (!success) return null;
  const { financialData: money, summaryDetail: detail } = data;
  if (!money && !detail) return null;
  const fiveYearPercent = detail?.fiveYearAvgDividendYield ?? null;
  return {
    asOfMs,
    profitMargin: money?.profitMargins ?? null,
    debtToEquityPercent: money?.debtToEquity ?? null,
    currentRatio: money?.currentRatio ?? null,
    trailingPe: detail?.trailingPE ?? null,
    forwardPe: detail?.forwardPE ?? null,
    dividendYield:
      detail?.dividendYield ?? detail?.trailingAnnualDividendYield ?? (detail?.payoutRatio === 0 ? 0 : null),
    payoutRatio: detail?.payoutRatio ?? null,
    fiveYearDividendYield: fiveYearPercent === null ? null : fiveYearPercent / 100,
    recommendationMean: money?.recommendationMean ?? null,
    recommendationKey: money?.recommendationKey ?? null,
    analystCount: money?.numberOfAnalystOpinions ?? null,
    targetPrice: money?.targetMeanPrice ?? null,
    currentPrice: money?.currentPrice ?? null,
  };
}
