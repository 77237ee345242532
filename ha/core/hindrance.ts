import { remoteOf } from "./member.ts";
import type { Member } from "./member.ts";

/** What an hour allows: an app that fails on both nodes must not send the lease to and fro. */
export const givenAwayMax = 3;

/** Why this primary cannot leave the lease to its peer; null when the peer would do better right now. */
export function hindranceOf(member: Member, givenAwayThisHour: number, nowMs: number): string | null {
  const { peer, voter } = member;
  if (peer === null) return "there is no other node";
  const remote = remoteOf(member, peer);
  if (!(nowMs - remote.lastHeardMs <= voter.timing.leaseMs)) return `${peer} is not heard from`;
  if (voter.record?.sync.inSync.includes(peer) !== true) return `${peer} does not hold everything confirmed`;
  if (!remote.fit) return `${peer} is not fit to lead`;
  if (givenAwayThisHour >= givenAwayMax) return `the lease was given away ${givenAwayMax} times within this hour`;
  return null;
}
