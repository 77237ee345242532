/** A token bucket as data: `tokens` at instant `atMs`; negative tokens are a debt that waits itself off. */
export type Bucket = { tokens: number; atMs: number };

/** How fast a bucket fills and how much it holds. */
export type Pace = { perSecond: number; burst: number };

/** A full bucket. */
export const fullBucket = (pace: Pace, nowMs: number): Bucket => ({ tokens: pace.burst, atMs: nowMs });

const refilled = (bucket: Bucket, pace: Pace, nowMs: number): number =>
  Math.min(pace.burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * pace.perSecond) / 1000);

/** Takes `amount` in any case; the caller waits `waitMs` before it uses it. Larger amounts than `burst` are fine. */
export function take(bucket: Bucket, pace: Pace, amount: number, nowMs: number): { bucket: Bucket; waitMs: number } {
  const tokens = refilled(bucket, pace, nowMs) - amount;
  return { bucket: { tokens, atMs: nowMs }, waitMs: tokens >= 0 ? 0 : (-tokens * 1000) / pace.perSecond };
}

/** Takes `amount` only when it is there; `ok` says whether it was. */
export function tryTake(bucket: Bucket, pace: Pace, amount: number, nowMs: number): { bucket: Bucket; ok: boolean } {
  const tokens = refilled(bucket, pace, nowMs);
  if (tokens < amount) return { bucket: { tokens, atMs: nowMs }, ok: false };
  return { bucket: { tokens: tokens - amount, atMs: nowMs }, ok: true };
}
