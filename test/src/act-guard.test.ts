import { expect, test } from "vitest";
import { actGuard } from "../../src/act-guard.ts";
import { LeaseOver } from "../../src/app-ports.ts";

test("[HA-8] no act without a deadline, past it, or nearer to it than its margin", () => {
  let nowNs = 1_000_000_000n;
  const deadline: { atNs: bigint | null; nowNs: () => bigint } = { atNs: null, nowNs: () => nowNs };
  const guard = actGuard(7, deadline);
  expect(() => guard.check(0)).toThrow(LeaseOver);

  deadline.atNs = 1_100_000_000n;
  expect(guard.remainingMs()).toBe(100);
  expect(() => guard.check(100)).not.toThrow();
  expect(() => guard.check(100.5)).toThrow(LeaseOver);

  nowNs = 1_100_000_000n;
  expect(() => guard.check(0)).toThrow(LeaseOver);
});

test("a lease that goes on under a higher epoch is that epoch's from then on; none goes back", () => {
  const guard = actGuard(7, { atNs: null, nowNs: () => 0n });
  guard.raise(9);
  guard.raise(8);
  expect(guard.epoch).toBe(9);
});
