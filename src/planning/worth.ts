import type { Portfolio } from "./portfolio.ts";
import type { PlanningSettings } from "./settings.ts";
import type { StockFacts } from "./stock.ts";
import { type Targets, partsOf } from "./targets.ts";

/**
 * The one scale. Each euro that a stock has too much or too little is out of place, and so is each euro by which a region
 * or an industry is off its target by more than the band in which it counts as balanced. A euro out of place is taken to
 * cost one cent: the same cent that makes 250 EUR the smallest trade worth 2 EUR and .2%.
 */
export type Scale = { readonly targets: Targets; readonly settings: PlanningSettings };

/** Euros that a stock lacks of its target; negative when it has too much. */
export const gapEur = ({ targets }: Scale, portfolio: Portfolio, symbol: string): number =>
  (targets.stocks.get(symbol) ?? 0) * portfolio.investableEur - (portfolio.stocksEur.get(symbol) ?? 0);

/** Euros out of place in the whole portfolio, of these stocks and their groups. */
export function outOfPlaceEur(scale: Scale, portfolio: Portfolio, stocks: readonly StockFacts[]): number {
  const { regions, industries } = scale.targets;
  return (
    stocks.reduce((sum, { symbol }) => sum + Math.abs(gapEur(scale, portfolio, symbol)), 0) +
    [...regions.keys()].reduce((sum, region) => sum + regionEur(scale, portfolio, region, 0), 0) +
    [...industries.keys()].reduce((sum, industry) => sum + industryEur(scale, portfolio, industry, 0), 0)
  );
}

/** Euros by which a trade of this value (negative: a sale) puts things in their place. */
export function placedEur(scale: Scale, portfolio: Portfolio, stock: StockFacts, byEur: number): number {
  const gap = gapEur(scale, portfolio, stock.symbol);
  const ofStock = Math.abs(gap) - Math.abs(gap - byEur);
  const ofRegion = regionEur(scale, portfolio, stock.region, 0) - regionEur(scale, portfolio, stock.region, byEur);
  const ofIndustries = partsOf(stock.industries).reduce(
    (sum, [industry, part]) =>
      sum + industryEur(scale, portfolio, industry, 0) - industryEur(scale, portfolio, industry, part * byEur),
    0,
  );
  return ofStock + ofRegion + ofIndustries;
}

const regionEur = ({ targets, settings }: Scale, portfolio: Portfolio, region: string, byEur: number): number =>
  unbalancedEur(targets.regions.get(region), portfolio.regionsEur.get(region), byEur, portfolio, settings);

const industryEur = ({ targets, settings }: Scale, portfolio: Portfolio, industry: string, byEur: number): number =>
  unbalancedEur(targets.industries.get(industry), portfolio.industriesEur.get(industry), byEur, portfolio, settings);

/** Beyond the band; a group without a target is nobody's concern. */
function unbalancedEur(
  target: number | undefined,
  hasEur = 0,
  byEur: number,
  { investableEur }: Portfolio,
  { balancedWithin }: PlanningSettings,
): number {
  if (target === undefined) return 0;
  return Math.max(0, Math.abs(hasEur + byEur - target * investableEur) - balancedWithin * investableEur);
}
