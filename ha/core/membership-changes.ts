import type { Check } from "./change-checks.ts";
import { acknowledgedBy, setAcknowledged } from "./acknowledgement.ts";
import { remoteOf } from "./member.ts";
import { validUntilMs } from "./validity.ts";
import type { Member } from "./member.ts";
import type { ArbiterKind, Name } from "./messages.ts";

/** What a change of the members needs to know of the roster in force. */
export type RosterFacts = {
  readonly version: number;
  readonly nodes: readonly Name[];
  readonly witness: Name | null;
  readonly arbiter: { readonly kind: ArbiterKind; readonly targets: readonly string[] };
  /** The newest roster that a member said it has, in this run; below every version where it said nothing. */
  readonly versionOf: (name: Name) => number;
};

export type MembershipChange =
  /** Somebody else, or nobody, has the third vote from now on. `alone`: an operator's word that all others are off. */
  | {
      readonly kind: "arbiter";
      readonly to: ArbiterKind;
      readonly targets: readonly string[];
      readonly alone: boolean;
    }
  /** A board that is gone for good, or an old witness. */
  | { readonly kind: "retire"; readonly name: Name }
  /** Where a member is reached from now on. Nothing of who votes or leads changes. */
  | { readonly kind: "address"; readonly name: Name; readonly host: string }
  /** A new member, by a token. */
  | { readonly kind: "admit" };

/** `shrink`: put the peer out of the set. `wait`: nothing to do yet. `commit`: the roster may be changed now, durably. */
export type MembershipMove =
  | { readonly kind: "refused"; readonly checks: readonly Check[] }
  | { readonly kind: "shrink"; readonly checks: readonly Check[] }
  | { readonly kind: "wait"; readonly checks: readonly Check[]; readonly until: string }
  | { readonly kind: "commit"; readonly checks: readonly Check[] };

/**
 * What to do next for a change of the members; to be asked again until it says `commit` or `refused`.
 *
 * Whoever could be elected at any moment knows the roster in force or the one before it, and two rosters that follow
 * each other have no two disjoint majorities. Hence: one change at a time, none while a node of the set lacks the last
 * one; and before a vote is taken away that an election of the peer could stand on, the set is this node alone, which
 * another voter has recorded. [HA-1] [HA-7]
 */
export function nextMove(member: Member, facts: RosterFacts, change: MembershipChange, nowMs: number): MembershipMove {
  const checks = checksOf(member, facts, change, nowMs);
  if (checks.some(({ ok }) => !ok)) return { kind: "refused", checks };
  if (!needsSetAlone(member, facts, change)) return { kind: "commit", checks };
  if (!setIsAlone(member)) return { kind: "shrink", checks };
  const newVoter = change.kind === "arbiter" ? newVoterOf(member, facts, change.to) : null;
  const recorded = setAcknowledged(member) && (newVoter === null || acknowledgedBy(member, newVoter));
  if (recorded) return { kind: "commit", checks };
  return { kind: "wait", checks, until: "another voter has recorded that this node alone holds everything" };
}

/** Whoever is to be able to elect the peer, or to be elected by what it remembers, from then on. */
function newVoterOf(member: Member, { witness, nodes }: RosterFacts, to: ArbiterKind): Name | null {
  switch (to) {
    case "witness":
      return witness;
    case "reachability":
      return nodes.find((name) => name !== member.voter.name) ?? null;
    case "manual":
    case "standalone":
      return null;
  }
}

const setOf = ({ voter }: Member): readonly Name[] => voter.record?.sync.inSync ?? [];
const setIsAlone = (member: Member): boolean => setOf(member).every((name) => name === member.voter.name);

/** Whether the change takes away what the peer's election could stand on. An old witness goes by the peer's grants. */
const needsSetAlone = (member: Member, { witness }: RosterFacts, change: MembershipChange): boolean =>
  (change.kind === "arbiter" && !change.alone) || (change.kind === "retire" && change.name !== witness);

/** Everything that must hold first, each by its name. */
function checksOf(member: Member, facts: RosterFacts, change: MembershipChange, nowMs: number): readonly Check[] {
  const { phase, voter } = member;
  if (change.kind === "arbiter" && change.alone) return aloneChecks(member, change.to, nowMs);
  const leads: Check = {
    name: "this node leads",
    ok: phase.kind === "primary" && nowMs < validUntilMs(member),
    detail: phase.kind === "primary" ? "" : `it is ${phase.kind}; ask ${leaderOf(member)}`,
  };
  // A cluster that nobody ever led has nobody to disagree, and its second node is blank until a primary enrols it.
  const founding = change.kind === "admit" && voter.record?.epoch === 0 && voter.record.holder === voter.name;
  if (founding) return [];
  return [leads, knownByAll(member, facts), ...ownChecks(member, facts, change, nowMs)];
}

