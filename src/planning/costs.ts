import type { PlanningInput } from "./input.ts";
import type { Side, Stock } from "./stock.ts";

type Terms = Pick<PlanningInput, "accountCurrency" | "settings">;

const fractionOf = ({ accountCurrency, settings }: Terms, stock: Stock): number =>
  settings.costFraction + (stock.currency === accountCurrency ? 0 : settings.conversionFraction);

/** What a trade of this value costs: a fixed part, a fraction, and a conversion if its currency is another. */
export const costEur = (terms: Terms, stock: Stock, valueEur: number): number =>
  terms.settings.costFixedEur + fractionOf(terms, stock) * valueEur;

/** Cash that a purchase needs: price, cost, and in another currency a buffer until the conversion is done. */
export function neededEur(terms: Terms, stock: Stock, valueEur: number): number {
  const buffer = stock.currency === terms.accountCurrency ? 0 : terms.settings.conversionBuffer;
  return valueEur * (1 + buffer) + costEur(terms, stock, valueEur);
}

/** The value of the largest purchase that this cash pays for. */
export function affordableEur(terms: Terms, stock: Stock, cashEur: number): number {
  const fixedEur = neededEur(terms, stock, 0);
  return Math.max(0, (cashEur - fixedEur) / (neededEur(terms, stock, 1) - fixedEur));
}

/**
 * The smallest trade worth its cost: fixed / (worth of a euro moved - fraction), 2 / (.01 - .002) = 250 EUR by default.
 * Sales have a smaller one of their own: they are cut into parts anyway.
 */
export const tradeMinEur = (terms: Terms, stock: Stock, side: Side): number =>
  side === "sell"
    ? terms.settings.sellMinEur
    : terms.settings.costFixedEur / (terms.settings.misplacedCost - fractionOf(terms, stock));
