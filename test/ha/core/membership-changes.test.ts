import { describe, expect, test } from "vitest";
import { mayExpand } from "../../../ha/core/acknowledgement.ts";
import { validUntilMs } from "../../../ha/core/validity.ts";
import { nextMove } from "../../../ha/core/membership-changes.ts";
import type { MembershipChange, RosterFacts } from "../../../ha/core/membership-changes.ts";
import type { ArbiterKind } from "../../../ha/core/messages.ts";
import type { Pair } from "./pair.ts";
import { atWork, createPair, feed, isPrimary, member, pass, record, start, stop, sync, timing } from "./pair.ts";

const to = (kind: ArbiterKind, alone = false): MembershipChange => ({ kind: "arbiter", to: kind, targets: [], alone });
const retire = (name: string): MembershipChange => ({ kind: "retire", name });
const moved = (name: string): MembershipChange => ({ kind: "address", name, host: "10.0.0.9" });

/** What node a's roster says of the pair; everybody knows it. */
const facts = (change: Partial<RosterFacts> = {}): RosterFacts => ({
  version: 7,
  nodes: ["a", "b"],
  witness: "w",
  arbiter: { kind: "witness", targets: [] },
  versionOf: () => 7,
  ...change,
});

const move = (pair: Pair, change: MembershipChange, known: RosterFacts = facts()) =>
  nextMove(member(pair, "a"), known, change, pair.nowMs);
const refusedBy = (pair: Pair, change: MembershipChange, known?: RosterFacts): string[] =>
  move(pair, change, known)
    .checks.filter(({ ok }) => !ok)
    .map(({ name }) => name);

/** Node a leads with b in the set. */
function together(): Pair {
  const pair = atWork();
  feed(pair, "a", { kind: "expand" });
  pass(pair, 500);
  expect(member(pair, "a").voter.record?.sync.inSync).toEqual(["a", "b"]);
  return pair;
}

/** Node a leads as one board, b and w have joined. */
function standalone(disks: Parameters<typeof createPair>[0] = {}): Pair {
  const alone = record(1, "a", sync(["a"], 1, 2));
  const pair = createPair({ a: alone, b: null, w: null, ...disks });
  for (const name of ["a", "b", "w"]) start(pair, name);
  feed(pair, "a", { kind: "members", peer: "b", arbiter: null, arbiterKind: "standalone", observer: "w" });
  feed(pair, "b", { kind: "members", peer: "a", arbiter: null, arbiterKind: "standalone", bystander: true });
  pass(pair, 2_000);
  return pair;
}
const one = { arbiter: { kind: "standalone" as const, targets: [] } };

describe("who may change the members", () => {
  test("a member's address changes at once and leaves the set alone; a stranger has none", () => {
    const pair = together();
    for (const name of ["a", "b", "w"]) expect(move(pair, moved(name)).kind).toBe("commit");
    expect(refusedBy(pair, moved("c"))).toEqual(["c is a member"]);
    expect(member(pair, "a").voter.record?.sync.inSync).toEqual(["a", "b"]);
  });

  test.each([to("manual"), to("standalone"), retire("b"), retire("w"), moved("b"), { kind: "admit" as const }])(
    "only the node that leads: %j",
    (change) => {
      const pair = together();
      const asked = nextMove(member(pair, "b"), facts(), change, pair.nowMs);
      expect(asked.kind).toBe("refused");
      expect(asked.checks).toContainEqual({ name: "this node leads", ok: false, detail: "it is standby; ask a" });
    },
  );

  test("a lease that has ended changes nothing", () => {
    const pair = together();
    pair.nowMs = validUntilMs(member(pair, "a"));
    expect(refusedBy(pair, { kind: "admit" })).toEqual(["this node leads"]);
  });

  test("the founder of a cluster that never led admits; one that led does so only while it leads", () => {
    const founder = createPair({ a: record(0, "a", sync(["a"], 0, 0)) });
    start(founder, "a");
    expect(move(founder, { kind: "admit" }).kind).toBe("commit");
    // In whatever order: a second node that has joined and was not started yet is blank, and can elect nobody.
    expect(move(founder, { kind: "admit" }, facts({ witness: null, versionOf: () => 0 })).kind).toBe("commit");
    expect(refusedBy(founder, to("manual"))).toContain("this node leads");
    const led = createPair({ a: record(1, "a", sync(["a"], 1, 1)) });
    start(led, "a");
    expect(refusedBy(led, { kind: "admit" })).toEqual(["this node leads"]);
  });

  test("[HA-1] one change at a time: none while a node of the set lacks the one before", () => {
    const pair = together();
    const behind = facts({ versionOf: (name) => (name === "b" ? 6 : 7) });
    for (const change of [to("manual"), retire("b"), retire("w"), { kind: "admit" } as const])
      expect(refusedBy(pair, change, behind)).toEqual(["the other node knows the last change, or cannot lead"]);
    pair.cut = ({ from }) => from === "a";
    feed(pair, "a", { kind: "shrink" });
    expect(move(pair, { kind: "admit" }, behind).kind).toBe("refused");
    // Out of the set, as another voter has recorded, nobody elects it.
    pair.cut = () => false;
    pass(pair, 2 * timing.beatMs);
    expect(move(pair, { kind: "admit" }, behind).kind).toBe("commit");
  });
});

