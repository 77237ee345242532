import type { AccountDay } from "../analytics/money/account-day.ts";
import { isCurrency, toMinor, type Currency } from "../analytics/money/amount.ts";
import { cashOf, dayOf, sharesMoved, type Movement } from "../analytics/money/movement.ts";
import { exactShares } from "../analytics/money/shares.ts";
import type { BrokerAccount, BrokerActivity, BrokerPosition } from "./broker.ts";

/** Base currency for one of a currency at an instant; null: not known. */
export type RateOn = (currency: string, atMs: number) => number | null;

/** The movement that a broker's activity is. Throws where it lacks what its kind needs. */
export function movementOf(activity: BrokerActivity, rateOn: RateOn): Movement {
  const { id, atMs, kind, symbol, qty, price, to, note } = activity;
  const currency = known(activity.currency, id);
  const isTrade = kind === "buy" || kind === "sell";
  const movesShares = isTrade || kind === "split" || kind === "cash-in-lieu";
  if ((movesShares && (symbol === null || qty === null)) || (isTrade && price === null)) {
    throw new Error(`the ${kind} ${id} is not whole`);
  }
  if (kind === "conversion" && to === undefined) throw new Error(`the ${kind} ${id} is not whole`);
  const minor = isTrade
    ? (kind === "buy" ? -1 : 1) * toMinor(currency, price ?? 0, qty ?? 0)
    : toMinor(currency, activity.amount ?? 0);
  const rate = rateOn(currency, atMs);
  const toCurrency = to === undefined ? null : known(to.currency, id);
  const arrived = to === undefined || toCurrency === null ? null : toMinor(toCurrency, to.amount);
  return { id, kind, atMs, currency, minor, symbol, qty, price, toCurrency, toMinor: arrived, rate, note };
}

/**
 * What an account had when it was first seen and its broker's activities do not explain: cash, and shares at the price
 * that the broker says was paid for them. All of it counts as brought in now, or just before the first activity.
 */
export function openingOf(
  told: readonly Movement[],
  held: readonly BrokerPosition[],
  account: BrokerAccount,
  nowMs: number,
  rateOn: RateOn,
): readonly Movement[] {
  const atMs = told.reduce((first, one) => Math.min(first, one.atMs), nowMs);
  const opening = { kind: "opening", atMs, toCurrency: null, toMinor: null } as const;
  const shares = held.flatMap((position): Movement[] => {
    const { symbol, qty, avgPrice } = position;
    const own = told.filter((one) => one.symbol === symbol);
    const missing = exactShares(qty - own.reduce((sum, one) => sum + sharesMoved(one), 0));
    if (missing <= 0) return [];
    // Splits since then have changed the shares, and what each has cost, but not what all of them have.
    const split = own.reduce((sum, one) => sum + (one.kind === "split" ? sharesMoved(one) : 0), 0);
    const price = (avgPrice * (missing + split)) / missing;
    const id = `opening-${symbol}`;
    const currency = known(position.currency, id);
    const rate = rateOn(currency, atMs);
    return [{ ...opening, id, currency, minor: 0, symbol, qty: missing, price, rate, note: "held before" }];
  });
  const booked = cashOf(told);
  const cash = Object.entries(account.cash).flatMap(([code, amount]): Movement[] => {
    const id = `opening-cash-${code}`;
    const currency = known(code, id);
    const minor = toMinor(currency, amount) - (booked.get(currency) ?? 0);
    // A book that begins with nothing begins with that, in the account's own currency.
    if (minor === 0 && (shares.length > 0 || currency !== account.currency)) return [];
    const none = { symbol: null, qty: null, price: null };
    return [{ ...opening, ...none, id, currency, minor, rate: rateOn(currency, atMs), note: "there before" }];
  });
  return [...cash, ...shares];
}

/** The market as it values an account now: the last good prices in major units, and what one of each currency is worth. */
export type Valuation = {
  readonly base: string;
  readonly prices: ReadonlyMap<string, { readonly price: number; readonly currency: string }>;
  readonly rates: ReadonlyMap<string, number>;
  /** Stocks that split lately, as in an account's day; where the market knows of splits. */
  readonly splits?: ReadonlyMap<string, number>;
};

/** Cash by currency in minor units. Throws on a currency that books are not kept in. */
export const minorCash = (cash: BrokerAccount["cash"]): { readonly [currency: string]: number } =>
  Object.fromEntries(
    Object.entries(cash).map(([currency, amount]) => [currency, toMinor(known(currency, "cash"), amount)]),
  );

/** The account's day at this instant, or why it cannot be valued. */
export function accountDay(
  held: readonly BrokerPosition[],
  account: BrokerAccount,
  { base, prices, rates, splits = new Map() }: Valuation,
  atMs: number,
): AccountDay | string {
  if (!isCurrency(base)) return `books are not kept in ${base}`;
  for (const { symbol } of held) {
    const quoted = prices.get(symbol);
    if (quoted === undefined) return `there is no price of ${symbol}`;
    if (quoted.currency !== base && !rates.has(quoted.currency)) return `there is no rate for ${quoted.currency}`;
  }
  const without = Object.keys(account.cash).find((currency) => currency !== base && !rates.has(currency));
  if (without !== undefined) return `there is no rate for ${without}`;
  return {
    dayMs: dayOf(atMs),
    base,
    held: Object.fromEntries(held.map(({ symbol, qty }) => [symbol, qty])),
    prices: byCurrency(prices),
    ...(splits.size > 0 && { splits: Object.fromEntries(splits) }),
    cash: minorCash(account.cash),
    rates: Object.fromEntries(rates),
  };
}

function byCurrency(prices: Valuation["prices"]): AccountDay["prices"] {
  const groups = Map.groupBy(prices, ([, { currency }]) => currency);
  return Object.fromEntries(
    [...groups].map(([currency, quoted]) => [
      currency,
      Object.fromEntries(quoted.map(([symbol, { price }]) => [symbol, price])),
    ]),
  );
}

function known(currency: string, id: string): Currency {
  if (!isCurrency(currency)) throw new Error(`${id} is in ${currency}, which books are not kept in`);
  return currency;
}
