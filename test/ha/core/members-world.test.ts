import { expect, test } from "vitest";
import type { Member } from "../../../ha/core/member.ts";
import { nextMove } from "../../../ha/core/membership-changes.ts";
import type { MembershipChange, MembershipMove, RosterFacts } from "../../../ha/core/membership-changes.ts";
import type { Breakage } from "./members-world.ts";
import { MembersWorld, timing } from "./members-world.ts";

const playMs = 40 * timing.leaseMs;
const schedules = 300;
const caughtWithin = 8_000;

function play(seed: number, broken: Breakage = {}): MembersWorld {
  const world = new MembersWorld(seed, broken);
  world.play(playMs);
  return world;
}

test(
  "[HA-1] [HA-6] [HA-10] members come and go under faults: one leads at a time, nothing confirmed is lost, and healed somebody leads",
  { timeout: 120_000 },
  () => {
    const counts: Record<string, number> = {};
    const first = Math.floor(Math.random() * 1e9);
    for (let seed = first; seed < first + schedules; seed++) {
      const world = play(seed);
      expect(world.violation, `seed ${seed}`).toBeNull();
      expect(world.heals(10 * timing.leaseMs), `seed ${seed}: nobody leads\n${world.story}`).toBe(true);
      for (const [kind, count] of Object.entries(world.counts)) counts[kind] = (counts[kind] ?? 0) + count;
    }
    console.log(`${schedules} schedules from seed ${first}: ${JSON.stringify(counts)}`);
    for (const kind of ["admit", "retire", "arbiter", "resume", "failover"])
      expect(counts[kind] ?? 0, kind).toBeGreaterThan(20);
  },
);

const commit: MembershipMove = { kind: "commit", checks: [] };

/** The shipped decision with one rule left out. */
const ignoring =
  (left: (move: MembershipMove) => boolean) =>
  (member: Member, facts: RosterFacts, change: MembershipChange, nowMs: number): MembershipMove => {
    const move = nextMove(member, facts, change, nowMs);
    return left(move) ? commit : move;
  };
const ignoringCheck = (name: string): Breakage => ({
  move: ignoring(({ kind, checks }) => kind === "refused" && checks.every((check) => check.ok || check.name === name)),
});

const breakages: readonly { readonly name: string; readonly broken: Breakage }[] = [
  { name: "a change needs no lease", broken: ignoringCheck("this node leads") },
  {
    name: "changes follow each other unheard",
    broken: ignoringCheck("the other node knows the last change, or cannot lead"),
  },
  { name: "the set is not shrunk first", broken: { move: ignoring(({ kind }) => kind === "shrink") } },
  { name: "nobody has to record the smaller set", broken: { move: ignoring(({ kind }) => kind === "wait") } },
  { name: "whoever knows the name is a member", broken: { admits: true } },
  {
    name: "any node may lead as one board",
    broken: { event: (event) => (event.kind === "members" ? { ...event, bystander: false } : event) },
  },
];

test.each(breakages)("caught: $name", { timeout: 120_000 }, ({ broken }) => {
  for (let seed = 1; seed <= caughtWithin; seed++) {
    if (play(seed, broken).violation === null) continue;
    expect(play(seed).violation, "the same schedule without the breakage").toBeNull();
    return;
  }
  expect.fail(`not caught in ${caughtWithin} schedules`);
});
