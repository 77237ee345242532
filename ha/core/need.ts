import type { Name } from "./messages.ts";
import { newestSync, others, remoteOf } from "./member.ts";
import type { Member } from "./member.ts";
import { isFreshlyDetached, isLastHolder, knowsNewestSet } from "./quorum.ts";

/** Why this node cannot lead by itself, and what would end it [HA-10]. */
export type Need =
  /** This node is blank: a primary has to enrol it. */
  | { readonly kind: "enrolment" }
  /** Another machine runs under this node's name and keys: one of the two has to be stopped. */
  | { readonly kind: "one-machine" }
  /** Only these nodes hold everything confirmed: start one, or fail over to this node by hand (`failover`). */
  | { readonly kind: "start-or-failover"; readonly names: readonly Name[] }
  /** Without a third vote this node cannot know whether the other leads: an operator can (`failover`). */
  | { readonly kind: "operator"; readonly peer: Name; readonly mayLose: boolean }
  /** Maintenance: no automatic promotion until it ends, or `failover`. */
  | { readonly kind: "maintenance" }
  /** Too few voters with a record answer: start these, or found them anew. */
  | { readonly kind: "voters"; readonly names: readonly Name[] };

/** What a standby waits for that time alone does not bring; null: nothing. Decides nothing. */
export function needOf(member: Member, nowMs: number): Need | null {
  const { phase, voter } = member;
  if (phase.kind === "primary") return null;
  const newest = newestSync(member);
  if (voter.record === null || newest === null) return { kind: "enrolment" };
  if (others(member).some((name) => remoteOf(member, name).refusal === "other-run")) return { kind: "one-machine" };
  const operator = operatorNeed(member, nowMs);
  if (operator !== null) return operator;
  const recentMs = nowMs - 2 * voter.timing.leaseMs;
  const remotes = others(member).map((name) => ({ name, ...remoteOf(member, name) }));
  const answering = remotes.filter(({ record, lastHeardMs }) => record !== null && lastHeardMs >= recentMs);
  if (!newest.inSync.includes(voter.name)) return { kind: "start-or-failover", names: newest.inSync };
  if (member.arbiterKind === "witness" && answering.length === 0) {
    const silent = remotes.filter((remote) => !answering.some(({ name }) => name === remote.name));
    return { kind: "voters", names: silent.map(({ name }) => name) };
  }
  const { record, name } = voter;
  const carriesOn = record.holder === name && record.sync.setEpoch === record.epoch;
  const refused = remotes.some(({ refusal }) => refusal === "paused");
  return newest.paused && (refused || !carriesOn) ? { kind: "maintenance" } : null;
}

function operatorNeed(member: Member, nowMs: number): Need | null {
  const { arbiterKind, peer, voter } = member;
  const { record, name, timing } = voter;
  if (record === null || peer === null || !(newestSync(member)?.inSync.includes(name) ?? false)) return null;
  if (arbiterKind !== "reachability" && arbiterKind !== "manual") return null;
  // The last holder goes on by itself, and so does whoever was given the lease.
  if (isLastHolder(record, name) || (record.released && record.holder !== name)) return null;
  const peerSpeaks = nowMs - remoteOf(member, peer).lastHeardMs <= 2 * timing.leaseMs;
  const byItself = arbiterKind === "reachability" && (peerSpeaks || isFreshlyDetached(member, nowMs));
  return byItself ? null : { kind: "operator", peer, mayLose: !knowsNewestSet(member, nowMs) };
}
