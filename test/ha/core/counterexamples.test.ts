import { expect, test } from "vitest";
import { mayConfirmAlone } from "../../../ha/core/acknowledgement.ts";
import { validUntilMs } from "../../../ha/core/validity.ts";
import type { Message } from "../../../ha/core/messages.ts";
import { needOf } from "../../../ha/core/need.ts";
import {
  atWork,
  createPair,
  deliver,
  feed,
  isPrimary,
  letGo,
  member,
  pass,
  record,
  settled,
  start,
  stop,
  sync,
  timing,
} from "./pair.ts";
import type { Pair } from "./pair.ts";

/** What an exhaustive search found in the first draft of the rules: each way to lose data or to have two primaries. */
const { leaseMs } = timing;
const of =
  (name: string) =>
  (message: Message): boolean =>
    message.from === name || message.to === name;

function restart(pair: Pair, name: string): void {
  stop(pair, name);
  start(pair, name);
}

function wipe(pair: Pair, name: string): void {
  stop(pair, name);
  pair.disks[name] = null;
  start(pair, name);
}

test("[lease-model 1] stale set after a voter's restart: an old request does not bring an old set back", () => {
  const pair = atWork();
  pair.hold = (message) => message.to === "w" && message.kind === "request";
  pair.cut = of("b");
  pass(pair, 300);
  const delayed = pair.held.splice(0);
  expect(delayed.length).toBeGreaterThan(0);
  pair.hold = () => false;
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 300);
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
  restart(pair, "w");
  stop(pair, "a");
  for (const message of delayed) deliver(pair, { ...message, ...(message.kind === "request" && { voterBoot: "w2" }) });
  expect(pair.disks["w"]?.sync.inSync).toEqual(["a"]);
  pair.cut = () => false;
  pass(pair, 4 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(false);
});

test("[lease-model 2] unpersisted release: a release that arrives late meets no renewed epoch", () => {
  const pair = atWork();
  pair.hold = (message) => message.kind === "release";
  feed(pair, "a", { kind: "release", successor: "b" });
  restart(pair, "a");
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "a") || isPrimary(pair, "b"));
  expect(pair.disks["a"]?.epoch).not.toBe(1);
  letGo(pair);
  pass(pair, 2 * leaseMs);
  expect([isPrimary(pair, "a"), isPrimary(pair, "b")].filter(Boolean)).toHaveLength(1);
});

test("[lease-model 3] empty arbiter: an arbiter that lost its disk grants nobody", () => {
  const pair = atWork();
  feed(pair, "a", { kind: "shrink" });
  pair.cut = (message) => message.to === "b" && message.from === "a";
  pass(pair, 100);
  stop(pair, "a");
  wipe(pair, "w");
  pass(pair, 5 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(false);
  expect(pair.disks["w"]).toBeNull();
});

test("[lease-model 4] empty peer: a wiped peer does not stand, and joins only after a shrink and an enrolment", () => {
  const pair = atWork();
  wipe(pair, "b");
  feed(pair, "a", { kind: "expand" });
  pass(pair, 2 * leaseMs);
  expect(pair.disks["b"]).toBeNull();
  stop(pair, "a");
  pass(pair, 3 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(false);
  expect(needOf(member(pair, "b"), pair.nowMs)).toEqual({ kind: "enrolment" });
});

test("[lease-model 5] dead end: a pending set of before a cut does not refuse the next primary for ever", () => {
  const pair = atWork();
  pair.cut = of("a");
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 3 * leaseMs, () => isPrimary(pair, "b"));
  feed(pair, "a", { kind: "demoted" });
  expect(pair.disks["a"]?.sync.inSync).toEqual(["a"]);
  stop(pair, "w");
  pair.cut = () => false;
  pass(pair, 2 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(true);
  expect(pair.disks["a"]).toEqual(pair.disks["b"]);
});

test("[lease-model 6] rejoin: a node in mid-restore is outside the set, and is not elected when the primary dies", () => {
  const pair = atWork();
  stop(pair, "a");
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  start(pair, "a");
  pass(pair, leaseMs);
  expect(pair.disks["a"]?.sync).toEqual(sync(["b"], 2, 1));
  stop(pair, "b");
  pass(pair, 4 * leaseMs);
  expect(isPrimary(pair, "a")).toBe(false);
  expect(needOf(member(pair, "a"), pair.nowMs)).toEqual({ kind: "start-or-failover", names: ["b"] });
});

test("[lease-model 7] grants matched to the wrong request: an old grant does not stretch the lease", () => {
  const pair = atWork();
  pair.hold = (message) => message.kind === "reply" && message.to === "a";
  pass(pair, 600);
  const old = pair.held.splice(0);
  pair.hold = () => false;
  pair.cut = of("a");
  const endMs = pair.nowMs + leaseMs - 600;
  pass(pair, leaseMs - 700);
  for (const message of old) deliver(pair, message);
  pass(pair, leaseMs, () => !isPrimary(pair, "a"));
  expect(pair.nowMs).toBeLessThanOrEqual(endMs);
});

test("a lease that ended while the loop stood still is not revived by an answer that waited unread", () => {
  const pair = atWork();
  pair.hold = (message) => message.kind === "reply" && message.to === "a";
  const endMs = validUntilMs(member(pair, "a"));
  pass(pair, timing.beatMs + 2 * timing.tickMs);
  const waiting = pair.held.splice(0).filter(({ kind }) => kind === "reply");
  expect(waiting.length).toBeGreaterThan(0);
  pair.nowMs = Math.ceil(endMs);
  for (const message of waiting) deliver(pair, message);
  expect(member(pair, "a").phase.kind).toBe("stepping-down");
  pair.hold = () => false;
  feed(pair, "a", { kind: "demoted" });
  pass(pair, 2 * leaseMs);
  expect([isPrimary(pair, "a"), isPrimary(pair, "b")].filter(Boolean)).toHaveLength(1);
});

test("[HA-10] maintenance with nobody in the lead: an operator's failover is not refused for it", () => {
  const kept = record(1, "a", sync(["a"], 1, 6, true));
  const pair = createPair({ a: kept, b: record(2, "b", sync(["a", "b"], 1, 4)), w: record(2, "b", kept.sync) });
  for (const name of ["a", "b", "w"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  expect(needOf(member(pair, "a"), pair.nowMs)).toEqual({ kind: "maintenance" });
  feed(pair, "a", { kind: "force", acceptDataLoss: false });
  pass(pair, leaseMs);
  expect(isPrimary(pair, "a")).toBe(true);
});

test("the restarted pair of a clean record elects the one that held it, in either order of starts", () => {
  for (const order of [
    ["a", "b", "w"],
    ["b", "w", "a"],
  ]) {
    const pair = createPair({ a: record(4, "a", sync(["a"], 4, 2)), b: record(4, "a", sync(["a"], 4, 2)), w: settled });
    for (const name of order) {
      start(pair, name);
      pass(pair, leaseMs);
    }
    pass(pair, 2 * leaseMs);
    expect([isPrimary(pair, "a"), isPrimary(pair, "b")]).toEqual([true, false]);
  }
});
