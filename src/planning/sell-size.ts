import type { PlanningSettings } from "./settings.ts";
import type { StockFacts } from "./stock.ts";

/** The shares of a holding that are whole lots, which alone can be traded. */
export const wholeLots = ({ qty, lotSize }: Pick<StockFacts, "qty" | "lotSize">): number =>
  Math.max(0, Math.floor(qty / lotSize + 1e-9)) * lotSize;

/**
 * The most shares of a holding that are sold at once: a tenth and up to two fifths more by the sell score, in whole lots,
 * and one lot stays. A windfall takes its own share. 0 when the sell score is not known.
 */
export function sellableQty(stock: StockFacts, windfallShare: number | null, settings: PlanningSettings): number {
  const { qty, lotSize, sellScore } = stock;
  const byScore =
    sellScore === null ? 0 : settings.sellShareBase + settings.sellShareByScore * Math.min(1, Math.max(0, sellScore));
  const share = Math.min(settings.sellShareMax, Math.max(byScore, windfallShare ?? 0));
  const lots = Math.min(Math.floor((qty * share) / lotSize + 1e-9), Math.floor(qty / lotSize) - 1);
  return Math.max(0, lots) * lotSize;
}
