import type { LeaseReply, Name, SyncRecord } from "./messages.ts";
import { mayExpand, setAcknowledged } from "./acknowledgement.ts";
import { others, votersNeeded } from "./member.ts";
import { validUntilMs } from "./validity.ts";
import { request, requestAll, toStandby } from "./draft.ts";
import type { Draft } from "./draft.ts";
import { nextEpoch, overtakenBy } from "./quorum.ts";

/** The same content as a newer version under this epoch. */
export const retag = (sync: SyncRecord, epoch: number): SyncRecord => ({
  ...sync,
  setEpoch: epoch,
  setVersion: sync.setEpoch === epoch ? sync.setVersion + 1 : 1,
});

/** Rule 8: the new version is part of this node's record, durable before any request that carries it. */
export function setSync(draft: Draft, sync: SyncRecord, nowMs: number): void {
  const { voter } = draft.member;
  if (voter.record === null) return;
  const before = voter.record.sync.inSync.join();
  const setSinceMs = sync.inSync.join() === before ? draft.member.setSinceMs : nowMs;
  draft.member = { ...draft.member, setSinceMs, voter: { ...voter, record: { ...voter.record, sync } } };
  renew(draft, nowMs);
}

/** A primary changes the set or the maintenance flag; nothing else does. */
export function changeSet(draft: Draft, change: Partial<Pick<SyncRecord, "inSync" | "paused">>, nowMs: number): void {
  const { phase, voter } = draft.member;
  if (phase.kind !== "primary" || voter.record === null) return;
  const before = voter.record.sync;
  const after = { ...before, ...change };
  if (after.paused === before.paused && after.inSync.join() === before.inSync.join()) return;
  setSync(draft, retag(after, phase.epoch), nowMs);
}

/** Rule 14: the standby joins the set. */
export function expand(draft: Draft, nowMs: number): void {
  const { peer, voter } = draft.member;
  if (peer === null || !mayExpand(draft.member)) return;
  changeSet(draft, { inSync: [voter.name, peer].sort() }, nowMs);
}

/** A primary moves to a higher epoch in place, as soon as another voter grants it; the set is itself alone. */
export function raise(draft: Draft, nowMs: number): void {
  changeSet(draft, { inSync: [draft.member.voter.name] }, nowMs);
  const { phase } = draft.member;
  if (phase.kind !== "primary" || phase.raiseTo !== null) return;
  draft.member = { ...draft.member, phase: { ...phase, raiseTo: nextEpoch(draft.member) } };
  renew(draft, nowMs);
}

/** The primary asks every voter for another lease of its epoch, or for the higher one that it moves to. */
export function renew(draft: Draft, nowMs: number): void {
  const { phase } = draft.member;
  if (phase.kind !== "primary") return;
  const about = { epoch: phase.raiseTo ?? phase.epoch, force: false };
  requestAll(draft, "renew", about, nowMs);
  if (draft.member.observer !== null) request(draft, draft.member.observer, "renew", about, nowMs);
}

/** What an answer to a renewal changes beside the lease itself: the epoch in place, or a blank voter. */
export function onRenewal(draft: Draft, reply: LeaseReply, nowMs: number): void {
  const { member } = draft;
  const { phase, voter } = member;
  if (phase.kind !== "primary" || voter.record === null) return;
  if (reply.from === member.observer) return enrolBlank(draft, reply, nowMs);
  if (reply.granted && reply.epoch === phase.raiseTo) {
    const epoch = phase.raiseTo;
    draft.member = { ...member, phase: { kind: "primary", epoch, raiseTo: null } };
    draft.act.push({ kind: "raised", epoch });
    return setSync(draft, retag(voter.record.sync, epoch), nowMs);
  }
  // Two that lead: the higher epoch stays.
  const overtaken = overtakenBy(member);
  if (overtaken !== null) return stepDown(draft, phase.epoch, `${overtaken.name} leads with epoch ${overtaken.epoch}`);
  // A candidate that failed has fenced its receiver against this epoch, or voted for itself in the very same one:
  // move above both, in place.
  if (reply.refusal === "stale-epoch" && reply.epoch === (phase.raiseTo ?? phase.epoch)) {
    draft.member = { ...member, phase: { ...phase, raiseTo: nextEpoch(member) } };
    return;
  }
  enrolBlank(draft, reply, nowMs);
}

function enrolBlank(draft: Draft, { from, boot, record, nonce }: LeaseReply, nowMs: number): void {
  if (record === null && nonce !== null) enrol(draft, from, boot, nonce, nowMs);
}

/** Rule 13: the lease stands without that voter, and a node is enrolled only while the recorded set excludes it. */
function enrol(draft: Draft, to: Name, voterBoot: string, nonce: string, nowMs: number): void {
  const { member } = draft;
  const { record, name, boot } = member.voter;
  if (record === null || validUntilMs(member, to) <= nowMs) return;
  if (to === member.peer && (record.sync.inSync.includes(to) || !setAcknowledged(member, to))) return;
  draft.member = { ...member, seq: member.seq + 1 };
  draft.send.push({ kind: "enrol", from: name, to, boot, seq: draft.member.seq, voterBoot, nonce, record });
}

/** The lease is over; the phase stays until the caller has seen the app dead. */
export function stepDown(draft: Draft, epoch: number, reason: string): void {
  draft.member = { ...draft.member, phase: { kind: "stepping-down", epoch } };
  draft.act.push({ kind: "demote", epoch, reason });
}

/** The app is dead: this node may vote for another, and stand again. */
export function onDemoted(draft: Draft, nowMs: number): void {
  if (draft.member.phase.kind !== "stepping-down") return;
  toStandby(draft);
  draft.member = { ...draft.member, standAfterMs: nowMs + draft.member.voter.timing.beatMs };
}

/** Rule 10. The caller has seen the app dead; the release is durable before anybody hears of it. */
export function release(draft: Draft, successor: Name | null, nowMs: number): void {
  const { phase, voter } = draft.member;
  if (phase.kind !== "primary" || voter.record === null || votersNeeded(draft.member) === 1) return;
  const untilMs = nowMs + 2 * voter.timing.leaseMs;
  draft.member = {
    ...draft.member,
    voter: { ...voter, record: { ...voter.record, released: true }, promise: null },
    phase: { kind: "releasing", epoch: phase.epoch, successor, untilMs },
    standAfterMs: untilMs,
  };
  announceRelease(draft, phase.epoch, successor, nowMs);
}

/** Another took what was given away, or nobody did: this node may be given the lease back. */
export function endRelease(draft: Draft, nowMs: number): void {
  toStandby(draft);
  draft.member = { ...draft.member, standAfterMs: nowMs + draft.member.voter.timing.beatMs };
}

/** Says again what may have been lost. */
export function announceRelease(draft: Draft, epoch: number, successor: Name | null, nowMs: number): void {
  const { name, boot, timing } = draft.member.voter;
  draft.member = { ...draft.member, nextBeatMs: nowMs + timing.beatMs };
  for (const to of others(draft.member)) {
    draft.member = { ...draft.member, seq: draft.member.seq + 1 };
    draft.send.push({ kind: "release", from: name, to, boot, seq: draft.member.seq, epoch, successor });
  }
}
