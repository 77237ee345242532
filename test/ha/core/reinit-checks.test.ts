import { expect, test } from "vitest";
import { reinitChecks } from "../../../ha/core/reinit-checks.ts";
import type { Pair } from "./pair.ts";
import { atWork, member, pass, timing } from "./pair.ts";

const checks = (pair: Pair, node: string, change: { name?: string; acceptDataLoss?: boolean; cramped?: string } = {}) =>
  reinitChecks({
    member: member(pair, node),
    name: node,
    acceptDataLoss: false,
    cramped: null,
    nowMs: pair.nowMs,
    ...change,
  });
const refused = (...about: Parameters<typeof checks>): string[] =>
  checks(...about)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);
const whole = "another node leads and holds everything confirmed, or the loss is accepted";

test("a standby whose primary leads may be copied to anew; both positions are shown", () => {
  const pair = atWork();
  expect(refused(pair, "b")).toEqual([]);
  const details = checks(pair, "b").map(({ detail }) => detail);
  expect(details[1]).toMatch(/^it is standby, at \d+\/\d+$/);
  expect(details[2]).toMatch(/^a does; in sync: a, b; a was last at \d+\/\d+$/);
});

test("a primary is refused, and so is another name than this node's", () => {
  const pair = atWork();
  expect(refused(pair, "a")).toEqual(["this node is a standby", whole]);
  expect(refused(pair, "b", { name: "a" })).toEqual(["it is this node"]);
});

test("[HA-6] where nobody leads, the last good copy is not thrown away without a word", () => {
  const pair = atWork();
  pair.cut = () => true;
  const until = pair.nowMs + timing.leaseMs + timing.beatMs;
  pass(pair, 2 * timing.leaseMs, () => pair.nowMs > until);
  expect(refused(pair, "b")).toContain(whole);
  expect(refused(pair, "b", { acceptDataLoss: true })).not.toContain(whole);
});

test("where there is no room for another copy, the one that is there stays", () => {
  expect(refused(atWork(), "b", { cramped: "no room" })).toEqual(["there is room for another copy"]);
});
