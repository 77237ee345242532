import { expect, test } from "vitest";
import { remoteOf } from "../../../ha/core/member.ts";
import { validUntilMs } from "../../../ha/core/validity.ts";
import type { Message } from "../../../ha/core/messages.ts";
import { needOf } from "../../../ha/core/need.ts";
import { ownVoteIsFree, step } from "../../../ha/core/step.ts";
import {
  atWork,
  createPair,
  deliver,
  feed,
  isPrimary,
  member,
  pass,
  record,
  settled,
  start,
  stop,
  sync,
  timing,
} from "./pair.ts";

const { leaseMs, beatMs, marginMs } = timing;
const renewals = (message: Message): boolean => message.kind === "request" && message.purpose === "renew";
const between =
  (one: string, two: string) =>
  (message: Message): boolean =>
    [one, two].includes(message.from) && [one, two].includes(message.to);
const of =
  (name: string) =>
  (message: Message): boolean =>
    message.from === name || message.to === name;
const set = (pair: ReturnType<typeof atWork>, name: string) => pair.disks[name]?.sync;

test("[HA-4] a node boots as a standby, whatever its record says", () => {
  const pair = createPair();
  start(pair, "a");
  expect(member(pair, "a").phase).toEqual({ kind: "standby" });
  pass(pair, 4 * leaseMs);
  expect(isPrimary(pair, "a")).toBe(false);
});

test("rule 3: a grant counts from the send time of its request", () => {
  const pair = atWork();
  pair.hold = (message) => message.kind === "reply" && message.to === "a";
  pass(pair, 900);
  const [first] = pair.held;
  if (first?.kind !== "reply") throw new Error("no grant is held");
  const sent = remoteOf(member(pair, "a"), first.from).sent.find(({ seq }) => seq === first.echoSeq);
  deliver(pair, first);
  expect(remoteOf(member(pair, "a"), first.from).grantUntilMs).toBe((sent?.atMs ?? 0) + leaseMs);
});

test("rule 3: grants to another boot, or twice the same, or to no request, change nothing", () => {
  const pair = atWork();
  pair.hold = (message) => message.kind === "reply" && message.to === "a";
  pass(pair, 900);
  const [first] = pair.held;
  if (first?.kind !== "reply") throw new Error("no grant is held");
  const before = member(pair, "a");
  for (const wrong of [{ echoBoot: "a0" }, { echoSeq: 12_345 }])
    expect(step(before, { kind: "message", message: { ...first, ...wrong } }, pair.nowMs).member).toEqual(before);
  deliver(pair, first);
  const once = member(pair, "a");
  deliver(pair, first);
  expect(member(pair, "a")).toEqual(once);
});

test("a late answer of a voter's older run does not shut out its present run", () => {
  const pair = atWork();
  pair.hold = (message) => message.from === "w" && message.to === "a";
  pass(pair, beatMs);
  const old = pair.held.splice(0);
  stop(pair, "w");
  start(pair, "w");
  pair.hold = () => false;
  pass(pair, 2 * beatMs);
  for (const message of old) deliver(pair, message);
  expect(remoteOf(member(pair, "a"), "w").boot).toBe("w2");
});

test("rule 4: validity is the second longest of three grants, less the margin", () => {
  const pair = atWork();
  pair.cut = between("a", "b");
  pass(pair, 2 * beatMs);
  const primary = member(pair, "a");
  const grants = [remoteOf(primary, "b").grantUntilMs, remoteOf(primary, "w").grantUntilMs];
  expect(validUntilMs(primary)).toBe(Math.max(...grants) - marginMs);
  expect(validUntilMs(primary, "w")).toBe(Math.min(...grants) - marginMs);
});

test.each([
  ["the arbiter", "w"],
  ["the peer", "b"],
])("a primary that loses %s goes on with the other one's grants", (_what, name) => {
  const pair = atWork();
  stop(pair, name);
  pass(pair, 3 * leaseMs);
  expect(isPrimary(pair, "a")).toBe(true);
});

