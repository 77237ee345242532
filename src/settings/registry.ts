/** A setting that the owner changes while everything runs; it is in the ledger, so that whoever leads has it. */
export type Setting = {
  readonly key: string;
  /** What it does, in one sentence. */
  readonly about: string;
  readonly unit: string;
  readonly byDefault: number;
  readonly accepts: Accepted;
};
/** A number within bounds, whole or not, or one of a few. */
type Accepted =
  | { readonly kind: "number"; readonly min: number; readonly max: number; readonly whole: boolean }
  | { readonly kind: "choice"; readonly of: readonly number[] };

/** Minutes that divide an hour, and hours that divide a day: slots then begin at the same times every day. */
const intervals = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1_440];
const minutes = (byDefault: number, min: number, max: number, about: string): Omit<Setting, "key"> => ({
  about,
  unit: "minutes",
  byDefault,
  accepts: { kind: "choice", of: intervals.filter((each) => each >= min && each <= max) },
});

/** Every setting, in the order in which they are shown. */
const described = {
  // A price is good for trading for half an hour, so it is fetched at least every quarter.
  "jobs.priceMinutes": minutes(5, 1, 15, "How often quotes, rates and new daily bars are fetched."),
  "jobs.portfolioMinutes": minutes(15, 5, 60, "How often positions and cash are read from the broker."),
  "jobs.scoreMinutes": minutes(30, 15, 720, "How often the stocks are scored."),
  // The orders of a slot may be sent for a quarter of an hour: the next slot must not begin before.
  "jobs.rebalanceMinutes": minutes(15, 15, 1_440, "How often a plan is made and carried out."),
  "jobs.maintenanceHour": {
    about: "When the daily and, on Sundays an hour later, the weekly maintenance begin, in UTC.",
    unit: "full hours",
    byDefault: 3,
    accepts: { kind: "number", min: 0, max: 22, whole: true },
  },
} as const satisfies Readonly<Record<string, Omit<Setting, "key">>>;
export type SettingKey = keyof typeof described;

/** Every setting, in the order in which they are shown. */
export const registry: readonly Setting[] = Object.entries(described).map(([key, setting]) => ({ key, ...setting }));

/** The setting of a key; null: there is none. */
export const settingOf = (key: string): Setting | null => registry.find((each) => each.key === key) ?? null;

/** What a setting takes, after "Give". */
export const wanted = ({ accepts, unit }: Setting): string =>
  accepts.kind === "choice"
    ? `one of ${accepts.of.join(", ")} (${unit})`
    : `a ${accepts.whole ? "whole " : ""}number from ${accepts.min} to ${accepts.max} (${unit})`;

/** Whether a setting can have this value. */
export function isAccepted({ accepts }: Setting, value: unknown): value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (accepts.kind === "choice") return accepts.of.includes(value);
  return value >= accepts.min && value <= accepts.max && (!accepts.whole || Number.isInteger(value));
}
