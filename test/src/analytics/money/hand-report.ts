import { gains, type AccountHistory, type Part } from "../../../../src/analytics/money/money-report.ts";
import type { Currency } from "../../../../src/analytics/money/amount.ts";
import type { Movement } from "../../../../src/analytics/money/movement.ts";

/** A part of a report that has to be known. */
export const known = <T>(part: Part<T>): T => {
  if (part.kind === "unknown") throw new Error(part.reason);
  return part.value;
};

export const gainsOf = ({ base, days, movements }: AccountHistory) =>
  gains({ base, movements, newest: days.at(-1) ?? null, rates: days });

/** Stocks without regions and industries. */
export const groups = { regionsOf: () => [], industriesOf: () => [] };

let sequence = 0;
/** A movement at noon of a day, in this currency unless it says another. */
export const movementIn =
  (currency: Currency) =>
  (day: string, kind: Movement["kind"], rest: Partial<Movement>): Movement => ({
    id: `m${++sequence}`,
    kind,
    atMs: Date.parse(`${day}T12:00:00Z`),
    currency,
    minor: 0,
    symbol: null,
    qty: null,
    price: null,
    toCurrency: null,
    toMinor: null,
    rate: null,
    note: "",
    ...rest,
  });
