const dayMs = 86_400_000;

/** For how many days things are kept, at least. */
export const keptDays = {
  /** What ran when. */
  jobRuns: 14,
  /** A value of the portfolio for each slot; of the days before, the last one stays. */
  snapshots: 90,
  /** Plans that had nothing to do. Plans with orders stay for ever. */
  emptyPlans: 90,
  /** Ten years and a month: what scores look back on. */
  bars: 3_690,
} as const;

/** What is older may go, by age alone. */
export const cutByAge = (nowMs: number, days: number): number => nowMs - days * dayMs;

/**
 * What is older may go, by whole months: whoever sums up the month in which the cut falls still finds all of it, and
 * never a part that looks like a month.
 */
export function cutByMonth(nowMs: number, days: number): number {
  const at = new Date(cutByAge(nowMs, days));
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}
