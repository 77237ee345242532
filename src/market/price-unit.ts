/** Units in which Yahoo quotes a hundredth of a currency: pence, agorot, cents of a rand. */
const HUNDREDTHS: ReadonlyMap<string, string> = new Map([
  ["GBp", "GBP"],
  ["GBX", "GBP"],
  ["ILA", "ILS"],
  ["ZAc", "ZAR"],
]);

/** The currency of a price's unit, and how many such units make one of it. A source's edge divides by that, once. */
export function majorUnit(unit: string): { readonly currency: string; readonly units: number } {
  const currency = HUNDREDTHS.get(unit);
  return currency === undefined ? { currency: unit, units: 1 } : { currency, units: 100 };
}
