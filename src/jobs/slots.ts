import { Cron } from "croner";
import type { Job, Slot } from "../app-ports.ts";

const SLOT_TEXT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/;

/** Slot text of an instant, such as `20261122T1415Z`: its UTC minute. Sorts as time does. */
export const slotText = (atMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 16).replaceAll(/[-:]/g, "")}Z`;

/** The instant of a slot text; throws on any other text. */
export function slotMs(text: string): number {
  const parts = SLOT_TEXT.exec(text);
  if (parts === null) throw new Error(`not a slot: ${text}`);
  const [, year, month, day, hour, minute] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute);
}

/** The slot that begins at this instant. */
export const slotAt = (atMs: number): Slot => ({ text: slotText(atMs), atMs });

/**
 * Instants of a five-field cron expression (UTC) after `afterMs` and not after `untilMs`, oldest first; when there are
 * more than `limit`, the newest of them.
 */
export function slotsBetween(cron: string, afterMs: number, untilMs: number, limit: number): readonly number[] {
  const firstMs = nextSlotMs(cron, afterMs);
  if (firstMs === null || firstMs > untilMs) return [];
  const slots: number[] = [];
  // One at a time: croner would compute all `limit` runs at once. It gives those strictly before an instant.
  for (let beforeMs = untilMs + 1; slots.length < limit;) {
    const run = pattern(cron).previousRuns(1, new Date(beforeMs))[0]?.getTime();
    if (run === undefined || run <= afterMs) break;
    slots.push(run);
    beforeMs = run;
  }
  return slots.toReversed();
}

/** First instant of a cron expression (UTC) after `afterMs`; null when there is none. */
export function nextSlotMs(cron: string, afterMs: number): number | null {
  const known = gaps.get(cron);
  if (known !== undefined && known.fromMs <= afterMs && afterMs < known.untilMs) return known.untilMs;
  const untilMs = pattern(cron).nextRun(new Date(afterMs))?.getTime() ?? null;
  if (untilMs !== null) gaps.set(cron, { fromMs: afterMs, untilMs });
  return untilMs;
}

/** What each job runs next, for those who look on. */
export const nextRuns = (
  jobs: readonly Pick<Job, "name" | "cron">[],
  nowMs: number,
): readonly { readonly job: string; readonly slot: Slot }[] =>
  jobs.flatMap(({ name, cron }) => {
    const atMs = nextSlotMs(cron, nowMs);
    return atMs === null ? [] : [{ job: name, slot: slotAt(atMs) }];
  });

const patterns = new Map<string, Cron>();
/** A stretch without a slot, the last one found for each expression: croner takes some 0.2 ms to find it again. */
const gaps = new Map<string, { readonly fromMs: number; readonly untilMs: number }>();

/** croner only computes here: no timer is ever started. Slot texts have minutes, so five fields it is. */
function pattern(cron: string): Cron {
  let found = patterns.get(cron);
  if (found === undefined) {
    found = new Cron(cron, { timezone: "UTC", mode: "5-part", paused: true });
    patterns.set(cron, found);
  }
  return found;
}
