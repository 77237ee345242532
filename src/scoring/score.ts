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
  const quality = meanOfKnown([longTerm, fundamentals].map(({ value }) => ({ weight: 1, value }))).value;
  const all = [
    longTerm,
    fundamentals,
    opportunity,
    groups.dividends(from),
    groups.shortTerm(from),
    groups.technicals(from),
    groups.opinion(from),
    groups.diversification(from, Number.isNaN(quality) ? null : quality, opportunity.value),
  ];
  const confidence = all.reduce((sum, group) => sum + group.weight * group.confidence, 0);
  const pull = all.reduce((sum, group) => sum + group.weight * group.confidence * ((group.value ?? 0.5) - 0.5), 0);
  return { total: Math.min(1, Math.max(0, 0.5 + pull)), confidence: Math.min(1, confidence), groups: all };
}
