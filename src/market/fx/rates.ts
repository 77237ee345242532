/** Exchange rates to one base currency: how many units of a currency one unit of the base is. */
export type Rates = { readonly base: string; readonly perBase: ReadonlyMap<string, number> };

/** An amount in the base currency, or why there is none: a missing rate is never taken as 1. */
export type Converted =
  | { readonly kind: "converted"; readonly amount: number }
  | { readonly kind: "no-rate"; readonly reason: string };

/** Converts an amount to the base currency, unrounded. */
export function toBase(amount: number, currency: string, { base, perBase }: Rates): Converted {
  if (currency === base) return { kind: "converted", amount };
  const rate = perBase.get(currency);
  if (rate === undefined || !(rate > 0) || !Number.isFinite(rate)) {
    return { kind: "no-rate", reason: `no good rate of ${currency} to ${base}` };
  }
  return { kind: "converted", amount: amount / rate };
}

/** Yahoo's symbol for the rate of a currency: `EURUSD=X` is dollars for a euro. */
export const rateSymbol = (base: string, currency: string): string => `${base}${currency}=X`;

/** The currencies among these that need a rate, each once, in alphabetical order. */
export const foreignCurrencies = (base: string, currencies: Iterable<string>): readonly string[] =>
  [...new Set(currencies)].filter((currency) => currency !== base).toSorted();
