/** Shares of a whole by name; what they add up to counts as all of it. */
export type Shares = { readonly [name: string]: number };

/** What the owner wants; shares are fractions of the whole portfolio. */
export type PlanningSettings = {
  readonly regions: Shares;
  readonly industries: Shares;
  /** A region or an industry that is no further off its target counts as balanced. */
  readonly balancedWithin: number;
  /** No stock is to have more. */
  readonly positionMax: number;
  /** A purchase never takes its region or industry further above its target. */
  readonly groupSlack: number;
  /** How strongly a better score raises a stock's share: to this power. */
  readonly scorePower: number;
  /** Nothing is bought that scores less, by itself or in the portfolio, or whose score by itself is known less well. */
  readonly scoreMin: number;
  readonly confidenceMin: number;
  /** Nothing is bought at this share of its highest close of 52 weeks or above. */
  readonly priceToHighMax: number;
  /** What has lost more than `lossMax` is bought only with this quality. */
  readonly averagingQualityMin: number;
  /** A gap smaller than this share of the portfolio is left alone. */
  readonly driftMin: number;
  readonly tradesMax: number;
  readonly costFixedEur: number;
  readonly costFraction: number;
  /** What changing money into another currency costs. */
  readonly conversionFraction: number;
  /** Cash that a purchase in another currency sets aside beyond its price. */
  readonly conversionBuffer: number;
  /** What a euro out of place is taken to cost: the scale that plans are compared on. */
  readonly misplacedCost: number;
  readonly sellMinEur: number;
  readonly cashReserveEur: number;
  readonly buyCoolOffDays: number;
  readonly sellCoolOffDays: number;
  readonly holdDaysMin: number;
  /** What has lost more is not sold. */
  readonly lossMax: number;
  /** Share of a holding that is sold at once: base, more by the sell score, and the most. */
  readonly sellShareBase: number;
  readonly sellShareByScore: number;
  readonly sellShareMax: number;
};

export const TRADES_A_CYCLE_MAX = 5;

export const defaultPlanning: PlanningSettings = {
  regions: { EU: 0.5, ASIA: 0.3, US: 0.2 },
  industries: { Technology: 0.2, Healthcare: 0.2, Finance: 0.2, Consumer: 0.2, Industrial: 0.2 },
  balancedWithin: 0.02,
  positionMax: 0.15,
  groupSlack: 0.1,
  scorePower: 2,
  scoreMin: 0.5,
  confidenceMin: 0.3,
  priceToHighMax: 0.95,
  averagingQualityMin: 0.6,
  driftMin: 0.005,
  tradesMax: 1,
  costFixedEur: 2,
  costFraction: 0.002,
  conversionFraction: 0.002,
  conversionBuffer: 0.02,
  misplacedCost: 0.01,
  sellMinEur: 100,
  cashReserveEur: 500,
  buyCoolOffDays: 30,
  sellCoolOffDays: 180,
  holdDaysMin: 90,
  lossMax: 0.2,
  sellShareBase: 0.1,
  sellShareByScore: 0.4,
  sellShareMax: 0.5,
};
