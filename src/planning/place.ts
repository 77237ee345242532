import type { PortfolioContext } from "../scoring/score-input.ts";
import type { PlanningInput } from "./input.ts";
import { type Portfolio, valueEur } from "./portfolio.ts";
import { aimless } from "./rules/merit.ts";
import { type StockFacts, gainOf } from "./stock.ts";
import { partsOf, sharesAmong } from "./targets.ts";

/**
 * How a stock sits in a portfolio. Regions and industries are fractions of the investable money, as their targets are; of
 * a stock in n industries they are the means over them, an nth of each.
 */
export type Place = Omit<PortfolioContext, "asOfMs">;

/**
 * The place of each stock by symbol. The targets are the owner's for the regions and industries in which there is
 * something to buy, whatever it scores: a score that moved them would move itself. Empty when it is not known what the
 * portfolio is worth, or when all of it is reserve.
 */
export function placesOf(input: PlanningInput, portfolio: Portfolio): ReadonlyMap<string, Place> {
  const { equityEur, investableEur, regionsEur, industriesEur } = portfolio;
  if (!(investableEur > 0 && Number.isFinite(equityEur))) return new Map();
  const wanted = input.stocks.filter((stock) => stock.active && aimless({ input, stock }) === null);
  const regions = sharesAmong(
    wanted.map(({ region }) => region),
    input.settings.regions,
  );
  const industries = sharesAmong(
    wanted.flatMap((stock) => stock.industries),
    input.settings.industries,
  );
  return new Map(
    input.stocks.map((stock) => [
      stock.symbol,
      {
        regionShare: (regionsEur.get(stock.region) ?? 0) / investableEur,
        regionTarget: regions.get(stock.region) ?? 0,
        industryShare: meanOf(stock, industriesEur) / investableEur,
        industryTarget: meanOf(stock, industries),
        share: valueEur(stock) / equityEur,
        gain: gainOf(stock),
      },
    ]),
  );
}

const meanOf = ({ industries }: StockFacts, of: ReadonlyMap<string, number>): number =>
  partsOf(industries).reduce((sum, [industry, part]) => sum + part * (of.get(industry) ?? 0), 0);
