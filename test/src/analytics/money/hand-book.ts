import { accountValues, type AccountDay } from "../../../../src/analytics/money/account-day.ts";
import type { Currency } from "../../../../src/analytics/money/amount.ts";
import { emptyBook, post, type Entry, type Rates } from "../../../../src/analytics/money/book.ts";
import type { DayValue, Prices } from "../../../../src/analytics/money/valuation.ts";

export const day = (text: string): number => Date.parse(text);
export const eve = day("2024-01-01");
export const start = day("2024-01-02");
export const summer = day("2024-07-01");
export const end = day("2024-12-31");

/** A year in euros, dollars and pence, small enough to be worked by hand in the tests that use it. */
export const entries: readonly Entry[] = [
  { kind: "deposit", dayMs: start, currency: "EUR", minor: 1_000_000 },
  { kind: "conversion", dayMs: start, from: "EUR", fromMinor: 200_000, to: "USD", toMinor: 220_000 },
  { kind: "conversion", dayMs: start, from: "EUR", fromMinor: 30_000, to: "GBP", toMinor: 25_500 },
  { kind: "buy", dayMs: start, symbol: "AAPL", qty: 10, price: 150, unit: "USD", feeMinor: 200 },
  { kind: "buy", dayMs: start, symbol: "VOD.L", qty: 300, price: 66.67, unit: "GBp", feeMinor: 0 },
  { kind: "dividend", dayMs: summer, symbol: "AAPL", currency: "USD", minor: 240 },
  { kind: "sell", dayMs: summer, symbol: "AAPL", qty: 4, price: 180, unit: "USD", feeMinor: 100 },
  { kind: "withdrawal", dayMs: summer, currency: "EUR", minor: 100_000 },
];

const closes = new Map([
  [start, { AAPL: 150, "VOD.L": 66.67, USD: 0.9, GBP: 1.15 }],
  [summer, { AAPL: 180, "VOD.L": 68, USD: 0.95, GBP: 1.18 }],
  [end, { AAPL: 200, "VOD.L": 70, USD: 0.96, GBP: 1.2 }],
]);

export const rates: Rates = (currency: Currency, dayMs) => {
  const known = closes.get(dayMs);
  return currency === "USD" || currency === "GBP" ? (known?.[currency] ?? null) : null;
};
export const prices: Prices = (symbol, dayMs) => {
  const known = closes.get(dayMs);
  if (known === undefined) return null;
  return symbol === "AAPL" ? { price: known.AAPL, unit: "USD" } : { price: known["VOD.L"], unit: "GBp" };
};

/** An account that has just these entries, as it stands at the end of each of these days. */
const accountDays = (list: readonly Entry[], daysMs: readonly number[]): readonly AccountDay[] =>
  daysMs.map((dayMs) => {
    const past = list.filter((entry) => entry.dayMs <= dayMs);
    const book = past.reduce((before, entry) => post(before, entry, rates), emptyBook("EUR"));
    const known = closes.get(dayMs);
    return {
      dayMs,
      base: "EUR",
      held: Object.fromEntries([...book.positions].map(([symbol, { qty }]) => [symbol, qty])),
      prices: known === undefined ? {} : { USD: { AAPL: known.AAPL }, GBP: { "VOD.L": known["VOD.L"] / 100 } },
      cash: Object.fromEntries(book.cash),
      rates: known === undefined ? {} : { USD: known.USD, GBP: known.GBP },
    };
  });

/** Its values on these days, the first of which is where it starts. */
export const valuesOf = (list: readonly Entry[], daysMs: readonly number[]): readonly DayValue[] =>
  accountValues(accountDays(list, daysMs), list, rates, false);
