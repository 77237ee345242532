/** Daily prices of one stock, oldest first; the three have one length. */
export type PriceHistory = {
  /** Midnight UTC of each trading day. */
  readonly daysMs: ArrayLike<number>;
  /** Closes adjusted for splits only: what technical figures are made of. The adjusted ones where there are no others. */
  readonly closes: ArrayLike<number>;
  /** Closes adjusted for splits and dividends: what returns are made of. */
  readonly adjustedCloses: ArrayLike<number>;
};

/**
 * What Yahoo's quoteSummary says of a company. null is unknown, and stays unknown. Fractions unless said otherwise;
 * prices are in the unit of the stock's own quote.
 */
export type Fundamentals = {
  readonly asOfMs: number;
  readonly profitMargin: number | null;
  readonly debtToEquityPercent: number | null;
  readonly currentRatio: number | null;
  readonly trailingPe: number | null;
  readonly forwardPe: number | null;
  /** 0 when the company is known to pay nothing. */
  readonly dividendYield: number | null;
  readonly payoutRatio: number | null;
  readonly fiveYearDividendYield: number | null;
  /** 1 (strong buy) to 5 (sell). */
  readonly recommendationMean: number | null;
  readonly recommendationKey: string | null;
  readonly analystCount: number | null;
  readonly targetPrice: number | null;
  /** The price that the target was given beside. */
  readonly currentPrice: number | null;
};

/** How a stock sits in the portfolio. Shares of regions and industries are fractions of what their targets are of. */
export type PortfolioContext = {
  readonly asOfMs: number;
  readonly regionShare: number;
  readonly regionTarget: number;
  readonly industryShare: number;
  readonly industryTarget: number;
  /** Of the portfolio's value with cash. */
  readonly share: number;
  /** Price against the average cost, less 1; null when none is held. */
  readonly gain: number | null;
};

export type ScoreInput = {
  readonly prices: PriceHistory;
  readonly fundamentals: Fundamentals | null;
  /** Market time, which ages are counted from. */
  readonly nowMs: number;
};
