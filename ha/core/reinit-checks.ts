import { where } from "./change-checks.ts";
import type { Check } from "./change-checks.ts";
import { newestSync, remoteOf } from "./member.ts";
import type { Member } from "./member.ts";

/** A standby's copy that is to be thrown away; `name` is the node that was asked for. */
export type ReinitRequest = {
  readonly member: Member;
  readonly name: string;
  readonly acceptDataLoss: boolean;
  /** Why there is no room for another copy; null when there is. */
  readonly cramped: string | null;
  readonly nowMs: number;
};

/** Whoever leads, is heard, and holds everything confirmed; null: nobody is known to. */
export function wholeElsewhere(member: Member, nowMs: number): string | null {
  const { voter, peer } = member;
  const { record, timing } = voter;
  if (peer === null || record?.holder !== peer || record.released) return null;
  const heard = nowMs - remoteOf(member, peer).lastHeardMs < timing.leaseMs;
  return heard && newestSync(member)?.inSync.includes(peer) === true ? peer : null;
}

/** What must hold before a standby throws its copy away, each named, both nodes' positions included. */
export function reinitChecks({ member, name, acceptDataLoss, cramped, nowMs }: ReinitRequest): readonly Check[] {
  const { voter, phase, position, peer } = member;
  const whole = wholeElsewhere(member, nowMs);
  const peerAt = peer === null ? null : remoteOf(member, peer);
  const other =
    peerAt === null || !Number.isFinite(peerAt.lastHeardMs)
      ? `${peer ?? "another node"} was never heard`
      : `${peer ?? ""} was last at ${where(peerAt.position)}`;
  const inSync = newestSync(member)?.inSync.join(", ") ?? "nobody";
  return [
    { name: "it is this node", ok: name === voter.name, detail: `this is ${voter.name}` },
    {
      name: "this node is a standby",
      ok: phase.kind === "standby",
      detail: `it is ${phase.kind}, at ${where(position)}`,
    },
    {
      name: "another node leads and holds everything confirmed, or the loss is accepted",
      ok: whole !== null || acceptDataLoss,
      detail: `${whole === null ? "nobody is known to" : `${whole} does`}; in sync: ${inSync}; ${other}`,
    },
    { name: "there is room for another copy", ok: cramped === null, detail: cramped ?? "" },
  ];
}
