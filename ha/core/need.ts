import type { Name } from "./messages.ts";
import { newestSync, others, remoteOf, votersNeeded } from "./member.ts";
import type { Member } from "./member.ts";

/** Why this node cannot lead by itself, and what would end it [HA-10]. */
export type Need =
  /** This node is blank: a primary has to enrol it. */
  | { readonly kind: "enrolment" }
  /** Only these nodes hold everything confirmed: start one, or fail over to this node by hand (`failover`). */
  | { readonly kind: "start-or-failover"; readonly names: readonly Name[] }
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
  const recentMs = nowMs - 2 * voter.timing.leaseMs;
  const remotes = others(member).map((name) => ({ name, ...remoteOf(member, name) }));
  const answering = remotes.filter(({ record, lastHeardMs }) => record !== null && lastHeardMs >= recentMs);
  if (!newest.inSync.includes(voter.name)) return { kind: "start-or-failover", names: newest.inSync };
  if (answering.length + 1 < votersNeeded(member)) {
    const silent = remotes.filter((remote) => !answering.some(({ name }) => name === remote.name));
    return { kind: "voters", names: silent.map(({ name }) => name) };
  }
  const { record, name } = voter;
  const carriesOn = record.holder === name && record.sync.setEpoch === record.epoch;
  const refused = remotes.some(({ refusal }) => refusal === "paused");
  return newest.paused && (refused || !carriesOn) ? { kind: "maintenance" } : null;
}
