import * as groups from "./groups.ts";
import { priceFigures } from "./price-figures.ts";
import type { PortfolioContext, ScoreInput } from "./score-input.ts";
import { meanOfKnown, type Group } from "./score-part.ts";

/** How attractive a stock looks, and why. */
export type Score = {
  /** 0..1; .5 is neutral, higher is better. What is unknown pulls it towards neutral. */
  readonly total: number;
  /** 0..1: how much of what the total should rest on was known. */
  readonly confidence: number;
  /** Eight reasons, whose weights sum to 1. */
  readonly groups: readonly Group[];
};

/** How good a company is whatever its price, 0..1: its growth and its strength, whichever is known; null when neither is. */
export function qualityOf(all: readonly Pick<Group, "name" | "value">[]): number | null {
  const asked = all.filter(({ name }) => name === "long term" || name === "fundamentals");
  const { value } = meanOfKnown(asked.map((group) => ({ weight: 1, value: group.value })));
  return Number.isNaN(value) ? null : value;
}

/**
 * Scores a stock by itself: `total = .5 + sum(weight * confidence * (value - .5))` over its groups, of which the one of
 * the portfolio is unknown. The formulas and where they differ from the single-board trader's: README.md here. Pure: the
 * same input gives the same score.
 */
export function scoreStock(input: ScoreInput): Score {
  const { fundamentals: company, nowMs } = input;
  const from: groups.Figures = { prices: priceFigures(input.prices), company, nowMs };
  const ofStock = [
    groups.longTerm(from),
    groups.fundamentals(from),
    groups.opportunity(from),
    groups.dividends(from),
    groups.shortTerm(from),
    groups.technicals(from),
    groups.opinion(from),
  ];
  return inPortfolio(ofStock, null, nowMs);
}

/**
 * The score of a stock with these groups in this portfolio, whose group is made anew from it and from what the others
 * say; without a portfolio it is unknown. `nowMs` is market time, as of the portfolio's `asOfMs`.
 */
export function inPortfolio(scored: readonly Group[], portfolio: PortfolioContext | null, nowMs: number): Score {
  const ofStock = scored.filter(({ name }) => name !== "diversification");
  const chance = ofStock.find(({ name }) => name === "opportunity")?.value ?? null;
  const all = [...ofStock, groups.diversification({ portfolio, nowMs }, qualityOf(ofStock), chance)];
  const confidence = all.reduce((sum, group) => sum + group.weight * group.confidence, 0);
  const pull = all.reduce((sum, group) => sum + group.weight * group.confidence * ((group.value ?? 0.5) - 0.5), 0);
  return { total: Math.min(1, Math.max(0, 0.5 + pull)), confidence: Math.min(1, confidence), groups: all };
}
