import { expect, test } from "vitest";
import { mayConfirmAlone } from "../../../ha/core/acknowledgement.ts";
import type { Message, Name } from "../../../ha/core/messages.ts";
import { needOf } from "../../../ha/core/need.ts";
import { ledUnasked, nextEpoch } from "../../../ha/core/quorum.ts";
import { aloneAfterMs, attachedWithinMs } from "../../../ha/core/timing.ts";
import { atWork, feed, member, pass, start, stop, timing } from "./pair.ts";
import { afterPowerCut, afterRelease, afterTakeover, everything, leaders, reasonsOf } from "./returning-pairs.ts";

const { leaseMs, beatMs } = timing;

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
