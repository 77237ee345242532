import type { PlanningInput } from "./input.ts";
import { type Portfolio, valueEur } from "./portfolio.ts";
import { aimless, meritsAShare } from "./rules/merit.ts";
import type { Refusal } from "./rules/refusal.ts";
import type { StockFacts } from "./stock.ts";
import { type Aim, type Targets, targetsOf } from "./targets.ts";
import { windfallOf } from "./windfall.ts";

const NEUTRAL_SCORE = 0.5;

/** Why a stock has no share in the targets; null: it has one. What is held keeps its share whatever its score is now. */
export function shareless(input: PlanningInput, stock: StockFacts): Refusal | null {
  return aimless({ input, stock }) ?? (stock.qty > 0 ? null : meritsAShare({ input, stock }));
}

/**
 * The targets of this portfolio: by score to a power within the targets of regions and industries, no stock above the
 * position cap. A windfall lowers a holding's own cap to what is left when it is taken.
 */
export function targetsFor(input: PlanningInput, portfolio: Portfolio): Targets {
  const { settings } = input;
  const aims = input.stocks
    .filter((stock) => stock.active && shareless(input, stock) === null)
    .map((stock): Aim => {
      const { symbol, region, industries, score } = stock;
      const appeal = (score ?? NEUTRAL_SCORE) ** settings.scorePower;
      return { symbol, region, industries, appeal, max: maxOf(input, portfolio, stock) };
    });
  return targetsOf(aims, settings.regions, settings.industries);
}

function maxOf({ settings, nowMs, dayMs }: PlanningInput, { investableEur }: Portfolio, stock: StockFacts): number {
  const windfall = windfallOf(stock, nowMs, dayMs);
  if (windfall === null || investableEur === 0) return settings.positionMax;
  return Math.min(settings.positionMax, ((1 - windfall.share) * valueEur(stock)) / investableEur);
}
