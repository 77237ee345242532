import type { Shares } from "../planning/settings.ts";
import { planningSettings } from "./planning-settings.ts";

/** A number, or shares of a whole by name. */
export type SettingContent = number | Shares;

/** A setting that the owner changes while everything runs; it is in the ledger, so that whoever leads has it. */
export type Setting = {
  readonly key: string;
  /** What it does, in one sentence. */
  readonly about: string;
  readonly unit: string;
  readonly byDefault: SettingContent;
  readonly accepts: Accepted;
};
/** A number within bounds, whole or not; one of a few; or shares, each from 0 to 1. */
export type Accepted =
  | { readonly kind: "number"; readonly min: number; readonly max: number; readonly whole: boolean }
  | { readonly kind: "choice"; readonly of: readonly number[] }
  | { readonly kind: "shares" };

const namesMax = 50;

/** Minutes that divide an hour, and hours that divide a day: slots then begin at the same times every day. */
const intervals = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1_440];
const minutes = (byDefault: number, min: number, max: number, about: string): Omit<Setting, "key"> => ({
  about,
  unit: "minutes",
  byDefault,
  accepts: { kind: "choice", of: intervals.filter((each) => each >= min && each <= max) },
});

const jobSettings = {
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
/** A setting of the schedule: a number. */
export type JobSettingKey = keyof typeof jobSettings;

/** Every setting, in the order in which they are shown. */
export const registry: readonly Setting[] = [
  ...planningSettings,
  ...Object.entries(jobSettings).map(([key, setting]) => ({ key, ...setting })),
];

/** The setting of a key; null: there is none. */
export const settingOf = (key: string): Setting | null => registry.find((each) => each.key === key) ?? null;

/** What a setting takes, after "Give". */
export function wanted({ accepts, unit }: Setting): string {
  switch (accepts.kind) {
    case "choice":
      return `one of ${accepts.of.join(", ")} (${unit})`;
    case "number":
      return `a ${accepts.whole ? "whole " : ""}number from ${accepts.min} to ${accepts.max} (${unit})`;
    case "shares":
      return "names with shares from 0 to 1, at least one of them above 0, as in EU 0.5, US 0.5";
  }
}

/** Whether a setting can have this value. */
export function isAccepted({ accepts }: Setting, value: unknown): value is SettingContent {
  if (accepts.kind === "shares") return isShares(value);
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (accepts.kind === "choice") return accepts.of.includes(value);
  return value >= accepts.min && value <= accepts.max && (!accepts.whole || Number.isInteger(value));
}

function isShares(value: unknown): value is Shares {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries: readonly [string, unknown][] = Object.entries(value);
  const areShares = entries.every(
    ([name, share]) => /^[\p{L}\d&. -]{1,40}$/u.test(name) && typeof share === "number" && share >= 0 && share <= 1,
  );
  return areShares && entries.length <= namesMax && entries.some(([, share]) => share !== 0);
}

/** A value as people write it: "0.5", or "EU 0.5, US 0.5". */
export const textOf = (value: SettingContent): string =>
  typeof value === "number"
    ? String(value)
    : Object.entries(value)
        .map(([name, share]) => `${name} ${share}`)
        .join(", ");

/** What a person wrote for a setting, unchecked; null where it is not even of the right kind. */
export function parseText({ accepts }: Setting, text: string): SettingContent | null {
  if (accepts.kind !== "shares") return /\d/.test(text) ? Number(text) : null;
  const parts = text.split(",").map((part) => /^\s*(.+?)\s+([\d.]+)\s*$/.exec(part));
  const pairs = parts.flatMap((part) => (part === null ? [] : [[part[1] ?? "", Number(part[2])] as const]));
  return pairs.length === parts.length ? Object.fromEntries(pairs) : null;
}
