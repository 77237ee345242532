import type { PlanningSettings } from "./settings.ts";
import type { Side, StockFacts } from "./stock.ts";

/**
 * Everything that a plan is decided on. Instants are the app's clock. Amounts are in the base currency: euros, but for a
 * recorded market of another currency, which then stands for the euro everywhere.
 */
export type PlanningInput = {
  readonly nowMs: number;
  /** App time that a day of the market takes: a replay's days are shorter. */
  readonly dayMs: number;
  /** The universe, and whatever else is held. */
  readonly stocks: readonly StockFacts[];
  /** Currency that the account holds its cash in: a stock of another is bought through a conversion. */
  readonly accountCurrency: string;
  /** Code of the base currency, for sentences. */
  readonly base: string;
  readonly cashEur: number;
  /** Cash that orders without a known end may still take. */
  readonly reservedEur: number;
  readonly allowances: Allowances;
  readonly settings: PlanningSettings;
};

/** Why nothing at all may be bought or sold now; null: it may. */
export type Allowances = { readonly [side in Side]: string | null };

export const nothingForbidden: Allowances = { buy: null, sell: null };
