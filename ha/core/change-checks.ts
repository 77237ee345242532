import { newestSync, remoteOf } from "./member.ts";
import type { Member } from "./member.ts";
import type { Position } from "./messages.ts";
import { knowsNewestSet } from "./quorum.ts";
import { ownVoteIsFree } from "./step.ts";

/** One named check of a planned change. */
export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** A position as people read it. */
export const where = (at: Position | undefined): string => (at === undefined ? "nowhere" : `${at.epoch}/${at.txid}`);

/** What must hold before this primary hands the lease to its peer, each named, positions included. */
export function switchoverChecks(member: Member, lagTxids: number | null, nowMs: number): readonly Check[] {
  const { peer, phase, voter, position } = member;
  const remote = peer === null ? null : remoteOf(member, peer);
  const heardMs = remote === null ? null : Math.round(nowMs - remote.lastHeardMs);
  return [
    { name: "this node leads", ok: phase.kind === "primary", detail: `it is ${phase.kind}, at ${where(position)}` },
    { name: "a second node has joined", ok: peer !== null, detail: peer ?? "none has" },
    {
      name: "the standby answers",
      ok: heardMs !== null && heardMs < voter.timing.leaseMs,
      detail:
        heardMs === null || !Number.isFinite(heardMs)
          ? "never heard"
          : `heard ${heardMs} ms ago, at ${where(remote?.position)}`,
    },
    {
      name: "the standby is fit to lead",
      ok: remote?.fit === true,
      detail: remote?.fit === true ? "warm" : "its app or its copy is not ready",
    },
    {
      name: "the standby is in sync",
      ok: peer !== null && (voter.record?.sync.inSync.includes(peer) ?? false),
      detail: `in sync: ${voter.record?.sync.inSync.join(", ") ?? "nobody"}; lag ${lagTxids ?? "unknown"} transactions`,
    },
  ];
}

/** What must hold before an operator makes this standby lead. `broken`: why it could not, null when it could. */
export function failoverChecks(
  member: Member,
  broken: string | null,
  acceptDataLoss: boolean,
  nowMs: number,
): readonly Check[] {
  const { name } = member.voter;
  // [HA-6] Its own record may be from before it was put out of the set: another voter must have said what it knows.
  const newest = newestSync(member);
  const heard = knowsNewestSet(member, nowMs);
  const complete = heard && (newest?.inSync.includes(name) ?? false);
  const unheard =
    member.arbiterKind === "witness"
      ? " (no other voter has answered yet)"
      : `, when ${member.peer ?? "the other node"} was last heard; it may have confirmed more alone since`;
  const { peer } = member;
  const remote = peer === null ? null : remoteOf(member, peer);
  const peerAt =
    remote !== null && Number.isFinite(remote.lastHeardMs) ? `last at ${where(remote.position)}` : "never heard";
  const other = peer === null ? "" : `, ${peer} was ${peerAt}`;
  const inSync = `${newest?.inSync.join(", ") ?? "nobody"}${heard ? "" : unheard}`;
  return [
    // One that asks in vain for the lease gives way to an operator's word.
    {
      name: "this node is a standby",
      ok: ["standby", "asking"].includes(member.phase.kind),
      detail: `it is ${member.phase.kind}`,
    },
    {
      name: "this node could lead",
      ok: broken === null,
      detail: broken ?? `at ${where(member.position)}`,
    },
    {
      name: "nobody holds the lease",
      ok: ownVoteIsFree(member, nowMs),
      detail: holderOf(member, nowMs),
    },
    {
      name: "this node holds everything confirmed, or the loss is accepted",
      ok: complete || acceptDataLoss,
      detail: `in sync: ${inSync}; this node is at ${where(member.position)}${other}`,
    },
  ];
}

function holderOf({ voter }: Member, nowMs: number): string {
  const { promise, record } = voter;
  if (promise !== null && promise.untilMs > nowMs) return `${promise.to} holds it; use "trader switchover" there`;
  return `last held by ${record?.holder ?? "nobody"}`;
}
