import { isPrice, shown, stepAnomaly, type Anomaly } from "./price-step.ts";

/** One trading day as a source gave it: closes adjusted for splits, `adjclose` for dividends too; null is absent. */
export type DailyPrice = {
  readonly dayMs: number;
  readonly close: number | null;
  readonly adjclose: number | null;
  /** Paid per share on this day, in the price's unit. */
  readonly dividend: number | null;
};

export type DatedAnomaly = Anomaly & { readonly dayMs: number };

/** A payment of a larger share of the price is rarer than one in the wrong unit. */
const DIVIDEND_SHARE_MAX = 0.15;
/** Nobody pays nearly the same again so soon: a month is the shortest rhythm there is. */
const PAID_TWICE_MS = 20 * 86_400_000;
const PAID_TWICE_TOLERANCE = 0.15;
/** How far an adjusted close may be from what the recorded dividends make of it, as a share of the price. */
const ADJUSTMENT_TOLERANCE = 0.004;
const DIVIDENDS_REMEMBERED = 8;

type Payment = { readonly dayMs: number; readonly amount: number };

/**
 * Every anomaly of a series, oldest first; at most one a day. A series without any dividend cell is taken as one whose
 * source records none, so that its adjusted closes cannot be judged.
 */
export function barAnomalies(days: readonly DailyPrice[]): readonly DatedAnomaly[] {
  const found: DatedAnomaly[] = [];
  const payments: Payment[] = [];
  const hasDividends = days.some(({ dividend }) => dividend !== null);
  let before: DailyPrice | null = null;
  for (const day of days) {
    const anomaly = dayAnomaly(before, day, payments) ?? (hasDividends ? adjustmentAnomaly(before, day) : null);
    if (anomaly !== null) found.push({ ...anomaly, dayMs: day.dayMs });
    if (day.dividend !== null && day.dividend > 0) payments.push({ dayMs: day.dayMs, amount: day.dividend });
    if (isPrice(day.close ?? day.adjclose ?? Number.NaN)) before = day;
  }
  return found;
}

function dayAnomaly(before: DailyPrice | null, day: DailyPrice, payments: readonly Payment[]): Anomaly | null {
  for (const price of [day.close, day.adjclose]) {
    if (price !== null && !isPrice(price)) return { kind: "no-price", reason: `${price} is no price` };
  }
  const [earlier, price] = [before?.close ?? before?.adjclose, day.close ?? day.adjclose];
  if (earlier === undefined || earlier === null || price === null) return null;
  const amounts = [...payments.slice(-DIVIDENDS_REMEMBERED).map(({ amount }) => amount), day.dividend ?? 0];
  return stepAnomaly(earlier, price, amounts) ?? dividendAnomaly(earlier, day, payments.at(-1));
}

function dividendAnomaly(earlier: number, { dividend, dayMs }: DailyPrice, last: Payment | undefined): Anomaly | null {
  if (dividend === null || dividend === 0) return null;
  if (!(dividend > 0 && dividend <= DIVIDEND_SHARE_MAX * earlier)) {
    return { kind: "dividend", reason: `a dividend of ${shown(dividend)} on a price of ${shown(earlier)}` };
  }
  if (last === undefined || dayMs - last.dayMs > PAID_TWICE_MS) return null;
  if (Math.abs(dividend / last.amount - 1) > PAID_TWICE_TOLERANCE) return null;
  const daysApart = Math.round((dayMs - last.dayMs) / 86_400_000);
  return {
    kind: "dividend",
    reason: `dividends of ${shown(last.amount)} and ${shown(dividend)} ${daysApart} days apart`,
  };
}

/**
 * Going back over a day, the adjusted close must fall behind the close by that day's dividend and by nothing else
 * (Yahoo and CRSP: factor `1 - dividend / earlier close`).
 */
function adjustmentAnomaly(before: DailyPrice | null, day: DailyPrice): Anomaly | null {
  if (
    before === null ||
    before.close === null ||
    day.close === null ||
    before.adjclose === null ||
    day.adjclose === null
  )
    return null;
  const factor = before.adjclose / before.close / (day.adjclose / day.close);
  const expected = 1 - (day.dividend ?? 0) / before.close;
  if (Math.abs(factor - expected) <= ADJUSTMENT_TOLERANCE) return null;
  const made = `the adjusted close changes by a factor of ${shown(factor)}`;
  return {
    kind: "adjustment",
    reason: `${made}, the dividend of ${shown(day.dividend ?? 0)} makes ${shown(expected)}`,
  };
}

/** Sessions for which a step keeps a stock from trading: by then a real one is confirmed by the prices that follow. */
const STEP_SESSIONS = 5;
/** Sessions that scores look back on: an error that no later price can make true poisons them for that long. */
const ERROR_SESSIONS = 252;

/** The newest anomaly for which a stock may not trade now, from its bars, oldest first; null: none. */
export function blockingAnomaly(days: readonly DailyPrice[]): DatedAnomaly | null {
  const since = (sessions: number): number => days.at(-sessions)?.dayMs ?? days[0]?.dayMs ?? 0;
  const [stepMs, errorMs] = [since(STEP_SESSIONS), since(ERROR_SESSIONS)];
  const blocks = ({ kind, dayMs }: DatedAnomaly): boolean =>
    dayMs >= (kind === "unit" || kind === "no-price" ? errorMs : stepMs);
  return barAnomalies(days).findLast(blocks) ?? null;
}