describe("away from the witness, or a board retired", () => {
  test.each([to("standalone"), to("manual"), retire("b")])(
    "[HA-7] %j: first the set is this node alone, and exactly that is recorded by another voter",
    (change) => {
      const pair = together();
      expect(move(pair, change).kind).toBe("shrink");
      pair.cut = ({ from }) => from === "a";
      feed(pair, "a", { kind: "shrink" });
      expect(move(pair, change)).toMatchObject({ kind: "wait", until: expect.stringMatching(/another voter/) });
      pair.cut = () => false;
      pass(pair, 2 * timing.beatMs);
      expect(move(pair, change).kind).toBe("commit");
    },
  );

  test("an old witness is retired as soon as the lease stands without it", () => {
    const pair = together();
    expect(move(pair, retire("w")).kind).toBe("commit");
    stop(pair, "b");
    pass(pair, timing.leaseMs);
    expect(refusedBy(pair, retire("w"))).toEqual(["the lease stands without w"]);
    // While it is not the arbiter, nothing stands on it.
    feed(pair, "a", { kind: "members", peer: null, arbiter: null, arbiterKind: "standalone", observer: "w" });
    expect(move(pair, retire("w"), facts(one)).kind).toBe("commit");
  });

  test("whoever is no member, or leads, is not retired", () => {
    const pair = together();
    expect(refusedBy(pair, retire("c"))).toEqual(["c is a member"]);
    expect(refusedBy(pair, retire("a"))).toEqual(["it is not this node"]);
  });
});

