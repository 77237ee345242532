import { expect, test } from "vitest";
import { mayConfirmAlone } from "../../../ha/core/acknowledgement.ts";
import { validUntilMs } from "../../../ha/core/validity.ts";
import type { ArbiterKind, Message, Name } from "../../../ha/core/messages.ts";
import { needOf } from "../../../ha/core/need.ts";
import { ledUnasked, nextEpoch } from "../../../ha/core/quorum.ts";
import { failoverChecks } from "../../../ha/core/change-checks.ts";
import { aloneAfterMs, attachedWithinMs, listenMs, networkGrantMs } from "../../../ha/core/timing.ts";
import { atWork, createPair, feed, isPrimary, member, pass, record, start, stop, sync, timing } from "./pair.ts";
import type { Pair } from "./pair.ts";

const { leaseMs, beatMs, marginMs } = timing;
const everything = (): boolean => true;
const leaders = (pair: Pair): readonly Name[] => ["a", "b"].filter((name) => isPrimary(pair, name));
const reasonsOf = (pair: Pair): string[] => {
  const reasons: string[] = [];
  pair.tell = (line, kind) => {
    if (kind === "act") reasons.push(line);
  };
  return reasons;
};

/** Both off; the disks say that a leads epoch 1, and that both hold everything. */
const afterPowerCut = (kind: ArbiterKind): Pair => createPair({}, kind);
/** Both off; b has led epoch 2 alone after a died. */
const afterTakeover = (kind: ArbiterKind): Pair =>
  createPair({ a: record(1, "a", sync(["a", "b"], 1, 2)), b: record(2, "b", sync(["b"], 2, 1)) }, kind);
/** Both off; a drained, everything was confirmed, and a released; b has heard it. */
const afterRelease = (kind: ArbiterKind): Pair => {
  const released = record(1, "a", sync(["a", "b"], 1, 2), true);
  return createPair({ a: released, b: released }, kind);
};

/** Who leads four leases after these nodes came back; the witness, where there is one, never went away. */
const table = [
  // arbiter, history, only the old primary a, only the old standby b, both
  ["witness", "power cut", afterPowerCut, "a", "b", "a"],
  ["witness", "takeover by b", afterTakeover, null, "b", "b"],
  ["witness", "release by a", afterRelease, "a", "b", "a or b"],
  ["reachability", "power cut", afterPowerCut, "a", null, "a"],
  ["reachability", "takeover by b", afterTakeover, "a", "b", "b"],
  ["reachability", "release by a", afterRelease, null, "b", "a or b"],
  ["manual", "power cut", afterPowerCut, "a", null, "a"],
  ["manual", "takeover by b", afterTakeover, "a", "b", "b"],
  ["manual", "release by a", afterRelease, null, "b", "a or b"],
] as const;

const onlyOne = (found: readonly Name[]): Name | null => {
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0] ?? null;
};

for (const [kind, history, disks, onlyA, onlyB, both] of table) {
  const comeBack = (...names: Name[]): Name | null => {
    const pair = disks(kind);
    if (kind === "witness") {
      pair.disks["w"] = pair.disks["b"] ?? null;
      names = ["w", ...names];
    }
    for (const name of names) start(pair, name);
    pass(pair, 4 * leaseMs);
    return onlyOne(leaders(pair));
  };
  test(`${kind}, after a ${history}: who leads when only the old primary comes back`, () => {
    expect(comeBack("a")).toBe(onlyA);
  });
  test(`${kind}, after a ${history}: who leads when only the old standby comes back`, () => {
    expect(comeBack("b")).toBe(onlyB);
  });
  test(`${kind}, after a ${history}: who leads when both come back`, () => {
    expect(both.split(" or ")).toContain(comeBack("a", "b"));
  });
}

test("reachability: a standby that was attached leads a lease after the primary's death", () => {
  const pair = atWork({}, "reachability");
  stop(pair, "a");
  pass(pair, leaseMs - beatMs - 50);
  expect(isPrimary(pair, "b")).toBe(false);
  pass(pair, beatMs + 200);
  expect(isPrimary(pair, "b")).toBe(true);
});

