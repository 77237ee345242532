import type { Valuation } from "../../src/trading/bookkeeping.ts";

/** A market in dollars that knows no price. */
export const noMarket: Valuation = { base: "USD", prices: new Map(), rates: new Map() };
