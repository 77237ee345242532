import { others, remoteOf } from "./member.ts";
import type { Member } from "./member.ts";
import type { Name, SyncRecord } from "./messages.ts";
import { aloneAfterMs } from "./timing.ts";
import { holdsAlone } from "./validity.ts";

const sameSync = (a: SyncRecord, b: SyncRecord): boolean => a.setEpoch === b.setEpoch && a.setVersion === b.setVersion;

/** That voter has recorded exactly this node's present set, and said so in this run. */
export function acknowledgedBy(member: Member, name: Name): boolean {
  const own = member.voter.record?.sync;
  const theirs = remoteOf(member, name).record?.sync;
  return own !== undefined && theirs !== undefined && sameSync(own, theirs);
}

/**
 * Rule 9: another voter has recorded exactly this node's present set, and said so in this run. With an arbiter that
 * records nothing: or no standby can stand any more that knows only of an older set.
 */
export function setAcknowledged(member: Member, without: Name | null = null): boolean {
  if (member.voter.record === null) return false;
  if (holdsAlone(member)) return true;
  const { timing } = member.voter;
  if (member.arbiterKind === "reachability" && member.lastTickMs >= member.setSinceMs + aloneAfterMs(timing))
    return true;
  return recordedElsewhere(member, without);
}

/** Another voter has said in this run that it recorded exactly this node's present set and maintenance flag. */
export function recordedElsewhere(member: Member, without: Name | null = null): boolean {
  return others(member).some((name) => name !== without && acknowledgedBy(member, name));
}

/** Rule 14, and rule 13: a blank peer is enrolled first. One voter alone shares the lead with nobody. */
export const mayExpand = (member: Member): boolean =>
  member.peer !== null &&
  !member.held &&
  member.arbiterKind !== "standalone" &&
  remoteOf(member, member.peer).record !== null;

/** May this primary call a write confirmed that only its own disk holds? While its lease runs (`validUntilMs`). */
export const mayConfirmAlone = (member: Member): boolean =>
  member.phase.kind === "primary" &&
  (member.voter.record?.sync.inSync ?? []).every((name) => name === member.voter.name) &&
  setAcknowledged(member);

/**
 * A smaller set is of use: its acknowledgement is not needed, or likely, for another voter has answered within the
 * last three renewals.
 */
export const mayShrink = (member: Member, nowMs: number): boolean =>
  member.arbiterKind !== "witness" ||
  others(member).some((name) => nowMs - remoteOf(member, name).lastHeardMs <= 3 * member.voter.timing.beatMs);
