import { expect, test } from "vitest";
import { mayConfirmAlone, setAcknowledged } from "../../../ha/core/acknowledgement.ts";
import type { Message } from "../../../ha/core/messages.ts";
import { needOf } from "../../../ha/core/need.ts";
import { step } from "../../../ha/core/step.ts";
import { atWork, createPair, feed, isPrimary, letGo, member, pass, record, start, stop, sync, timing } from "./pair.ts";

const { leaseMs, beatMs } = timing;
const of =
  (name: string) =>
  (message: Message): boolean =>
    message.from === name || message.to === name;
const set = (pair: ReturnType<typeof atWork>, name: string) => pair.disks[name]?.sync;

test("[HA-6] a replica that cannot be completed goes on under a higher epoch, in place, with the primary alone in the set", () => {
  const pair = atWork();
  const before = member(pair, "a").voter.record?.epoch ?? 0;
  feed(pair, "a", { kind: "raise" });
  // Asked again while it is under way, it asks for no other one.
  feed(pair, "a", { kind: "raise" });
  pass(pair, 20);
  const { phase, voter } = member(pair, "a");
  expect(phase).toEqual({ kind: "primary", epoch: voter.record?.epoch, raiseTo: null });
  expect(voter.record?.epoch).toBeGreaterThan(before);
  expect(voter.record?.sync.inSync).toEqual(["a"]);
  expect(pair.disks["b"]?.epoch).toBe(voter.record?.epoch);
  expect(isPrimary(pair, "b")).toBe(false);
});

test("rule 8: a set change raises the version and is persisted before it is sent", () => {
  const pair = atWork();
  const before = set(pair, "a");
  const ready = step(member(pair, "a"), { kind: "shrink" }, pair.nowMs);
  expect(ready.persist?.sync).toEqual({ ...before, inSync: ["a"], setVersion: (before?.setVersion ?? 0) + 1 });
  expect(ready.send.every((message) => message.kind === "request" && message.sync === ready.persist?.sync)).toBe(true);
  expect(ready.send).toHaveLength(2);
});

test.each(["w", "b"])("rule 9: a primary confirms alone after %s acknowledged exactly this version", (voter) => {
  const pair = atWork();
  pair.cut = of(voter === "w" ? "b" : "w");
  pair.hold = (message) => message.from === voter;
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 50);
  expect(mayConfirmAlone(member(pair, "a"))).toBe(false);
  letGo(pair);
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
});

test("rule 9: an acknowledgement of before a restart does not count", () => {
  const pair = atWork();
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 50);
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
  stop(pair, "a");
  start(pair, "a");
  expect(setAcknowledged(member(pair, "a"))).toBe(false);
});

test("rule 10: a release is persisted before it is sent, and its epoch is not renewed after a restart", () => {
  const pair = atWork();
  const ready = step(member(pair, "a"), { kind: "release", successor: "b" }, pair.nowMs);
  expect(ready.persist?.released).toBe(true);
  expect(ready.send.map(({ kind }) => kind)).toEqual(["release", "release"]);
  pair.cut = (message) => message.kind === "release" || of("b")(message);
  feed(pair, "a", { kind: "release", successor: "b" });
  stop(pair, "a");
  start(pair, "a");
  pass(pair, 3 * leaseMs, () => isPrimary(pair, "a"));
  expect(member(pair, "a").phase).toMatchObject({ kind: "primary", epoch: 2 });
});

