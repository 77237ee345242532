import * as groups from "./groups.ts";
import { priceFigures } from "./price-figures.ts";
import type { ScoreInput } from "./score-input.ts";
import { meanOfKnown, type Group } from "./score-part.ts";

/** How attractive a stock looks, and why. */
export type Score = {
  /** 0..1; .5 is neutral, higher is better. What is unknown pulls it towards neutral. */
  readonly total: number;
  /** 0..1: how much of what the total should rest on was known; .54 at most with closes alone. */
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
 * Scores a stock: `total = .5 + sum(weight * confidence * (value - .5))` over its groups. The formulas and where they
 * differ from the single-board trader's: README.md here. Pure: the same input gives the same score.
 */
export function scoreStock(input: ScoreInput): Score {
  const { fundamentals: company, portfolio, nowMs } = input;
  const from: groups.Figures = { prices: priceFigures(input.prices), company, portfolio, nowMs };
  const longTerm = groups.longTerm(from);
  const fundamentals = groups.fundamentals(from);
  const opportunity = groups.opportunity(from);
  const quality = qualityOf([longTerm, fundamentals]);
  const all = [
    longTerm,
    fundamentals,
    opportunity,
    groups.dividends(from),
    groups.shortTerm(from),
    groups.technicals(from),
    groups.opinion(from),
    groups.diversification(from, quality, opportunity.value),
  ];
  const confidence = all.reduce((sum, group) => sum + group.weight * group.confidence, 0);
  const pull = all.reduce((sum, group) => sum + group.weight * group.confidence * ((group.value ?? 0.5) - 0.5), 0);
  return { total: Math.min(1, Math.max(0, 0.5 + pull)), confidence: Math.min(1, confidence), groups: all };
}
