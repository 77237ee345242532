import { expect, test } from "vitest";
import { atWork, feed, isPrimary, pass, timing } from "./pair.ts";
import type { Pair } from "./pair.ts";

/** Gives the lease away; milliseconds until the other node has it. */
function handOver(pair: Pair, from: string, to: string): number {
  feed(pair, from, { kind: "expand" });
  pass(pair, 2 * timing.beatMs);
  const releasedMs = pair.nowMs;
  feed(pair, from, { kind: "release", successor: to });
  pass(pair, 4 * timing.leaseMs, () => isPrimary(pair, to));
  expect(isPrimary(pair, to)).toBe(true);
  return pair.nowMs - releasedMs;
}

test("rule 10: a node that gave the lease away takes it back at once when it is given back at once", () => {
  const pair = atWork();
  const thereMs = handOver(pair, "a", "b");
  pass(pair, 2 * timing.beatMs);
  expect(handOver(pair, "b", "a")).toBeLessThan(thereMs + timing.beatMs);
});
