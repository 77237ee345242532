export type Side = "buy" | "sell";

/** A stock of the universe. One in n industries counts in each with an nth of its value. */
export type Stock = {
  readonly symbol: string;
  readonly region: string;
  readonly industries: readonly string[];
  /** In which it is traded. */
  readonly currency: string;
  readonly lotSize: number;
  readonly allowBuy: boolean;
  readonly allowSell: boolean;
  /** false: it has left the universe; what is held of it is to be sold. */
  readonly active: boolean;
};

/** What is known of a stock at the instant of planning. null is unknown, and never counts as good. Amounts are for one share. */
export type StockFacts = Stock & {
  readonly priceEur: number | null;
  /** Price as a share of its highest close of 52 weeks. */
  readonly priceToHigh: number | null;
  /** 0..1; how attractive it looks by itself: what its share rests on. */
  readonly score: number | null;
  /** 0..1; how attractive it looks in this portfolio: what a purchase has to reach too. */
  readonly scoreInPortfolio: number | null;
  /** 0..1; how much was known of what the score by itself should rest on. */
  readonly confidence: number;
  /** 0..1; how good the company is whatever its price. */
  readonly quality: number | null;
  /** Fraction a year that it has grown by over years. */
  readonly growth: number | null;
  /** 0..1; how much speaks for selling. */
  readonly sellScore: number | null;
  /** Shares held. */
  readonly qty: number;
  readonly averageCostEur: number | null;
  readonly heldSinceMs: number | null;
  /** Newest purchase and sale; null: never. */
  readonly lastBoughtMs: number | null;
  readonly lastSoldMs: number | null;
  /** Why the broker cannot trade it at all; null: it can. */
  readonly untradable: string | null;
  /** Why it may not be traded now, whatever the side; null: it may. */
  readonly blocked: string | null;
};

/** An order that is proposed. */
export type Proposal = { readonly symbol: string; readonly side: Side; readonly qty: number };

/** Price against the average cost, less 1; null when one of them is unknown. */
export function gainOf({ priceEur, averageCostEur }: StockFacts): number | null {
  if (priceEur === null || averageCostEur === null || !(averageCostEur > 0)) return null;
  return priceEur / averageCostEur - 1;
}
