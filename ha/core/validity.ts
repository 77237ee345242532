import type { Member } from "./member.ts";
import type { Name } from "./messages.ts";
import { networkGrantMs } from "./timing.ts";

const never = Number.NEGATIVE_INFINITY;

/** A last holder needs nobody else to hold: one board, one whose second has not joined, or where an operator decides. */
export const holdsAlone = ({ arbiterKind, peer }: Member): boolean =>
  arbiterKind === "standalone" || arbiterKind === "manual" || (arbiterKind === "reachability" && peer === null);

/**
 * Rule 4: when the lease ends by this node's clock, margin taken off: the second longest of three grants
 * (its own voter's among them), or its own alone where that is enough. `without` leaves one voter out.
 */
export function validUntilMs(member: Member, without: Name | null = null): number {
  const { peer, voter } = member;
  const own = voter.promise?.to === voter.name ? voter.promise.untilMs : never;
  const first = grantOf(member, peer, without);
  const second = thirdGrantOf(member, without);
  const longest = Math.max(own, first, second);
  const shortest = Math.min(own, first, second);
  // Of three numbers, the one that is neither; where two are equal, it is one of them.
  const middle = own === longest ? Math.max(first, second) : own === shortest ? Math.min(first, second) : own;
  return (holdsAlone(member) ? own : middle) - voter.timing.marginMs;
}

/** The network's grant is this node's own view: its peer may be granted by the network just the same. */
const thirdGrantOf = (member: Member, without: Name | null): number =>
  member.arbiterKind === "reachability"
    ? member.network.anySentMs + networkGrantMs(member.voter.timing)
    : grantOf(member, member.arbiter, without);

const grantOf = (member: Member, name: Name | null, without: Name | null): number =>
  name === null || name === without ? never : (member.remotes[name]?.grantUntilMs ?? never);
