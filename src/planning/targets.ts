import type { PlanningSettings } from "./settings.ts";

export type Stock = {
  readonly symbol: string;
  readonly lotSize: number;
  readonly allowBuy: boolean;
  readonly allowSell: boolean;
  readonly active: boolean;
};

const NEUTRAL_SCORE = 0.5;

/**
 * The share of the portfolio that each active stock should have: proportional to its score (0..1) to a power, capped;
 * a stock without a score counts as neutral, an inactive one aims at nothing. The sum is at most 1; what the cap
 * takes away is spread over the others as long as they have room.
 */
export function targetWeights(
  stocks: readonly Stock[],
  scores: ReadonlyMap<string, number>,
  settings: Pick<PlanningSettings, "weightMax" | "scorePower">,
): ReadonlyMap<string, number> {
  const appeal = new Map(
    stocks
      .filter((stock) => stock.active)
      .map((stock) => [stock.symbol, (scores.get(stock.symbol) ?? NEUTRAL_SCORE) ** settings.scorePower]),
  );
  const weights = new Map<string, number>();
  let open = [...appeal.keys()];
  let left = 1;
  // Each pass caps at least one stock or is the last, so this ends.
  while (open.length > 0) {
    const sum = open.reduce((total, symbol) => total + (appeal.get(symbol) ?? 0), 0);
    const share = (symbol: string): number => (sum > 0 ? (left * (appeal.get(symbol) ?? 0)) / sum : 0);
    const capped = open.filter((symbol) => share(symbol) > settings.weightMax);
    if (capped.length === 0) {
      for (const symbol of open) weights.set(symbol, share(symbol));
      break;
    }
    for (const symbol of capped) weights.set(symbol, settings.weightMax);
    left -= capped.length * settings.weightMax;
    open = open.filter((symbol) => !weights.has(symbol));
  }
  return weights;
}