test("reachability: it does not lead where a target is silent, nor later by itself; a force does", () => {
  const pair = atWork({}, "reachability");
  stop(pair, "a");
  pair.reaches = () => "some";
  pass(pair, attachedWithinMs(timing) + 100);
  pair.reaches = () => "all";
  pass(pair, 6 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(false);
  feed(pair, "b", { kind: "force", acceptDataLoss: false });
  expect(isPrimary(pair, "b")).toBe(true);
});

const phases = Array.from({ length: 10 }, (_, i) => (i * beatMs) / 10);

test("reachability: a standby that comes back to the network listens for a whole lease before it stands", () => {
  for (const phaseMs of phases) {
    const pair = atWork({}, "reachability");
    pass(pair, phaseMs);
    pair.cut = everything;
    pair.reaches = (name) => (name === "b" ? "none" : "all");
    pass(pair, leaseMs + 500);
    pair.cut = () => false;
    pair.reaches = () => "all";
    pass(pair, 3 * leaseMs);
    expect(leaders(pair)).toEqual(["a"]);
    expect(pair.disks["b"]?.epoch).toBe(1);
  }
});

test("reachability: a standby stands on what the network answered after its promise had ended, not before", () => {
  const pair = atWork({}, "reachability");
  stop(pair, "a");
  pass(pair, leaseMs - 2 * beatMs);
  pair.reaches = () => "none";
  const acts = reasonsOf(pair);
  pass(pair, 2 * leaseMs);
  expect(acts).toEqual([]);
});

test("reachability: a node restarted or out of the set does not stand by the network's word", () => {
  const restarted = atWork({}, "reachability");
  stop(restarted, "b");
  start(restarted, "b");
  stop(restarted, "a");
  const outOfSet = atWork({}, "reachability");
  feed(outOfSet, "a", { kind: "shrink" });
  pass(outOfSet, 300);
  stop(outOfSet, "a");
  for (const pair of [restarted, outOfSet]) {
    pass(pair, 6 * leaseMs);
    expect(isPrimary(pair, "b")).toBe(false);
  }
});

test("reachability: a primary that reaches neither the peer nor the network has stopped before its standby may stand", () => {
  for (const phaseMs of phases) {
    const pair = atWork({}, "reachability");
    pass(pair, phaseMs);
    // One renewal is lost just before everything is.
    pair.cut = everything;
    pass(pair, beatMs);
    pair.reaches = (name) => (name === "a" ? "none" : "all");
    const both: number[] = [];
    for (let i = 0; i < 2 * leaseMs; i++) {
      pass(pair, 1);
      const holds = isPrimary(pair, "a") && pair.nowMs < validUntilMs(member(pair, "a"));
      if (holds && isPrimary(pair, "b")) both.push(pair.nowMs);
    }
    expect(both).toEqual([]);
    expect(leaders(pair)).toEqual(["b"]);
  }
});

test("reachability: the network's grant runs from the send time of its probe, two renewals short of a lease", () => {
  const pair = atWork({}, "reachability");
  pair.cut = everything;
  pass(pair, 2 * leaseMs);
  const { network } = member(pair, "a");
  expect(validUntilMs(member(pair, "a"))).toBe(network.anySentMs + networkGrantMs(timing) - marginMs);
});

test("reachability: the gateway down and both nodes linked: nothing happens", () => {
  const pair = atWork({}, "reachability");
  pair.reaches = () => "none";
  const acts = reasonsOf(pair);
  pass(pair, 10 * leaseMs);
  expect(leaders(pair)).toEqual(["a"]);
  expect(acts).toEqual([]);
});

test("[HA-3] the boards cut only from each other: two lead with different epochs, and on contact the higher one stays", () => {
  const pair = atWork({}, "reachability");
  pair.cut = everything;
  pass(pair, 3 * leaseMs);
  expect(leaders(pair)).toEqual(["a", "b"]);
  const acts = reasonsOf(pair);
  pair.cut = () => false;
  pass(pair, leaseMs);
  expect(acts).toEqual(["a acts: demote epoch=1 reason=b leads with epoch 3"]);
  feed(pair, "a", { kind: "demoted" });
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual(["b"]);
});

test("[HA-3] a one-way cut: the primary that the standby does not hear steps down as soon as it hears a higher epoch", () => {
  const pair = atWork({}, "reachability");
  pair.cut = (message: Message) => message.from === "a";
  const acts = reasonsOf(pair);
  pass(pair, 2 * leaseMs);
  expect(acts).toContain("a acts: demote epoch=1 reason=b leads with epoch 3");
});

test("[HA-3] a one-way cut the other way: its answers alone say that another leads", () => {
  const pair = atWork({}, "reachability");
  pair.cut = everything;
  pass(pair, 2 * leaseMs);
  const acts = reasonsOf(pair);
  pair.cut = (message: Message) => message.from === "b" && message.kind === "request";
  pass(pair, leaseMs);
  expect(acts).toEqual(["a acts: demote epoch=1 reason=b leads with epoch 3"]);
});

test("[HA-3] without a third vote each node takes every second epoch only, forced or not", () => {
  for (const kind of ["reachability", "manual"] as const) {
    const pair = atWork({}, kind);
    expect(nextEpoch(member(pair, "a")) % 2).toBe(0);
    expect(nextEpoch(member(pair, "b")) % 2).toBe(1);
  }
});

test("rule 9, reachability: alone after the peer's word, or when no standby can stand any more that knows an older set", () => {
  const told = atWork({}, "reachability");
  feed(told, "a", { kind: "shrink" });
  pass(told, 100);
  expect(mayConfirmAlone(member(told, "a"))).toBe(true);

  const untold = atWork({}, "reachability");
  untold.cut = everything;
  untold.reaches = (name) => (name === "a" ? "all" : "none");
  pass(untold, 1_000);
  feed(untold, "a", { kind: "shrink" });
  pass(untold, aloneAfterMs(timing) - 50);
  expect(mayConfirmAlone(member(untold, "a"))).toBe(false);
  feed(untold, "a", { kind: "pause", on: true });
  pass(untold, 100);
  expect(isPrimary(untold, "a")).toBe(true);
  expect(mayConfirmAlone(member(untold, "a"))).toBe(true);
});

test("reachability: a last holder that comes back alone hears a higher epoch first", () => {
  const pair = afterTakeover("reachability");
  start(pair, "a");
  pass(pair, listenMs(timing) - 500);
  start(pair, "b");
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual(["b"]);
  expect(pair.disks["a"]?.holder).toBe("b");
});

test("reachability: a last holder that has heard of a higher epoch, won or not, does not go on alone", () => {
  const pair = createPair({ b: record(3, "b", sync(["a", "b"], 1, 2)) }, "reachability");
  start(pair, "a");
  start(pair, "b");
  for (const name of ["a", "b"]) feed(pair, name, { kind: "status", position: { epoch: 0, txid: 0 }, fit: false });
  pass(pair, 1_500);
  stop(pair, "b");
  feed(pair, "a", { kind: "status", position: { epoch: 0, txid: 0 }, fit: true });
  pass(pair, 6 * leaseMs);
  expect(leaders(pair)).toEqual([]);
});

test("reachability: a last holder that comes back alone wants every target, and for two leases", () => {
  const pair = afterPowerCut("reachability");
  start(pair, "a");
  pass(pair, leaseMs);
  pair.reaches = () => "some";
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual([]);
  pair.reaches = () => "all";
  pass(pair, listenMs(timing) - 500);
  expect(leaders(pair)).toEqual([]);
  pass(pair, leaseMs);
  expect(leaders(pair)).toEqual(["a"]);
});

test("manual: not even the vote of a last holder that cannot lead makes the other one stand", () => {
  const pair = afterPowerCut("manual");
  for (const name of ["a", "b"]) start(pair, name);
  feed(pair, "a", { kind: "status", position: { epoch: 0, txid: 0 }, fit: false });
  pass(pair, 6 * leaseMs);
  expect(leaders(pair)).toEqual([]);
});

test("manual: the primary carries on alone and confirms at once; its standby never stands by itself", () => {
  const pair = atWork({}, "manual");
  pair.cut = everything;
  pass(pair, 10 * leaseMs);
  expect(leaders(pair)).toEqual(["a"]);
  feed(pair, "a", { kind: "shrink" });
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
});

test("[HA-6] manual: a contact that broke a moment ago is no proof that nothing was confirmed alone since", () => {
  const pair = atWork({}, "manual");
  pair.cut = everything;
  pass(pair, 1_000);
  feed(pair, "a", { kind: "shrink" });
  expect(mayConfirmAlone(member(pair, "a"))).toBe(true);
  stop(pair, "a");
  pass(pair, leaseMs);
  const refused = failoverChecks(member(pair, "b"), null, false, pair.nowMs).filter(({ ok }) => !ok);
  expect(refused.map(({ name }) => name)).toEqual(["this node holds everything confirmed, or the loss is accepted"]);
});

test("manual: the standby says that it cannot know what was confirmed since; by force it leads, and the old one follows it", () => {
  const pair = atWork({}, "manual");
  stop(pair, "a");
  pass(pair, 10 * leaseMs);
  expect(leaders(pair)).toEqual([]);
  const complete = failoverChecks(member(pair, "b"), null, false, pair.nowMs).at(-1);
  expect(complete).toMatchObject({ ok: false, detail: expect.stringMatching(/when a was last heard; it may have/) });
  feed(pair, "b", { kind: "force", acceptDataLoss: true });
  expect(leaders(pair)).toEqual(["b"]);
  start(pair, "a");
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual(["b"]);
});

test("manual: a switchover needs no operator, nor the other's vote once it has released", () => {
  const pair = atWork({}, "manual");
  feed(pair, "a", { kind: "release", successor: "b" });
  pair.cut = (message: Message) => message.from === "a" && message.kind === "reply";
  pass(pair, 500);
  expect(leaders(pair)).toEqual(["b"]);
});

test("manual: a frozen primary that thaws listens before it goes on", () => {
  const pair = atWork({}, "manual");
  pair.nowMs += 2 * leaseMs;
  pair.cut = everything;
  feed(pair, "a", { kind: "tick" });
  feed(pair, "a", { kind: "demoted" });
  pass(pair, listenMs(timing) - 100);
  expect(leaders(pair)).toEqual([]);
  pass(pair, 500);
  expect(leaders(pair)).toEqual(["a"]);
});

test("maintenance: the standby does not stand by the network's word, the primary carries on, a force still leads", () => {
  const pair = atWork({}, "reachability");
  feed(pair, "a", { kind: "pause", on: true });
  pass(pair, 500);
  stop(pair, "a");
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual([]);
  feed(pair, "b", { kind: "force", acceptDataLoss: false });
  expect(leaders(pair)).toEqual(["b"]);
  expect(pair.disks["b"]?.sync.paused).toBe(true);
});

test("[HA-10] a node that does not lead by itself says that an operator is needed, and whether something may be lost", () => {
  const cases = [
    ["reachability", afterPowerCut, "b", { kind: "operator", peer: "a", mayLose: true }],
    ["reachability", afterPowerCut, "a", null],
    ["reachability", afterRelease, "a", { kind: "operator", peer: "b", mayLose: false }],
    ["reachability", afterRelease, "b", null],
    ["manual", afterPowerCut, "b", { kind: "operator", peer: "a", mayLose: true }],
    ["manual", afterRelease, "a", { kind: "operator", peer: "b", mayLose: false }],
  ] as const;
  for (const [kind, disks, name, need] of cases) {
    const pair = disks(kind);
    start(pair, name);
    pass(pair, 500);
    expect(needOf(member(pair, name), pair.nowMs)).toEqual(need);
  }
});

test("[HA-10] a standby says so when it lost the primary too long ago, and not while it may still stand", () => {
  const pair = atWork({}, "reachability");
  stop(pair, "a");
  pair.reaches = () => "none";
  pass(pair, attachedWithinMs(timing) - beatMs - 100);
  expect(needOf(member(pair, "b"), pair.nowMs)).toBeNull();
  pass(pair, beatMs + 200);
  expect(needOf(member(pair, "b"), pair.nowMs)).toEqual({ kind: "operator", peer: "a", mayLose: true });
});

test("a last holder that went on unasked is known as one until it hears the other node", () => {
  const pair = afterPowerCut("reachability");
  start(pair, "a");
  pass(pair, 3 * leaseMs);
  expect(ledUnasked(member(pair, "a"))).toBe(true);
  start(pair, "b");
  pass(pair, 500);
  expect(ledUnasked(member(pair, "a"))).toBe(false);
  expect(ledUnasked(member(atWork({}, "reachability"), "a"))).toBe(false);
});

test("a last holder that was cut off while the other took over is known as one that went on unasked, restarted or not", () => {
  const pair = atWork({}, "reachability");
  pair.reaches = (name) => (name === "a" ? "none" : "all");
  pair.cut = () => true;
  pass(pair, 2 * leaseMs);
  feed(pair, "a", { kind: "demoted" });
  expect(leaders(pair)).toEqual(["b"]);
  expect(ledUnasked(member(pair, "b"))).toBe(false);
  pass(pair, aloneAfterMs(timing));
  expect(mayConfirmAlone(member(pair, "b"))).toBe(true);
  stop(pair, "b");
  pair.reaches = () => "all";
  pass(pair, 3 * leaseMs);
  expect(leaders(pair)).toEqual(["a"]);
  expect(ledUnasked(member(pair, "a"))).toBe(true);
  start(pair, "b");
  pair.cut = () => false;
  pass(pair, 4 * leaseMs);
  expect(leaders(pair)).toEqual(["b"]);
});
