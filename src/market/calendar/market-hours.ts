import type { Exchange } from "./exchange-of.ts";
import { dayPlus, instantOf, localTime } from "./zoned-time.ts";
import table from "./exchange-hours.json" with { type: "json" };

/** What is known of one exchange; days are its own, hours such as `09:30-12:00 13:00-16:00` too. */
type ExchangeHours = {
  readonly zone: string;
  readonly from: string;
  /** The last day that the table knows. */
  readonly until: string;
  /** Regular hours by the day from which they hold, ascending. */
  readonly rules: { readonly [day: string]: string };
  /** Weekdays without a session by year, such as `01-01 12-25`. */
  readonly closed: { readonly [year: string]: string };
  readonly special: { readonly [day: string]: string };
};

/** A stretch of trading, milliseconds since 1970; it is open at its start and no longer at its end. */
type Stretch = { readonly fromMs: number; readonly untilMs: number };

/** `opensAtMs` is null when the table ends before the next session, or has no such exchange. */
export type MarketState =
  | { readonly open: true; readonly closesAtMs: number }
  | { readonly open: false; readonly why: string; readonly opensAtMs: number | null };

const hoursOf: { readonly [exchange in Exchange]: ExchangeHours } = table;

/** No market of the table stays closed for longer; ends the search. */
const DAYS_AHEAD_MAX = 30;

/** Whether an exchange trades at an instant, until or from when, and why not. Unknown is closed. */
export function marketState(exchange: Exchange | null, atMs: number): MarketState {
  if (exchange === null) return { open: false, why: "no calendar for its exchange", opensAtMs: null };
  const hours = hoursOf[exchange];
  const { day } = localTime(hours.zone, atMs);
  const today = sessionOn(exchange, day);
  const now = today.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  if (now !== undefined) return { open: true, closesAtMs: now.untilMs };
  return {
    open: false,
    why: `${exchange} is closed (${whyClosed(hours, day, today, atMs)})`,
    opensAtMs: nextOpenMs(exchange, atMs),
  };
}

/** Whether an exchange trades at an instant; false when unknown. */
export const isOpen = (exchange: Exchange | null, atMs: number): boolean => marketState(exchange, atMs).open;

/** The first instant after this one at which a session (or its second half) begins; null when the table ends first. */
export function nextOpenMs(exchange: Exchange, atMs: number): number | null {
  let { day } = localTime(hoursOf[exchange].zone, atMs);
  for (let ahead = 0; ahead <= DAYS_AHEAD_MAX; ahead++) {
    const next = sessionOn(exchange, day).find(({ fromMs }) => fromMs > atMs);
    if (next !== undefined) return next.fromMs;
    day = dayPlus(day, 1);
  }
  return null;
}

/** The stretches in which an exchange trades on a day of its own, in order; none when it is closed or unknown. */
export function sessionOn(exchange: Exchange, day: string): readonly Stretch[] {
  const hours = hoursOf[exchange];
  if (day < hours.from || day > hours.until || isWeekend(day) || isHoliday(hours, day)) return [];
  return (hours.special[day] ?? ruleOn(hours, day)).split(" ").map((stretch) => {
    const [from, until] = stretch.split("-");
    return { fromMs: instantOf(hours.zone, day, minuteOf(from)), untilMs: instantOf(hours.zone, day, minuteOf(until)) };
  });
}

/** The last day of the table, after which every exchange counts as closed: `2027-12-31`. */
export const calendarsUntil = (): string =>
  Object.values(hoursOf).reduce((first, { until }) => (until < first ? until : first), "9999-12-31");

const ruleOn = ({ rules }: ExchangeHours, day: string): string =>
  Object.entries(rules).findLast(([from]) => from <= day)?.[1] ?? "";

const isHoliday = ({ closed }: ExchangeHours, day: string): boolean =>
  closed[day.slice(0, 4)]?.includes(day.slice(5)) === true;

const isWeekend = (day: string): boolean => [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());

const minuteOf = (text = ""): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

function whyClosed(hours: ExchangeHours, day: string, today: readonly Stretch[], atMs: number): string {
  if (day > hours.until) return `its calendar ends on ${hours.until}`;
  if (day < hours.from) return `its calendar begins on ${hours.from}`;
  if (isWeekend(day)) return "weekend";
  const [first, last] = [today[0], today.at(-1)];
  if (first === undefined || last === undefined) return "holiday";
  if (atMs < first.fromMs) return "before its hours";
  return atMs >= last.untilMs ? "after its hours" : "lunch break";
}