const leaderOf = ({ voter }: Member): string => {
  const holder = voter.record?.holder ?? null;
  return holder === null || holder === voter.name ? "the node that leads" : holder;
};

/** One change at a time: the peer knows the one before, or whoever could elect it has recorded that it must not lead. */
function knownByAll(member: Member, { version, nodes, versionOf }: RosterFacts): Check {
  const peer = nodes.find((name) => name !== member.voter.name) ?? null;
  const knows = peer === null || versionOf(peer) >= version;
  const out = setIsAlone(member) && setAcknowledged(member);
  const detail = knows ? `roster ${version}` : `${peer} ${out ? "is out of the set" : `lacks roster ${version}`}`;
  return { name: "the other node knows the last change, or cannot lead", ok: knows || out, detail };
}

function ownChecks(member: Member, facts: RosterFacts, change: MembershipChange, nowMs: number): readonly Check[] {
  switch (change.kind) {
    case "admit":
      return [];
    case "arbiter":
      return arbiterChecks(member, facts, change, nowMs);
    case "retire":
      return retireChecks(member, facts, change.name, nowMs);
    case "address":
      return [isMember(facts, change.name)];
  }
}

function arbiterChecks(
  member: Member,
  facts: RosterFacts,
  { to, targets }: Extract<MembershipChange, { kind: "arbiter" }>,
  nowMs: number,
): readonly Check[] {
  const { arbiter, nodes } = facts;
  const same = arbiter.kind === to && arbiter.targets.join() === targets.join();
  const other: Check = { name: "it is another arbiter", ok: !same, detail: `now ${arbiterText(arbiter)}` };
  if (to === "standalone") return [other];
  const second = nodes.find((name) => name !== member.voter.name) ?? null;
  if (to === "manual") return [other, joined("a second node", "node", second)];
  const voter = newVoterOf(member, facts, to);
  const [who, kind] = to === "witness" ? (["a witness", "witness"] as const) : (["a second node", "node"] as const);
  return [other, joined(who, kind, voter), ...votes(member, voter, nowMs)];
}

const arbiterText = ({ kind, targets }: RosterFacts["arbiter"]): string => [kind, ...targets].join(" ");

const joined = (who: string, kind: "node" | "witness", name: Name | null): Check => ({
  name: `${who} has joined`,
  ok: name !== null,
  detail: name ?? `make a token: trader token --kind ${kind}`,
});

/** A voter that the lease is to stand on must have shown that it votes, in this run. */
function votes(member: Member, name: Name | null, nowMs: number): readonly Check[] {
  if (name === null) return [];
  const { record, grantUntilMs, refusal } = remoteOf(member, name);
  const granted = grantUntilMs > nowMs;
  return [
    {
      name: `${name} has a record`,
      ok: record !== null,
      detail: record === null ? "not yet" : `epoch ${record.epoch}`,
    },
    { name: `${name} grants the lease`, ok: granted, detail: granted ? "" : (refusal ?? "it does not answer") },
  ];
}

function isMember({ nodes, witness }: RosterFacts, name: Name): Check {
  const ok = nodes.includes(name) || witness === name;
  return { name: `${name} is a member`, ok, detail: ok ? "" : "look at trader members" };
}

function retireChecks(member: Member, facts: RosterFacts, name: Name, nowMs: number): readonly Check[] {
  const known = isMember(facts, name);
  const self = name === member.voter.name;
  return [
    known,
    { name: "it is not this node", ok: !self, detail: self ? "hand the lead over first: trader switchover" : "" },
    ...(known.ok && !self ? [standsWithout(member, name, nowMs)] : []),
  ];
}

function standsWithout(member: Member, name: Name, nowMs: number): Check {
  const stands = validUntilMs(member, name) > nowMs;
  const detail = stands ? "" : "start the other one, or go on without it first: trader arbiter standalone";
  return { name: `the lease stands without ${name}`, ok: stands, detail };
}

/** The last one left of three: an operator says that the others are off for good. */
function aloneChecks({ phase, voter }: Member, to: ArbiterKind, nowMs: number): readonly Check[] {
  const { promise, record, name } = voter;
  const led = promise !== null && promise.to !== name && promise.untilMs > nowMs;
  return [
    { name: "it goes on as one board", ok: to === "standalone", detail: to },
    { name: "this node does not lead", ok: phase.kind !== "primary", detail: `it is ${phase.kind}` },
    { name: "this node has a record", ok: record !== null, detail: record === null ? "it is blank" : "" },
    { name: "nobody else holds the lease", ok: !led, detail: led ? `${promise.to} holds it` : "" },
  ];
}
