import type { PlanningInput } from "../input.ts";
import type { Portfolio } from "../portfolio.ts";
import type { StockFacts } from "../stock.ts";
import type { Targets } from "../targets.ts";

/** A rule that speaks against a trade, and one plain clause with its figures. */
export type Refusal = { readonly rule: string; readonly why: string };

/** What rules are asked about: a stock, and the portfolio that it would be traded in. */
export type Situation = {
  readonly input: PlanningInput;
  readonly portfolio: Portfolio;
  readonly targets: Targets;
  readonly stock: StockFacts;
  /** Names of rules that the owner overrides for this order; absent: none. */
  readonly waived?: ReadonlySet<string>;
};

export const refuse = (rule: string, why: string): Refusal => ({ rule, why });

/** The first of these that speaks against it. */
export function first(...refusals: readonly (Refusal | null | false)[]): Refusal | null {
  return refusals.find((refusal): refusal is Refusal => refusal !== null && refusal !== false) ?? null;
}

/** The first of these that speaks against it, of those that are not waived. */
export function firstBut(
  waived: ReadonlySet<string> | undefined,
  ...refusals: readonly (Refusal | null | false)[]
): Refusal | null {
  return first(...refusals.filter((refusal) => refusal && !waived?.has(refusal.rule)));
}

/** Days of the market since an instant. */
export const daysSince = (atMs: number, { nowMs, dayMs }: PlanningInput): number => (nowMs - atMs) / dayMs;

export const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)}%`;
export const money = (amount: number, { base }: Pick<PlanningInput, "base">): string => `${amount.toFixed(2)} ${base}`;
export const score = (value: number): string => value.toFixed(2);
