/** What a plan may do; amounts in US dollars, shares of the whole portfolio as fractions. */
export type PlanningSettings = {
  readonly tradesMax: number;
  /** A stock's share never aims higher. */
  readonly weightMax: number;
  /** How strongly a better score raises the share: share is proportional to score to this power. */
  readonly scorePower: number;
  /** A gap smaller than this share of the portfolio is left alone. */
  readonly driftMin: number;
  readonly tradeMinUsd: number;
  readonly cashReserveUsd: number;
  readonly costFixedUsd: number;
  readonly costFraction: number;
};

/** One trade a cycle. At a cost of 2 USD + .2%, a trade of 250 USD costs 1% of itself: smaller ones are not worth it. */
export const defaultPlanning: PlanningSettings = {
  tradesMax: 1,
  weightMax: 0.15,
  scorePower: 2,
  driftMin: 0.005,
  tradeMinUsd: 250,
  cashReserveUsd: 500,
  costFixedUsd: 2,
  costFraction: 0.002,
};

export const TRADES_A_CYCLE_MAX = 5;