test("a primary that loses both steps down before its lease may have ended elsewhere", () => {
  const pair = atWork();
  pair.cut = of("a");
  const lastMs = pair.nowMs;
  pass(pair, 2 * leaseMs, () => member(pair, "a").phase.kind === "stepping-down");
  expect(pair.nowMs - lastMs).toBeLessThanOrEqual(leaseMs - marginMs + beatMs);
  pass(pair, leaseMs, () => isPrimary(pair, "b"));
  expect(isPrimary(pair, "b")).toBe(true);
});

test("rule 6: a node does not stand while its own promise to another runs", () => {
  const pair = atWork();
  expect(ownVoteIsFree(member(pair, "b"), pair.nowMs)).toBe(false);
  stop(pair, "a");
  pass(pair, leaseMs - 2 * beatMs);
  expect(member(pair, "b").phase.kind).toBe("standby");
  pass(pair, 3 * beatMs, () => isPrimary(pair, "b"));
  expect(isPrimary(pair, "b")).toBe(true);
});

test("rule 6: a node outside the newest set that it knows does not stand", () => {
  const pair = atWork();
  feed(pair, "a", { kind: "shrink" });
  pass(pair, 50);
  stop(pair, "a");
  pass(pair, 3 * leaseMs);
  expect(member(pair, "b").phase.kind).toBe("standby");
  expect(needOf(member(pair, "b"), pair.nowMs)).toEqual({ kind: "start-or-failover", names: ["a"] });
});

