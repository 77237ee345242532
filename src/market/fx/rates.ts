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

/** An amount of one currency in another, through the base currency, unrounded. */
export function exchange(amount: number, from: string, to: string, rates: Rates): Converted {
  if (from === to) return { kind: "converted", amount };
  const perUnit = toBase(1, to, rates);
  const converted = toBase(amount, from, rates);
  if (perUnit.kind === "no-rate" || converted.kind === "no-rate")
    return converted.kind === "no-rate" ? converted : perUnit;
  return { kind: "converted", amount: converted.amount / perUnit.amount };
}

/** Amounts by currency, all in the base currency; what is nothing needs no rate. */
export function allToBase(amounts: { readonly [currency: string]: number }, rates: Rates): Converted {
  let sum = 0;
  for (const [currency, amount] of Object.entries(amounts)) {
    if (amount === 0) continue;
    const converted = toBase(amount, currency, rates);
    if (converted.kind === "no-rate") return converted;
    sum += converted.amount;
  }
  return { kind: "converted", amount: sum };
}

/** Yahoo's symbol for the rate of a currency: `EURUSD=X` is dollars for a euro. */
export const rateSymbol = (base: string, currency: string): string => `${base}${currency}=X`;

/** The currencies among these that need a rate, each once, in alphabetical order. */
export const foreignCurrencies = (base: string, currencies: Iterable<string>): readonly string[] =>
  [...new Set(currencies)].filter((currency) => currency !== base).toSorted();
