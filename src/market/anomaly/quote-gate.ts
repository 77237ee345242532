import { isPrice, shown, stepAnomaly, type Anomaly } from "./price-step.ts";

/** A price as its source gave it; `asOfMs` is market time. */
export type SeenQuote = { readonly price: number; readonly currency: string; readonly asOfMs: number };

/** What is known of the stock before this quote. */
export type KnownStock = {
  /** As the universe has it; Yahoo's `GBp` is pence. */
  readonly currency: string;
  /** Daily closes of the last year or so, oldest first, none of the quote's own day; may be empty. */
  readonly closes: readonly number[];
  /** Recent payments per share, in the price's unit. */
  readonly dividends: readonly number[];
  /** Market time of the newest quote of any stock: what others have must not be long past for this one. */
  readonly marketNowMs: number;
};

/** The longest that any exchange of the calendars rests, and a day: the Chinese new year. */
export const STALE_MS = 11 * 86_400_000;
/** A price is taken for one in another unit when it is so many times its usual level, or as small a part of it. */
const UNIT_LEVEL = 40;

/** Why a quote may not be traded on; null: nothing speaks against it. */
export function quoteAnomaly(quote: SeenQuote, known: KnownStock): Anomaly | null {
  const { price, currency, asOfMs } = quote;
  if (!isPrice(price)) return { kind: "no-price", reason: `${price} is no price` };
  if (currency !== known.currency)
    return { kind: "currency", reason: `priced in ${currency}, not in ${known.currency}` };
  if (!Number.isFinite(asOfMs)) return { kind: "stale", reason: "nobody knows when it last traded" };
  if (known.marketNowMs - asOfMs > STALE_MS) {
    return { kind: "stale", reason: `last traded on ${new Date(asOfMs).toISOString().slice(0, 10)}` };
  }
  const last = known.closes.at(-1);
  return (last === undefined ? null : stepAnomaly(last, price, known.dividends)) ?? levelAnomaly(price, known.closes);
}

/** An error of unit that has lasted for days is no step any more, but far from the usual level. */
function levelAnomaly(price: number, closes: readonly number[]): Anomaly | null {
  const usual = closes.toSorted((a, b) => a - b)[closes.length >> 1];
  if (usual === undefined || (price < usual * UNIT_LEVEL && price > usual / UNIT_LEVEL)) return null;
  return { kind: "unit", reason: `${shown(price)} where the usual close is around ${shown(usual)}` };
}
