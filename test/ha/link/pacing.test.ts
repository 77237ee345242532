import { array, assert, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { fullBucket, take, tryTake } from "../../../ha/link/pacing.ts";

const pace = { perSecond: 1000, burst: 500 };

test("a burst passes at once, what is above it waits at the rate", () => {
  const first = take(fullBucket(pace, 0), pace, 500, 0);
  expect(first.waitMs).toBe(0);
  const second = take(first.bucket, pace, 250, 0);
  expect(second.waitMs).toBe(250);
  expect(take(second.bucket, pace, 100, 250).waitMs).toBe(100);
});

test("a long rest fills no more than the burst, and a clock that stands still or goes back adds nothing", () => {
  expect(take(fullBucket(pace, 0), pace, 600, 3_600_000).waitMs).toBe(100);
  expect(take({ tokens: 0, atMs: 1000 }, pace, 100, 500).waitMs).toBe(100);
});

test("over any run, what has passed is at most the burst and the rate", () => {
  const steps = array(record({ amount: integer({ min: 1, max: 2000 }), restMs: integer({ min: 0, max: 900 }) }));
  assert(
    property(steps, (run) => {
      let bucket = fullBucket(pace, 0);
      let nowMs = 0;
      let passed = 0;
      for (const { amount, restMs } of run) {
        const taken = take(bucket, pace, amount, nowMs);
        bucket = taken.bucket;
        nowMs += taken.waitMs;
        passed += amount;
        expect(passed).toBeLessThanOrEqual(pace.burst + (pace.perSecond * nowMs) / 1000 + 0.001);
        nowMs += restMs;
      }
    }),
  );
});

test("tryTake takes nothing when there is not enough", () => {
  const { bucket, ok } = tryTake({ tokens: 3, atMs: 0 }, pace, 4, 0);
  expect(ok).toBe(false);
  expect(tryTake(bucket, pace, 3, 0).ok).toBe(true);
});
