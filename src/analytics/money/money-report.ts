import { accountValues, equalPartsReturns, pricesOf, ratesOf, workingDays, type AccountDay } from "./account-day.ts";
import type { Currency } from "./amount.ts";
import { attribute, stockDays, type Attribution } from "./attribution.ts";
import { emptyBook, post, type Book, type Rates, type Realised } from "./book.ts";
import { gainSplit, stockGains, type GainSplit, type StockGain } from "./gain-split.ts";
import { cashOf, dayOf, entriesOf, refuseUnbooked, sharesMoved, type Movement } from "./movement.ts";
import { performance, type Performance } from "./performance.ts";
import { timeWeightedReturns } from "./returns.ts";
import { exactShares, sharesText } from "./shares.ts";
import type { DayValue } from "./valuation.ts";

const DAY_MS = 86_400_000;

/** All that an account's figures come from: its days and movements, both oldest first. */
export type AccountHistory = {
  readonly base: Currency;
  readonly days: readonly AccountDay[];
  readonly movements: readonly Movement[];
};

/** A part that could be worked out, or the plain sentence of why it could not. */
export type Part<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "unknown"; readonly reason: string };

/** A day as it is shown; amounts in minor units of the base currency. */
export type HistoryDay = {
  readonly dayMs: number;
  readonly totalMinor: number;
  readonly cashMinor: number;
  /** Paid in since the day before; negative: taken out. */
  readonly flowMinor: number;
  /** The time-weighted return since the first day shown, a fraction. */
  readonly timeWeighted: number;
  /** The benchmark's over the same days. */
  readonly benchmark: number;
};

export type Groups = {
  readonly regionsOf: (symbol: string) => readonly string[];
  readonly industriesOf: (symbol: string) => readonly string[];
};

export type Analytics = {
  /** Time- and money-weighted return, risk, and the benchmark: all that is looked after, in equal parts. */
  readonly performance: Performance;
  readonly stocks: readonly Attribution[];
  readonly regions: readonly Attribution[];
  readonly industries: readonly Attribution[];
};

/** The gains of a book since it began. */
export type Gains = {
  /** The day whose prices and rates value what is held. */
  readonly asOfMs: number;
  readonly split: GainSplit;
  readonly stocks: readonly StockGain[];
  /** First in, first out. */
  readonly realised: readonly Realised[];
  readonly realisedByYear: readonly { readonly year: number; readonly gainMinor: number }[];
};

export type CashLine = {
  readonly currency: Currency;
  /** What the movements sum to. */
  readonly bookMinor: number;
  /** What the broker said last; null: nothing of this currency. */
  readonly brokerMinor: number | null;
  /** By what moved it; conversions on both sides. */
  readonly byKind: { readonly [kind: string]: number };
};

/** The value of the account day by day, the newest `count` days. */
export const valueHistory = (history: AccountHistory, count: number): Part<readonly HistoryDay[]> =>
  part(() => {
    const { values, days } = valued(history, count);
    const own = timeWeightedReturns(values);
    const benchmark = equalPartsReturns(days);
    const byDay = new Map(benchmark.daysMs.map((dayMs, index) => [dayMs, benchmark.returns[index] ?? 0]));
    let [growth, benchmarkGrowth] = [1, 1];
    return values.map(({ dayMs, totalMinor, cashMinor, flowMinor }, index) => {
      growth *= 1 + (index === 0 ? 0 : (own[index - 1] ?? 0));
      benchmarkGrowth *= 1 + (index === 0 ? 0 : (byDay.get(dayMs) ?? 0));
      return { dayMs, totalMinor, cashMinor, flowMinor, timeWeighted: growth - 1, benchmark: benchmarkGrowth - 1 };
    });
  });

/** Returns, risk and attribution over the newest `count` days. */
export const analytics = (history: AccountHistory, groups: Groups, count: number): Part<Analytics> =>
  part(() => {
    const { values, days } = valued(history, count);
    if (values.length < 2) throw new Error("there are no two days to compare yet");
    const gained = stockDays(values);
    return {
      performance: performance(values, equalPartsReturns(days)),
      stocks: attribute(values, (symbol) => [symbol], gained),
      regions: attribute(values, groups.regionsOf, gained),
      industries: attribute(values, groups.industriesOf, gained),
    };
  });

/** What gains are worked out from: of the days only their rates, and the newest to value what is held. */
export type BookHistory = Pick<AccountHistory, "base" | "movements"> & {
  readonly newest: AccountDay | null;
  readonly rates: readonly Pick<AccountDay, "dayMs" | "rates">[];
};

