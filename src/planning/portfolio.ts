import type { PlanningInput } from "./input.ts";
import type { StockFacts } from "./stock.ts";
import { partsOf } from "./targets.ts";

/** What is held, or would be after some trades; in euros. */
export type Portfolio = {
  /** With cash. */
  readonly equityEur: number;
  /** Without the cash reserve: what the targets are shares of. */
  readonly investableEur: number;
  /** Cash that may be spent: neither the reserve nor what open orders may still take. */
  readonly freeEur: number;
  readonly stocksEur: ReadonlyMap<string, number>;
  readonly regionsEur: ReadonlyMap<string, number>;
  readonly industriesEur: ReadonlyMap<string, number>;
};

export const valueEur = ({ qty, priceEur }: Pick<StockFacts, "qty" | "priceEur">): number =>
  qty === 0 ? 0 : qty * (priceEur ?? Number.NaN);

/** The portfolio as it is. The sums are made in the order of the symbols, so that they are the same to the last digit. */
export function portfolioOf(input: PlanningInput): Portfolio {
  const { stocks, cashEur, reservedEur, settings } = input;
  const held = stocks.filter(({ qty }) => qty !== 0).toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const equityEur = held.reduce((sum, stock) => sum + valueEur(stock), cashEur);
  const empty: Portfolio = {
    equityEur,
    investableEur: Math.max(0, equityEur - settings.cashReserveEur),
    freeEur: cashEur - settings.cashReserveEur - reservedEur,
    stocksEur: new Map(),
    regionsEur: new Map(),
    industriesEur: new Map(),
  };
  return held.reduce((portfolio, stock) => moved(portfolio, stock, valueEur(stock), 0), empty);
}

/** With this much more (or less) of a stock, and this much less free cash. */
export function moved(portfolio: Portfolio, stock: StockFacts, byEur: number, spentEur: number): Portfolio {
  return {
    ...portfolio,
    freeEur: portfolio.freeEur - spentEur,
    stocksEur: add(portfolio.stocksEur, stock.symbol, byEur),
    regionsEur: add(portfolio.regionsEur, stock.region, byEur),
    industriesEur: partsOf(stock.industries).reduce(
      (map, [industry, part]) => add(map, industry, part * byEur),
      portfolio.industriesEur,
    ),
  };
}

const add = (map: ReadonlyMap<string, number>, key: string, moreEur: number) =>
  new Map(map).set(key, (map.get(key) ?? 0) + moreEur);
