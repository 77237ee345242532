import { expect, test } from "vitest";
import { mayConfirmAlone } from "../../../ha/core/acknowledgement.ts";
import { aloneAfterMs, attachedWithinMs, listenMs, networkGrantMs } from "../../../ha/core/timing.ts";
import { validUntilMs } from "../../../ha/core/validity.ts";
import { atWork, createPair, feed, isPrimary, member, pass, record, start, stop, sync, timing } from "./pair.ts";
import { afterPowerCut, afterTakeover, everything, leaders, reasonsOf } from "./returning-pairs.ts";

const { leaseMs, beatMs, marginMs } = timing;

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
