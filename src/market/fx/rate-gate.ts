import { isPrice, shown, type Anomaly } from "../anomaly/price-step.ts";
import type { SeenQuote } from "../anomaly/quote-gate.ts";

/** Currencies move by less within days; the franc's freeing in 2015, by a fifth, was one to look at too. */
const STEP_MAX = 1.1;
/** Closes whose middle one a rate is judged by: one wrong close among them changes nothing. */
const CLOSES_JUDGED = 10;
/** The longest that rates stand still is from the Friday before Christmas or the new year to the Tuesday after. */
export const RATE_STALE_MS = 5 * 86_400_000;

/**
 * Why a rate may not be converted at; null: nothing speaks against it. `closes` are earlier daily ones, oldest first,
 * none of the rate's own day; a move that lasts is the usual level after half as many days.
 */
export function rateAnomaly(rate: SeenQuote, currency: string, closes: readonly number[]): Anomaly | null {
  const { price } = rate;
  if (!isPrice(price)) return { kind: "no-price", reason: `${price} is no rate` };
  if (rate.currency !== currency) return { kind: "currency", reason: `a rate of ${rate.currency}, not of ${currency}` };
  const recent = closes.slice(-CLOSES_JUDGED).toSorted((a, b) => a - b);
  const usual = recent[recent.length >> 1];
  if (usual === undefined) return { kind: "jump", reason: "there are no earlier rates to judge it by" };
  if (price <= usual * STEP_MAX && price >= usual / STEP_MAX) return null;
  return { kind: "jump", reason: `${shown(price)} where the rate was around ${shown(usual)}` };
}
