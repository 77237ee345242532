import type { AppClock } from "../app-ports.ts";

/** App time in which the replayed market moves on by one trading day: one schedule slot. */
export const REPLAY_DAY_MS = 15 * 60_000;

/** Trading day on which every replay begins: two years of earlier bars, so that every score has its history. */
export const REPLAY_FIRST_DAY = 504;

/** What the replay needs of the app's clock. */
export type ReplayClock = Pick<AppClock, "nowMs" | "originAppMs">;

/**
 * Index of the trading day whose close is the newest known at `nowMs`. Depends on its arguments only, so all
 * processes with one clock agree. Stands still on the last day of the table, and before the origin on the first.
 */
export function replayDayIndex(originAppMs: number, nowMs: number, dayCount: number): number {
  const elapsedDays = Math.max(0, Math.floor((nowMs - originAppMs) / REPLAY_DAY_MS));
  return Math.min(REPLAY_FIRST_DAY + elapsedDays, dayCount - 1);
}
