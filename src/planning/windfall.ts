import { type StockFacts, gainOf } from "./stock.ts";

/** Gain from which a holding has at least doubled: some is taken whatever was expected of it. */
const DOUBLED = 1;
const YEAR_DAYS = 365.25;

/** A gain beyond what the stock's own growth would have made in the time held, and the share of the holding to take. */
export type Windfall = { readonly gain: number; readonly excess: number; readonly share: number };

/** The windfall of a holding: `excess = gain - ((1 + growth)^years - 1)`; null when there is none or it is not known. */
export function windfallOf(stock: StockFacts, nowMs: number, dayMs: number): Windfall | null {
  const gain = gainOf(stock);
  if (stock.qty <= 0 || gain === null || stock.growth === null || stock.heldSinceMs === null) return null;
  const years = (nowMs - stock.heldSinceMs) / dayMs / YEAR_DAYS;
  const excess = gain - ((1 + stock.growth) ** years - 1);
  if (!Number.isFinite(excess)) return null;
  const share = shareOf(gain, excess);
  return share === 0 ? null : { gain, excess, share };
}

function shareOf(gain: number, excess: number): number {
  if (gain >= DOUBLED) return excess > 0.3 ? 0.5 : 0.3;
  if (excess >= 0.5) return 0.4;
  return excess >= 0.25 ? 0.2 : 0;
}