test("rule 13: a blank node neither votes nor stands, and says what it needs", () => {
  const pair = createPair({ b: null });
  for (const name of ["b", "w"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  expect(member(pair, "b").phase.kind).toBe("standby");
  expect(needOf(member(pair, "b"), pair.nowMs)).toEqual({ kind: "enrolment" });
});

test("rule 13: a blank node is enrolled only after a shrink that the arbiter has", () => {
  const pair = atWork({ b: null });
  pass(pair, leaseMs);
  expect(pair.disks["b"]).toBeNull();
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 2 * beatMs);
  expect(pair.disks["b"]).toMatchObject({ epoch: 1, holder: "a", sync: { inSync: ["a"] } });
});

test("rule 13: a blank arbiter is enrolled while the lease stands on the peer", () => {
  const pair = atWork({ w: null });
  pass(pair, 2 * leaseMs);
  expect(pair.disks["w"]).toEqual(pair.disks["a"]);
});

test("rule 13: a lease that stands on the blank voter alone enrols nobody", () => {
  const pair = createPair({ b: null, w: null });
  for (const name of ["a", "b", "w"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  expect([isPrimary(pair, "a"), pair.disks["b"], pair.disks["w"]]).toEqual([false, null, null]);
  expect(needOf(member(pair, "a"), pair.nowMs)).toEqual({ kind: "voters", names: ["b", "w"] });
});

test("rule 13: a lease that stands on what the arbiter granted before it lost its disk does not enrol it", () => {
  const pair = atWork();
  stop(pair, "b");
  pass(pair, leaseMs + beatMs);
  stop(pair, "w");
  pair.disks["w"] = null;
  start(pair, "w");
  pass(pair, 2 * leaseMs);
  expect([pair.disks["w"], isPrimary(pair, "a")]).toEqual([null, false]);
});

test("rule 13: a shrink that nobody has acknowledged yet enrols nobody", () => {
  const pair = atWork({ b: null });
  pair.hold = (message) => message.from === "w";
  feed(pair, "a", { kind: "shrink" });
  pass(pair, beatMs);
  expect(pair.disks["b"]).toBeNull();
  letGo(pair);
  pass(pair, 2 * beatMs);
  expect(pair.disks["b"]?.sync.inSync).toEqual(["a"]);
});

test("rule 14: a blank peer does not join the set", () => {
  const pair = atWork({ b: null });
  feed(pair, "a", { kind: "shrink" });
  pair.cut = (message) => message.kind === "enrol";
  pass(pair, beatMs);
  feed(pair, "a", { kind: "expand" });
  expect(set(pair, "a")?.inSync).toEqual(["a"]);
});

test("rule 14: with the newcomer in the set nothing is confirmed alone, acknowledged or not", () => {
  const pair = atWork();
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 50);
  feed(pair, "a", { kind: "expand" });
  expect(set(pair, "a")?.inSync).toEqual(["a", "b"]);
  expect(mayConfirmAlone(member(pair, "a"))).toBe(false);
});

test("[complaint 8] rule 15: where the only member of the set is blank, a forced failover is the way out", () => {
  const pair = createPair({ a: null, b: record(1, "a", sync(["a"], 1, 3)), w: record(1, "a", sync(["a"], 1, 3)) });
  for (const name of ["a", "b", "w"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  expect(needOf(member(pair, "b"), pair.nowMs)).toEqual({ kind: "start-or-failover", names: ["a"] });
  feed(pair, "b", { kind: "force", acceptDataLoss: true });
  pass(pair, 100);
  expect(member(pair, "b").phase).toMatchObject({ kind: "primary", epoch: 2 });
});

test("[HA-6] force without accepted loss: the voters still refuse a node that is outside the set", () => {
  const stale = record(1, "a", sync(["a", "b"], 1, 2));
  const pair = createPair({ a: record(1, "a", sync(["a"], 1, 3)), b: stale, w: record(1, "a", sync(["a"], 1, 3)) });
  for (const name of ["b", "w"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  feed(pair, "b", { kind: "force", acceptDataLoss: false });
  pass(pair, 3 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(false);
});

test("force: a live lease elsewhere is not taken away", () => {
  const pair = atWork();
  feed(pair, "b", { kind: "force", acceptDataLoss: true });
  pass(pair, leaseMs);
  expect([isPrimary(pair, "a"), isPrimary(pair, "b")]).toEqual([true, false]);
});

test("maintenance: a dead primary is not replaced, and the message says why", () => {
  const pair = atWork();
  feed(pair, "a", { kind: "pause", on: true });
  pass(pair, 50);
  stop(pair, "a");
  pass(pair, 3 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(false);
  expect(needOf(member(pair, "b"), pair.nowMs)).toEqual({ kind: "maintenance" });
  start(pair, "a");
  pass(pair, 500);
  expect(isPrimary(pair, "a")).toBe(true);
});

test("one board: its own vote is the lease, and two more voters join it without a restart", () => {
  const pair = createPair({ a: record(0, null, sync(["a"], 0, 0), true), b: null, w: null });
  start(pair, "a");
  feed(pair, "a", { kind: "members", peer: null, arbiter: null, arbiterKind: "standalone" });
  pass(pair, 100);
  expect(isPrimary(pair, "a")).toBe(true);
  for (const name of ["b", "w"]) start(pair, name);
  feed(pair, "a", { kind: "members", peer: "b", arbiter: "w" });
  pass(pair, 4 * beatMs);
  feed(pair, "a", { kind: "members", peer: "b", arbiter: "w", arbiterKind: "witness" });
  pass(pair, 2 * leaseMs);
  expect(member(pair, "a").phase).toMatchObject({ kind: "primary", epoch: 1 });
  expect(pair.disks["b"]).toEqual(pair.disks["w"]);
});
