import { timeWeightedReturns } from "./returns.ts";
import type { DayValue } from "./valuation.ts";

/** What one stock, region or industry did for the portfolio over a period. */
export type Attribution = {
  readonly key: string;
  /** Its gain in the book's own currency, dividends in and fees out; exact for stocks, shares of it for groups. */
  readonly gainMinor: number;
  /** Its part of the time-weighted return, a fraction; all parts together are that return. */
  readonly contribution: number;
};

/** The key under which what no stock did is counted: rates on cash, conversions, fees of the account. */
export const CASH_KEY = "cash";

/**
 * Attributes a period's time-weighted return to its stocks and to cash, largest contribution first. A stock's part of a
 * day is its own gain over the portfolio's value at the day's beginning, flows included; a day's parts count by the
 * growth until then, so that they sum to the compounded return. A position's weight alone is no merit.
 */
export function attribute(days: readonly DayValue[]): readonly Attribution[] {
  const returns = timeWeightedReturns(days);
  const found = new Map<string, { gainMinor: number; contribution: number }>();
  const add = (key: string, gainMinor: number, contribution: number): void => {
    const entry = found.get(key) ?? { gainMinor: 0, contribution: 0 };
    entry.gainMinor += gainMinor;
    entry.contribution += contribution;
    found.set(key, entry);
  };
  let growth = 1;
  for (let index = 1; index < days.length; index++) {
    const [before, day] = [days[index - 1], days[index]];
    if (before === undefined || day === undefined) break;
    const atWork = before.totalMinor + day.flowMinor;
    const part = (gainMinor: number): number => (atWork > 0 ? (growth * gainMinor) / atWork : 0);
    let rest = day.totalMinor - atWork;
    for (const symbol of new Set([...before.holdings.keys(), ...day.holdings.keys(), ...day.invested.keys()])) {
      const gainMinor =
        (day.holdings.get(symbol) ?? 0) - (before.holdings.get(symbol) ?? 0) - (day.invested.get(symbol) ?? 0);
      rest -= gainMinor;
      add(symbol, gainMinor, part(gainMinor));
    }
    if (rest !== 0) add(CASH_KEY, rest, part(rest));
    growth *= 1 + (returns[index - 1] ?? 0);
  }
  return sorted([...found].map(([key, entry]) => ({ key, ...entry })));
}

/** The same by groups: `groupsOf` names those of a stock, which share it equally; one without any counts as itself. */
export function attributeGroups(
  stocks: readonly Attribution[],
  groupsOf: (symbol: string) => readonly string[],
): readonly Attribution[] {
  const found = new Map<string, Attribution>();
  for (const { key: symbol, gainMinor, contribution } of stocks) {
    const named = groupsOf(symbol);
    const groups = named.length === 0 ? [symbol] : named;
    for (const key of groups) {
      const sum = found.get(key) ?? { key, gainMinor: 0, contribution: 0 };
      found.set(key, {
        key,
        gainMinor: sum.gainMinor + gainMinor / groups.length,
        contribution: sum.contribution + contribution / groups.length,
      });
    }
  }
  return sorted([...found.values()]);
}

const sorted = (rows: readonly Attribution[]): readonly Attribution[] =>
  rows.toSorted((a, b) => b.contribution - a.contribution || (a.key < b.key ? -1 : 1));