/** Realised and unrealised gains, split by what they came from. */
export const gains = (history: BookHistory): Part<Gains> =>
  part(() => {
    const { base, movements, newest } = history;
    if (newest === null) throw new Error("there is no day with prices yet");
    const rates = ratesWith(history.rates, movements);
    refuseUnbooked(movements, Number.NEGATIVE_INFINITY);
    const entries = entriesOf(seenBy(newest, movements));
    const book = entries.reduce((before, entry) => post(before, entry, rates), emptyBook(base));
    refuseOtherShares(book, newest);
    const stocks = stockGains(book, newest.dayMs, pricesOf(newest), rates);
    return {
      asOfMs: newest.dayMs,
      split: gainSplit(book, newest.dayMs, stocks, rates),
      stocks,
      realised: book.realised,
      realisedByYear: byYear(book.realised),
    };
  });

/** Cash by currency as the book has it, beside what the broker says, and by what moved it. */
export function cashBreakdown(
  movements: readonly Movement[],
  stated: ReadonlyMap<Currency, number>,
): readonly CashLine[] {
  const booked = cashOf(movements);
  return [...new Set([...booked.keys(), ...stated.keys()])].toSorted().map((currency) => {
    const byKind = new Map<string, number>();
    for (const movement of movements) {
      const minor = cashOf([movement]).get(currency) ?? 0;
      if (minor !== 0) byKind.set(movement.kind, (byKind.get(movement.kind) ?? 0) + minor);
    }
    return {
      currency,
      bookMinor: booked.get(currency) ?? 0,
      brokerMinor: stated.get(currency) ?? null,
      byKind: Object.fromEntries(byKind),
    };
  });
}

function valued(
  history: AccountHistory,
  count: number,
): { readonly values: readonly DayValue[]; readonly days: readonly AccountDay[] } {
  const days = workingDays(history.days);
  const entries = entriesOf(history.movements);
  const values = accountValues(days, entries, ratesWith(history.days, history.movements), isWhole(history)).slice(
    -count,
  );
  const [start] = values;
  if (start !== undefined) refuseUnbooked(history.movements, start.dayMs + DAY_MS);
  return { values, days: days.slice(-count) };
}

/**
 * The movements that an account's day has seen: what was told since, and is not valued yet, does not count yet. All of
 * them when at no moment since the day began they had the day's shares.
 */
function seenBy({ dayMs, held }: AccountDay, movements: readonly Movement[]): readonly Movement[] {
  const astray = new Map(Object.entries(held).map(([symbol, qty]) => [symbol, qty]));
  const add = (movement: Movement | undefined, sign: 1 | -1): void => {
    if (movement === undefined || movement.symbol === null) return;
    const left = exactShares((astray.get(movement.symbol) ?? 0) + sign * sharesMoved(movement));
    if (left === 0) astray.delete(movement.symbol);
    else astray.set(movement.symbol, left);
  };
  for (const movement of movements) add(movement, -1);
  for (let end = movements.length; ; end--) {
    if (astray.size === 0) return movements.slice(0, end);
    const last = movements[end - 1];
    if (last === undefined || last.atMs < dayMs) return movements;
    add(last, 1);
  }
}

/** Gains of shares that are not those of the account would be told of something else. */
function refuseOtherShares({ positions }: Book, { held, dayMs }: AccountDay): void {
  for (const symbol of new Set([...positions.keys(), ...Object.keys(held)])) {
    const [told, booked] = [held[symbol] ?? 0, positions.get(symbol)?.qty ?? 0];
    if (told === booked) continue;
    const on = new Date(dayMs).toISOString().slice(0, 10);
    throw new Error(
      `the broker held ${sharesText(told)} ${symbol} on ${on} and what it told explains ${sharesText(booked)}`,
    );
  }
}

/** Whether the account was seen from its beginning: it had no past, and no shares, before its first day. */
function isWhole({ days: [first], movements }: AccountHistory): boolean {
  return (
    first !== undefined &&
    movements.every(({ kind, symbol, atMs }) => (kind === "opening" ? symbol === null : dayOf(atMs) >= first.dayMs))
  );
}

const ratesWith = (days: readonly Pick<AccountDay, "dayMs" | "rates">[], movements: readonly Movement[]): Rates =>
  ratesOf(
    days,
    movements.map(({ atMs, currency, rate }) => ({ dayMs: dayOf(atMs), currency, rate })),
  );

function byYear(realised: readonly Realised[]): Gains["realisedByYear"] {
  const years = new Map<number, number>();
  for (const { dayMs, proceedsBaseMinor, costBaseMinor } of realised) {
    const year = new Date(dayMs).getUTCFullYear();
    years.set(year, (years.get(year) ?? 0) + proceedsBaseMinor - costBaseMinor);
  }
  return [...years].map(([year, gainMinor]) => ({ year, gainMinor })).toSorted((a, b) => a.year - b.year);
}

function part<T>(work: () => T): Part<T> {
  try {
    return { kind: "known", value: work() };
  } catch (error) {
    return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
}
