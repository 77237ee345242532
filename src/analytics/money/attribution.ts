import { timeWeightedReturns } from "./returns.ts";
import type { DayValue } from "./valuation.ts";

/** What one stock, region or industry did over a period. */
export type Attribution = {
  readonly key: string;
  /** Its gain in the book's own currency, dividends in and fees out; exact for stocks, shares of it for groups. */
  readonly gainMinor: number;
  /** Its part of the time-weighted return, a fraction; all parts together are that return. */
  readonly contribution: number;
  /** What it earned itself, whatever its weight: its own time-weighted return, a fraction; null for cash. */
  readonly ownReturn: number | null;
};

/** The key under which what no stock did is counted: rates on cash, conversions, interest, fees of the account. */
export const CASH_KEY = "cash";

/** What a stock gained on a day, and what was in it to gain with: at the day's beginning, and added during it. */
export type StockDay = { readonly symbol: string; readonly gainMinor: number; readonly inItMinor: number };

/** For each day after the first what its stocks gained. */
export const stockDays = (days: readonly DayValue[]): readonly (readonly StockDay[])[] =>
  days.slice(1).map((day, index) => {
    const before = days[index]?.holdings ?? new Map<string, number>();
    const of = (symbol: string): StockDay => {
      const [startMinor, paidMinor] = [before.get(symbol) ?? 0, day.invested.get(symbol) ?? 0];
      const gainMinor = (day.holdings.get(symbol) ?? 0) - startMinor - paidMinor;
      return { symbol, gainMinor, inItMinor: startMinor + Math.max(0, paidMinor) };
    };
    const found = [...before.keys()].map(of);
    for (const symbol of day.holdings.keys()) if (!before.has(symbol)) found.push(of(symbol));
    for (const symbol of day.invested.keys()) {
      if (!before.has(symbol) && !day.holdings.has(symbol)) found.push(of(symbol));
    }
    return found;
  });

const itself = (symbol: string): readonly string[] => [symbol];

/**
 * Attributes a period's time-weighted return to stocks and cash, or to the groups that `groupsOf` names for a stock
 * (which share it equally; a stock without any is one of its own), largest contribution first. A part of a day is its
 * own gain over the portfolio's value at the day's beginning, flows included; a day's parts count by the growth until
 * then, so that they sum to the compounded return. The own return of a day is that gain over what was in it at the
 * day's beginning and was added during the day.
 */
export function attribute(
  days: readonly DayValue[],
  groupsOf: (symbol: string) => readonly string[] = itself,
  gained: readonly (readonly StockDay[])[] = stockDays(days),
): readonly Attribution[] {
  const returns = timeWeightedReturns(days);
  const named = namesOf(groupsOf);
  const found = new Map<string, { gainMinor: number; contribution: number; growth: number }>();
  const entryOf = (key: string): { gainMinor: number; contribution: number; growth: number } => {
    const entry = found.get(key) ?? { gainMinor: 0, contribution: 0, growth: 1 };
    found.set(key, entry);
    return entry;
  };
  let growth = 1;
  for (let index = 1; index < days.length; index++) {
    const [before, day] = [days[index - 1], days[index]];
    if (before === undefined || day === undefined) break;
    const atWork = before.totalMinor + day.flowMinor;
    const part = (gainMinor: number): number => (atWork > 0 ? (growth * gainMinor) / atWork : 0);
    let rest = day.totalMinor - atWork;
    for (const [key, { gainMinor, inItMinor }] of groupDay(gained[index - 1] ?? [], named)) {
      const entry = entryOf(key);
      entry.gainMinor += gainMinor;
      entry.contribution += part(gainMinor);
      if (inItMinor > 0) entry.growth *= 1 + gainMinor / inItMinor;
      rest -= gainMinor;
    }
    // Shares of groups are fractions of cents; what they leave of a day is rounding, not cash.
    if (Math.abs(rest) > 1e-3) {
      const entry = entryOf(CASH_KEY);
      entry.gainMinor += Math.round(rest);
      entry.contribution += part(rest);
    }
    growth *= 1 + (returns[index - 1] ?? 0);
  }
  return [...found]
    .map(([key, { gainMinor, contribution, growth: own }]) => ({
      key,
      gainMinor,
      contribution,
      ownReturn: key === CASH_KEY ? null : own - 1,
    }))
    .toSorted((a, b) => b.contribution - a.contribution || (a.key < b.key ? -1 : 1));
}

type Names = (symbol: string) => readonly string[];

/** Each stock's groups, looked up once. */
function namesOf(groupsOf: Names): Names {
  const known = new Map<string, readonly string[]>();
  return (symbol) => {
    const groups = known.get(symbol);
    if (groups !== undefined) return groups;
    const named = groupsOf(symbol);
    const own = named.length === 0 ? [symbol] : named;
    known.set(symbol, own);
    return own;
  };
}

/** What each group gained on a day, and what was in it to gain with. */
function groupDay(
  stocks: readonly StockDay[],
  groupsOf: Names,
): ReadonlyMap<string, { gainMinor: number; inItMinor: number }> {
  const sums = new Map<string, { gainMinor: number; inItMinor: number }>();
  for (const { symbol, gainMinor, inItMinor } of stocks) {
    const groups = groupsOf(symbol);
    for (const key of groups) {
      const sum = sums.get(key);
      if (sum === undefined)
        sums.set(key, { gainMinor: gainMinor / groups.length, inItMinor: inItMinor / groups.length });
      else {
        sum.gainMinor += gainMinor / groups.length;
        sum.inItMinor += inItMinor / groups.length;
      }
    }
  }
  return sums;
}