test("rule 6: the arbiter's newer set lets a node stand that its own record leaves out", () => {
  const behind = record(1, "a", sync(["a"], 1, 3));
  const pair = createPair({ b: behind, w: record(1, "a", sync(["a", "b"], 1, 4)) });
  for (const name of ["b", "w"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  expect(isPrimary(pair, "b")).toBe(true);
});

test("rule 6: a question leaves no trace; the vote for itself is durable before anybody is asked for theirs", () => {
  const pair = createPair();
  start(pair, "b");
  pass(pair, leaseMs + beatMs);
  expect(member(pair, "b").phase.kind).toBe("asking");
  expect(pair.disks["b"]).toEqual(settled);
  start(pair, "w");
  const lines: string[] = [];
  pair.tell = (line) => lines.push(line);
  pass(pair, 3 * leaseMs, () => isPrimary(pair, "b"));
  const persisted = lines.findIndex((line) => line.startsWith("b persists epoch 2 of b"));
  const asked = lines.findIndex((line) => line.startsWith("b → w elect: epoch 2"));
  expect(persisted).toBeGreaterThanOrEqual(0);
  expect(asked).toBeGreaterThan(persisted);
});

test("[complaint 6] rule 6: after a gap of the loop a node hears first and stands later", () => {
  const pair = atWork();
  pair.cut = of("b");
  const frozen = member(pair, "b");
  const awakeMs = pair.nowMs + 2 * leaseMs;
  const woken = step(frozen, { kind: "tick" }, awakeMs).member;
  expect(woken.phase.kind).toBe("standby");
  expect(step(woken, { kind: "tick" }, awakeMs + beatMs).member.phase.kind).toBe("asking");
});

test("[complaint 15] rule 7: the promoted node adopts the maintenance flag that only its granter knew", () => {
  const flagged = record(1, "a", sync(["a", "b"], 1, 3, true), true);
  const pair = createPair({ b: { ...settled, released: true }, w: flagged });
  for (const name of ["b", "w"]) start(pair, name);
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  expect(set(pair, "b")).toEqual(sync(["b"], 2, 1, true));
});

test("rule 11: a restarted node owes nothing for what it had promised to itself", () => {
  const pair = createPair({ b: record(2, "b", sync(["b"], 2, 1)) });
  for (const name of ["b", "w"]) start(pair, name);
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  start(pair, "a");
  pass(pair, 2 * beatMs);
  expect(pair.disks["a"]).toEqual(pair.disks["b"]);
});

test("rule 11: a restarted standby waits a whole lease before it stands", () => {
  const pair = createPair();
  for (const name of ["b", "w"]) start(pair, name);
  pass(pair, leaseMs - 50);
  expect(member(pair, "b").phase.kind).toBe("standby");
  pass(pair, leaseMs);
  expect(isPrimary(pair, "b")).toBe(true);
});

test("restart of the primary's agent within the lease: the same epoch goes on", () => {
  const pair = atWork();
  stop(pair, "a");
  pass(pair, 500);
  start(pair, "a");
  pass(pair, 500);
  expect(member(pair, "a").phase).toMatchObject({ kind: "primary", epoch: 1 });
});

test("an epoch that a node only voted for is not gone on with", () => {
  const voted = record(2, "b", settled.sync);
  const pair = createPair({ b: voted, w: voted });
  for (const name of ["b", "w"]) start(pair, name);
  const acts: string[] = [];
  pair.tell = (line, kind) => kind === "act" && acts.push(line);
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  expect(acts).toEqual(["b acts: promote epoch=3 cause=start"]);
});

test.each([1, 2])(
  "a standby that voted for itself in epoch %i and failed is won back under a higher epoch, in place",
  (epoch) => {
    const pair = atWork();
    stop(pair, "b");
    pair.disks["b"] = record(epoch, "b", settled.sync);
    start(pair, "b");
    const acts: string[] = [];
    pair.tell = (line, kind) => kind === "act" && acts.push(line);
    pass(pair, 4 * beatMs);
    expect(isPrimary(pair, "a")).toBe(true);
    expect(pair.disks["b"]).toMatchObject({ epoch: epoch + 1, holder: "a" });
  },
);

test("a holder whose epoch another voted for too moves above it, without the arbiter", () => {
  const won = record(2, "a", sync(["a"], 2, 1));
  const pair = createPair({ a: won, b: record(2, "b", settled.sync) });
  for (const name of ["a", "b"]) start(pair, name);
  pass(pair, 3 * leaseMs);
  expect(isPrimary(pair, "a")).toBe(true);
});

test("a primary whose own vote went to another, before a tick could say so, steps down at once", () => {
  const pair = atWork();
  pair.cut = of("a");
  const asleep = member(pair, "a");
  delete pair.members["a"];
  pass(pair, 2 * leaseMs, () => isPrimary(pair, "b"));
  pair.members["a"] = asleep;
  pair.cut = (message) => !renewals(message);
  pass(pair, 1);
  pair.cut = () => false;
  const acts: string[] = [];
  pair.tell = (line, kind) => kind === "act" && acts.push(line);
  const vote = { kind: "request" as const, from: "b", to: "a", boot: "b1", seq: 999, voterBoot: "a1" };
  const noWord = { operator: false, force: false };
  const asked = { purpose: "renew" as const, epoch: 2, sync: sync(["b"], 2, 1), fit: true, ...noWord };
  deliver(pair, { ...vote, ...asked, position: { epoch: 0, txid: 0 } });
  expect(acts[0]).toMatch(/^a acts: demote epoch=1/);
});

test("[HA-4] a vote that arrives after its bid was given up does not help the next one", () => {
  const pair = createPair();
  for (const name of ["b", "w"]) start(pair, name);
  pair.hold = (message) => message.kind === "reply" && message.purpose === "elect";
  pass(pair, 3 * leaseMs, () => pair.held.length > 0);
  const [late] = pair.held.splice(0);
  pair.hold = () => false;
  const electing = (): boolean => member(pair, "b").phase.kind === "electing";
  pair.cut = (message) => message.from === "w" && message.kind === "reply" && message.purpose === "elect";
  pass(pair, leaseMs, () => !electing());
  pass(pair, leaseMs, electing);
  if (late === undefined) throw new Error("no vote is held");
  deliver(pair, late);
  expect(member(pair, "b").phase.kind).toBe("electing");
});
