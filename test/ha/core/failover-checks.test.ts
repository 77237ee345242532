import { expect, test } from "vitest";
import { failoverChecks } from "../../../ha/core/change-checks.ts";
import type { Pair } from "./pair.ts";
import { createPair, member, pass, record, settled, start, sync, timing } from "./pair.ts";

/** Names of the checks that forbid a failover to node b without accepting a loss. */
const refusedBy = (pair: Pair): string[] =>
  failoverChecks(member(pair, "b"), null, false, pair.nowMs)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);

const complete = "this node holds everything confirmed, or the loss is accepted";

test("[HA-6] a node whose own record is from before it was put out of the set is refused a failover without loss", () => {
  const pair = createPair({ b: settled, w: record(1, "a", sync(["a"], 1, 3)) });
  for (const name of ["w", "b"]) start(pair, name);
  expect(refusedBy(pair)).toContain(complete);
  pass(pair, 2 * timing.leaseMs);
  expect(refusedBy(pair)).toEqual([complete]);
});

test("a node of the newest set may be told to lead once another voter has said that it is", () => {
  const pair = createPair();
  start(pair, "b");
  pass(pair, 2 * timing.leaseMs);
  expect(refusedBy(pair)).toEqual([complete]);
  // A flag that keeps it from leading by itself.
  const paused = record(1, "a", sync(["a", "b"], 1, 2, true));
  const told = createPair({ b: paused, w: paused });
  for (const name of ["w", "b"]) start(told, name);
  pass(told, 2 * timing.leaseMs);
  expect(refusedBy(told)).toEqual([]);
});

test("the checks show where both nodes are, and say of one that was never heard that it was not", () => {
  const pair = createPair();
  start(pair, "b");
  const shown = (): string =>
    failoverChecks(member(pair, "b"), null, false, pair.nowMs).find(({ name }) => name === complete)?.detail ?? "";
  expect(shown()).toMatch(/this node is at \d+\/\d+, a was never heard$/);
  start(pair, "a");
  pass(pair, timing.leaseMs);
  expect(shown()).toMatch(/this node is at \d+\/\d+, a was last at \d+\/\d+$/);
});
