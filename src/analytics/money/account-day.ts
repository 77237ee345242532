import { convert, isCurrency, toMinor, type Currency } from "./amount.ts";
import type { Entry, Rates } from "./book.ts";
import { paidFor, type DayValue, type Prices } from "./valuation.ts";

/** An account at a day's end, as its broker told it, with the prices and rates of that moment. */
export type AccountDay = {
  /** Midnight UTC. */
  readonly dayMs: number;
  readonly base: Currency;
  /** Shares by symbol. */
  readonly held: { readonly [symbol: string]: number };
  /** Of all stocks that are looked after, the held ones above all; by currency and symbol, in major units. */
  readonly prices: { readonly [currency: string]: { readonly [symbol: string]: number } };
  /** Stocks that split in the days before, each with the instant from which on prices are those of its new shares. */
  readonly splits?: { readonly [symbol: string]: number };
  /** Minor units by currency. */
  readonly cash: { readonly [currency: string]: number };
  /** Base currency for one of each. */
  readonly rates: { readonly [currency: string]: number };
};

/** Daily returns (fractions) with the day that each ended on. */
type DayReturns = { readonly daysMs: readonly number[]; readonly returns: readonly number[] };

const DAY_MS = 86_400_000;

/** A ratio between two days beyond which a price tells of a split. */
const STEP_MAX = 1.9;

/**
 * The days that figures are made of: those on which exchanges may be open (Monday to Friday), and the newest. What
 * moves on a weekend counts on the next of them.
 */
export const workingDays = (days: readonly AccountDay[]): readonly AccountDay[] =>
  days.filter(({ dayMs }, index) => index === days.length - 1 || ![0, 6].includes(new Date(dayMs).getUTCDay()));

/** Prices of a day; null on any other, and for what has none. */
export function pricesOf(day: AccountDay): Prices {
  return (symbol, dayMs) => (dayMs === day.dayMs ? priceIn(day, symbol) : null);
}

function priceIn({ prices }: AccountDay, symbol: string): { readonly price: number; readonly unit: Currency } | null {
  for (const currency in prices) {
    const price = prices[currency]?.[symbol];
    if (price !== undefined) return isCurrency(currency) ? { price, unit: currency } : null;
  }
  return null;
}

/**
 * One rate a currency and day: that of the account's day, or (`known`) of a movement on a day that the account was not
 * seen on.
 */
export function ratesOf(
  days: readonly Pick<AccountDay, "dayMs" | "rates">[],
  known: readonly { readonly dayMs: number; readonly currency: Currency; readonly rate: number | null }[],
): Rates {
  const byDay = new Map(days.map(({ dayMs, rates }) => [dayMs, rates]));
  const byMovement = new Map<string, number>();
  for (const { dayMs, currency, rate } of known) if (rate !== null) byMovement.set(`${dayMs} ${currency}`, rate);
  return (currency, dayMs) => byDay.get(dayMs)?.[currency] ?? byMovement.get(`${dayMs} ${currency}`) ?? null;
}

/** The value of an account's day in its base currency. Throws where a price or rate of something that is there is missing. */
function valueOf(day: AccountDay): Pick<DayValue, "holdings" | "cashMinor"> {
  const { dayMs, base, held, cash, rates } = day;
  const inBase = (minor: number, currency: string, what: string): number => {
    const rate = currency === base ? 1 : rates[currency];
    if (rate === undefined || !isCurrency(currency)) throw new Error(`${dayText(dayMs)}: no rate for ${what}`);
    return convert(minor, currency, base, rate);
  };
  const holdings = Object.entries(held).map(([symbol, qty]): [string, number] => {
    const quoted = priceIn(day, symbol);
    if (quoted === null) throw new Error(`${dayText(dayMs)}: no price for ${symbol}`);
    return [symbol, inBase(toMinor(quoted.unit, quoted.price, qty), quoted.unit, quoted.unit)];
  });
  const cashMinor = Object.entries(cash).reduce((sum, [currency, minor]) => sum + inBase(minor, currency, currency), 0);
  return { holdings: new Map(holdings), cashMinor };
}

/**
 * The values of an account's ascending days with what was paid in and invested since the day before. One that was seen
 * from its beginning (`whole`) begins with nothing on the eve of its first day, so that this day counts too; of another
 * the first day is where the figures start.
 */
export function accountValues(
  days: readonly AccountDay[],
  entries: readonly Entry[],
  rates: Rates,
  whole: boolean,
): readonly DayValue[] {
  const [first] = days;
  if (first === undefined) return [];
  const eve: DayValue = {
    dayMs: first.dayMs - DAY_MS,
    totalMinor: 0,
    cashMinor: 0,
    holdings: new Map(),
    flowMinor: 0,
    invested: new Map(),
  };
  let next = 0;
  const values = days.map((day): DayValue => {
    const { holdings, cashMinor } = valueOf(day);
    const invested = new Map<string, number>();
    let flowMinor = 0;
    for (; (entries[next]?.dayMs ?? Number.POSITIVE_INFINITY) <= day.dayMs; next++) {
      const entry = entries[next];
      if (entry === undefined) break;
      flowMinor += flowOf(day.base, entry, rates);
      const paid = paidFor(day.base, entry, rates);
      if (paid !== null) invested.set(paid.symbol, (invested.get(paid.symbol) ?? 0) + paid.minor);
    }
    const totalMinor = [...holdings.values()].reduce((sum, minor) => sum + minor, cashMinor);
    return { dayMs: day.dayMs, totalMinor, cashMinor, holdings, flowMinor, invested };
  });
  return whole ? [eve, ...values] : values;
}

function flowOf(base: Currency, entry: Entry, rates: Rates): number {
  if (entry.kind !== "deposit" && entry.kind !== "withdrawal") return 0;
  const rate = entry.currency === base ? 1 : rates(entry.currency, entry.dayMs);
  if (rate === null) throw new Error(`no rate for ${entry.currency} on ${dayText(entry.dayMs)}`);
  return (entry.kind === "deposit" ? 1 : -1) * convert(entry.minor, entry.currency, base, rate);
}

/**
 * The benchmark: everything that is looked after in equal parts, dealt anew every day, without costs and dividends. A
 * price that is missing on one of two days, steps like a split, or is of a stock that split between them, is left out of
 * that day.
 */
export function equalPartsReturns(days: readonly AccountDay[]): DayReturns {
  const returns = days.slice(1).map((day, index) => {
    const before = days[index];
    let [sum, count] = [0, 0];
    for (const currency in day.prices) {
      const [now, then] = [day.prices[currency] ?? {}, before?.prices[currency] ?? {}];
      const rateStep = before === undefined ? Number.NaN : rateIn(day, currency) / rateIn(before, currency);
      for (const symbol in now) {
        const step = ((now[symbol] ?? Number.NaN) / (then[symbol] ?? Number.NaN)) * rateStep;
        if (!(step < STEP_MAX && step > 1 / STEP_MAX) || hasSplit(before, day, symbol)) continue;
        sum += step;
        count++;
      }
    }
    return count === 0 ? 0 : sum / count - 1;
  });
  return { daysMs: days.slice(1).map(({ dayMs }) => dayMs), returns };
}

const hasSplit = (before: AccountDay | undefined, { splits }: AccountDay, symbol: string): boolean =>
  splits?.[symbol] !== undefined && splits[symbol] !== before?.splits?.[symbol];

const rateIn = ({ base, rates }: AccountDay, currency: string): number =>
  currency === base ? 1 : (rates[currency] ?? Number.NaN);

const dayText = (dayMs: number): string => new Date(dayMs).toISOString().slice(0, 10);
