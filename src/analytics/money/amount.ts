/*
 * How cents are kept exact: amounts are integers of a currency's smallest unit ("minor": cents; whole yen), in numbers
 * below 2^53. Prices and rates stay decimals. A product of decimals is computed in integers of any length from their
 * shortest decimal notation (in binary where that cannot differ), and rounded once, half away from zero; sums of amounts never round.
 */

/** Currencies that are dealt in; yen and won have no smaller unit. */
export type Currency = "EUR" | "USD" | "GBP" | "DKK" | "HKD" | "JPY" | "KRW" | "CHF" | "SEK" | "NOK" | "CAD";

const MINOR_DIGITS: { readonly [currency in Currency]: number } = {
  EUR: 2,
  USD: 2,
  GBP: 2,
  DKK: 2,
  HKD: 2,
  JPY: 0,
  KRW: 0,
  CHF: 2,
  SEK: 2,
  NOK: 2,
  CAD: 2,
};

/** Their codes, in words. */
export const currencyNames = Object.keys(MINOR_DIGITS).join(", ");

/** Whether amounts of this currency can be kept exactly here. */
export const isCurrency = (text: string): text is Currency => Object.hasOwn(MINOR_DIGITS, text);

/** What prices are quoted in: a currency, or pence, which Yahoo calls `GBp` and other sources `GBX`. */
export type PriceUnit = Currency | "GBp" | "GBX";

/** The currency of a price's unit, and how many of its major units one of them is. */
export const currencyOf = (unit: PriceUnit): { readonly currency: Currency; readonly factor: number } =>
  unit === "GBp" || unit === "GBX" ? { currency: "GBP", factor: 0.01 } : { currency: unit, factor: 1 };

/** Minor units of a product of decimals in major units, such as a price, a quantity and a rate. Throws on no number. */
export function toMinor(currency: Currency, ...factors: readonly number[]): number {
  let near = 10 ** MINOR_DIGITS[currency];
  for (const factor of factors) near *= factor;
  const size = Math.abs(near);
  // A few roundings of one part in 2^53 each cannot carry it over the half: no need for the slow way.
  const isClear = size < 1e12 && Math.abs(size - Math.floor(size) - 0.5) > size * NEAR_ERROR;
  return isClear ? Math.sign(near) * Math.floor(size + 0.5) + 0 : exactMinor(currency, factors);
}

/** The error of a binary product of some ten decimals is smaller, as a share of it. */
const NEAR_ERROR = 1e-14;

/** The same by integers of any length, whatever the decimals. */
export function exactMinor(currency: Currency, factors: readonly number[]): number {
  let [digits, decimals] = [1n, 0];
  for (const factor of factors) {
    const exact = decimalOf(factor);
    digits *= exact.digits;
    decimals += exact.decimals;
  }
  return rounded(digits, decimals - MINOR_DIGITS[currency]);
}

/** An amount in another currency at a rate of its major units for one of the first's. Rounds once. */
export const convert = (minor: number, from: Currency, to: Currency, rate: number): number =>
  from === to ? minor : toMinor(to, minor, rate, 1 / 10 ** MINOR_DIGITS[from]);

/** The part of an amount that `of` whole parts out of `all` are, rounded once. */
export function partOf(minor: number, of: number, all: number): number {
  const [numerator, denominator] = [BigInt(minor) * BigInt(of), BigInt(all)];
  const sign = numerator < 0n !== denominator < 0n ? -1n : 1n;
  const [top, bottom] = [magnitude(numerator), magnitude(denominator)];
  return checked(sign * ((2n * top + bottom) / (2n * bottom)));
}

/** An amount in major units for people and for ratios; not to be summed. */
export const toMajor = (minor: number, currency: Currency): number => minor / 10 ** MINOR_DIGITS[currency];

/** An amount as a plain decimal, such as `-1234.50`. */
export const decimalText = (minor: number, currency: Currency): string =>
  toMajor(minor, currency).toFixed(MINOR_DIGITS[currency]);

/** An amount as text, such as `-1234.50 EUR`. */
export const amountText = (minor: number, currency: Currency): string => `${decimalText(minor, currency)} ${currency}`;

/** Throws unless this is a whole number of minor units. */
export function checkedMinor(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) throw new Error(`${what} is ${value}, not a whole number of minor units`);
  return value;
}

/** The decimal that JavaScript writes for a number: `1.005` is 1005 with three decimals. */
function decimalOf(value: number): { readonly digits: bigint; readonly decimals: number } {
  if (!Number.isFinite(value)) throw new Error(`${value} is no amount, price or rate`);
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const decimals = fraction.length - Number(exponent);
  return { digits: BigInt(whole + fraction), decimals };
}

/** `digits` without so many decimals, half away from zero; negative decimals are zeros to add. */
function rounded(digits: bigint, decimals: number): number {
  if (decimals <= 0) return checked(digits * 10n ** BigInt(-decimals));
  const unit = 10n ** BigInt(decimals);
  const half = digits < 0n ? -unit / 2n : unit / 2n;
  return checked((digits + half) / unit);
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

function checked(value: bigint): number {
  // Adding 0 turns a negative zero into zero.
  return checkedMinor(Number(value), "an amount") + 0;
}