describe("from one board to two, and to a witness", () => {
  test.each([
    [to("witness"), "w"],
    [to("reachability"), "b"],
  ])("%j: not before %s has joined, holds a record, and grants the lease", (change, voter) => {
    const pair = standalone();
    expect(isPrimary(pair, "a")).toBe(true);
    expect(move(pair, change, facts(one)).kind).toBe("commit");
    const absent = facts({ ...one, nodes: ["a"], witness: null });
    expect(refusedBy(pair, change, absent)).toEqual([
      voter === "w" ? "a witness has joined" : "a second node has joined",
    ]);
    stop(pair, voter);
    pass(pair, timing.leaseMs);
    expect(refusedBy(pair, change, facts(one))).toEqual([`${voter} grants the lease`]);
    pair.disks[voter] = null;
    pair.cut = ({ kind }) => kind === "enrol";
    start(pair, voter);
    pass(pair, timing.leaseMs);
    expect(refusedBy(pair, change, facts(one))).toContain(`${voter} has a record`);
  });

  test("[HA-7] one board alone lets nobody into the set, so nobody else can ever stand alone", () => {
    const pair = standalone();
    expect(mayExpand(member(pair, "a"))).toBe(false);
    feed(pair, "a", { kind: "expand" });
    expect(member(pair, "a").voter.record?.sync.inSync).toEqual(["a"]);
    stop(pair, "a");
    pass(pair, 5 * timing.leaseMs);
    expect(isPrimary(pair, "b")).toBe(false);
  });

  test("[HA-1] the other node never stands by itself, whatever its own record says; an operator's word counts", () => {
    const pair = createPair({ b: record(1, "b", sync(["b"], 1, 3)) });
    start(pair, "b");
    const alone = { kind: "members", peer: "a", arbiter: null, arbiterKind: "standalone" } as const;
    feed(pair, "b", { ...alone, bystander: true });
    pass(pair, 5 * timing.leaseMs);
    expect(isPrimary(pair, "b")).toBe(false);
    feed(pair, "b", { kind: "force", acceptDataLoss: true });
    expect(isPrimary(pair, "b")).toBe(true);
  });

  test("[HA-1] a board that leads alone steps down as soon as it hears that another one does", () => {
    const pair = standalone();
    feed(pair, "a", { kind: "members", peer: "b", arbiter: null, bystander: true });
    expect(member(pair, "a").phase.kind).toBe("stepping-down");
  });

  test("the lease goes on while the arbiter changes, and stands on the new vote", () => {
    const pair = standalone();
    feed(pair, "a", { kind: "members", peer: "b", arbiter: "w", arbiterKind: "witness" });
    stop(pair, "b");
    pass(pair, 3 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(true);
    stop(pair, "w");
    pass(pair, 2 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(false);
  });

  test("a witness that is not the arbiter elects nobody", () => {
    const pair = createPair({ a: record(1, "b", sync(["a", "b"], 1, 2)), w: record(1, "b", sync(["a", "b"], 1, 2)) });
    for (const name of ["a", "w"]) start(pair, name);
    feed(pair, "a", { kind: "members", peer: "b", arbiter: null, arbiterKind: "reachability", observer: "w" });
    pass(pair, 5 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(false);
    feed(pair, "a", { kind: "members", peer: "b", arbiter: "w", arbiterKind: "witness" });
    pass(pair, 2 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(true);
  });

  test("[HA-1] an attempt that began by the rules of before ends with them", () => {
    const pair = createPair();
    start(pair, "b");
    pass(pair, 5 * timing.leaseMs, () => member(pair, "b").phase.kind === "asking");
    expect(member(pair, "b").phase.kind).toBe("asking");
    feed(pair, "b", { kind: "members", peer: "a", arbiter: null, arbiterKind: "standalone", bystander: true });
    pass(pair, timing.leaseMs);
    expect(isPrimary(pair, "b")).toBe(false);
  });

  test("[HA-1] a node that has not heard of the epoch in which the members were made does not stand", () => {
    const pair = createPair({ a: record(1, "a", sync(["a"], 1, 2)) });
    start(pair, "a");
    feed(pair, "a", { kind: "members", peer: "b", arbiter: null, arbiterKind: "manual", madeInEpoch: 2 });
    pass(pair, 5 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(false);
    feed(pair, "a", { kind: "members", peer: "b", arbiter: null, madeInEpoch: 1 });
    pass(pair, 5 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(true);
  });

  test("the same arbiter again is no change", () => {
    expect(refusedBy(together(), to("witness"))).toContain("it is another arbiter");
    const targets = { kind: "reachability" as const, targets: ["10.0.0.1"] };
    const other: MembershipChange = { kind: "arbiter", to: "reachability", targets: ["10.0.0.2"], alone: false };
    expect(refusedBy(together(), other, facts({ arbiter: targets }))).toEqual([]);
  });
});

describe("the last one of three", () => {
  test("an operator's word makes it one board, which then leads by itself", () => {
    const pair = createPair();
    start(pair, "a");
    pass(pair, 2 * timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(false);
    expect(refusedBy(pair, to("standalone"))).toEqual(["this node leads"]);
    expect(move(pair, to("standalone", true)).kind).toBe("commit");
    expect(refusedBy(pair, to("manual", true))).toEqual(["it goes on as one board"]);
    feed(pair, "a", { kind: "members", peer: null, arbiter: null, arbiterKind: "standalone" });
    pass(pair, timing.leaseMs);
    expect(isPrimary(pair, "a")).toBe(true);
  });

  test("[HA-1] not while it knows of another's lease", () => {
    const pair = together();
    const asked = nextMove(member(pair, "b"), facts(), to("standalone", true), pair.nowMs);
    expect(asked.checks.filter(({ ok }) => !ok)).toEqual([
      { name: "nobody else holds the lease", ok: false, detail: "a holds it" },
    ]);
    expect(refusedBy(pair, to("standalone", true))).toEqual(["this node does not lead"]);
  });
});

test("whoever leaves the members takes its grants along, and comes back as a stranger", () => {
  const pair = together();
  feed(pair, "a", { kind: "members", peer: null, arbiter: "w" });
  feed(pair, "a", { kind: "members", peer: "b", arbiter: "w" });
  expect(member(pair, "a").remotes["b"]).toBeUndefined();
  expect(mayExpand(member(pair, "a"))).toBe(false);
  pass(pair, 2 * timing.beatMs);
  expect(mayExpand(member(pair, "a"))).toBe(true);
  feed(pair, "a", { kind: "hold", on: true });
  expect(mayExpand(member(pair, "a"))).toBe(false);
});
