import { newerSync } from "./messages.ts";
import type { LeaseReply, Name, VoterRecord } from "./messages.ts";
import { highestEpoch, newestSync, others, remoteOf, withRemote } from "./member.ts";
import { validUntilMs } from "./validity.ts";
import type { Bid, Member, PromotionCause } from "./member.ts";
import { request, requestAll, toStandby } from "./draft.ts";
import type { Draft } from "./draft.ts";
import { retag, setSync } from "./holder.ts";
import { isLastHolder, nextEpoch, winsAlone } from "./quorum.ts";
import { greetEveryBeats } from "./timing.ts";

/**
 * Rule 6, and the recorded holder's right to go on with its own epoch. The newest set heard of decides, not its own
 * record alone: a primary may have died after only the arbiter heard that this node had joined.
 */
export function mayStand(member: Member, nowMs: number): boolean {
  const { record, name } = member.voter;
  const newest = newestSync(member);
  if (record === null || newest === null || !member.fit || nowMs < member.standAfterMs) return false;
  if (member.bystander || record.epoch < member.madeInEpoch) return false;
  if (!newest.inSync.includes(name) || !ownVoteIsFree(member, nowMs)) return false;
  const automatic = member.arbiterKind !== "manual" && !newest.paused;
  return record.holder === name || record.released || automatic;
}

/** Its own voter owes nothing to another: no promise runs, none of before a restart may still run. */
export function ownVoteIsFree(member: Member, nowMs: number): boolean {
  const { record, promise, name, startedMs, timing } = member.voter;
  if (record === null) return false;
  if (promise !== null && promise.to !== name && promise.untilMs > nowMs) return false;
  return record.holder === name || record.released || nowMs >= startedMs + timing.leaseMs;
}

/** A standby that does not stand keeps in touch: boot ids, records, and that it is there. */
export function greet(draft: Draft, nowMs: number): void {
  requestAll(draft, "ask", { epoch: nextEpoch(draft.member), force: false }, nowMs);
  draft.member = { ...draft.member, nextBeatMs: nowMs + draft.member.voter.timing.beatMs * greetEveryBeats };
}

/** Would the others grant it? Nothing is promised or persisted yet. */
export function ask(draft: Draft, nowMs: number): void {
  const { member } = draft;
  const { record, name } = member.voter;
  if (record === null) return;
  const resumes = mayResume(member, record);
  const epoch = resumes ? record.epoch : nextEpoch(member);
  bid(draft, { epoch, cause: causeOf(record, resumes, name), force: false }, nowMs);
}

/**
 * Goes on with its own epoch: one that it won, not one that it only voted for (the ledger of this disk is not of that
 * epoch), and that no voter has given to another (a failed candidate may have voted for itself in the very same one).
 */
function mayResume(member: Member, record: VoterRecord): boolean {
  const { epoch } = record;
  const { name } = member.voter;
  const won = epoch > 0 && isLastHolder(record, name);
  const contested = others(member).some((other) => {
    const theirs = remoteOf(member, other).record;
    return theirs !== null && theirs.epoch === epoch && theirs.holder !== name;
  });
  return won && !contested && epoch === highestEpoch(member);
}

function causeOf(record: VoterRecord, resumes: boolean, self: Name): PromotionCause {
  if (resumes) return "resume";
  if (record.holder === null || record.holder === self) return "start";
  return record.released ? "switchover" : "failover";
}

/**
 * An operator's word; an attempt of its own that is only asking gives way to it. Membership is waived only where the
 * loss was accepted: without that word the voters still refuse a node that may lack something confirmed.
 */
export function force(draft: Draft, acceptDataLoss: boolean, nowMs: number): void {
  const { phase, voter } = draft.member;
  const idle = phase.kind === "standby" || phase.kind === "asking";
  if (!idle || voter.record === null || !ownVoteIsFree(draft.member, nowMs)) return;
  bid(draft, { epoch: nextEpoch(draft.member), cause: "forced", force: acceptDataLoss }, nowMs);
}

function bid(draft: Draft, wanted: Pick<Bid, "epoch" | "cause" | "force">, nowMs: number): void {
  const made: Bid = { ...wanted, untilMs: nowMs + draft.member.voter.timing.leaseMs / 2, would: [] };
  draft.member = { ...draft.member, phase: { kind: "asking", bid: made } };
  if (winsAlone(draft.member, made.cause, nowMs)) return elect(draft, made, nowMs, true);
  requestAll(draft, "ask", made, nowMs);
}

/** An answer while asking: the first that would grant makes the majority, with this node's own vote. */
export function onWould(draft: Draft, bidding: Bid, reply: LeaseReply, nowMs: number): void {
  const { member } = draft;
  if (reply.purpose !== "ask" || reply.epoch !== bidding.epoch) return;
  if (reply.granted) return elect(draft, { ...bidding, would: [...bidding.would, reply.from] }, nowMs);
  if (reply.refusal === "stale-epoch") {
    // An operator does not ask twice: the same word for an epoch above what was just learned.
    if (bidding.cause !== "forced" || highestEpoch(member) < bidding.epoch) return giveUp(draft, nowMs);
    return bid(draft, { ...bidding, epoch: nextEpoch(member) }, nowMs);
  }
  // The promise that still runs says itself when to ask again.
  if (reply.refusal === "promised" || reply.refusal === "other-run") {
    draft.member = { ...member, nextBeatMs: Math.min(member.nextBeatMs, nowMs + reply.waitMs) };
  }
}

/** Time has passed in vain so far: has it made this node's own vote enough? */
export function keepAsking(draft: Draft, bidding: Bid, nowMs: number): void {
  if (winsAlone(draft.member, bidding.cause, nowMs)) return elect(draft, bidding, nowMs, true);
  if (nowMs >= bidding.untilMs) giveUp(draft, nowMs);
  else if (nowMs >= draft.member.nextBeatMs) askAgain(draft, nowMs);
}

/** Votes for itself, durably before anybody is asked, and asks for the votes of the others, needed or not. */
function elect(draft: Draft, made: Bid, nowMs: number, alone = false): void {
  const electing: Bid = { ...made, untilMs: nowMs + draft.member.voter.timing.leaseMs / 2 };
  draft.member = { ...draft.member, phase: { kind: "electing", bid: electing } };
  // [HA-4] Grants for another bid do not count for this one.
  for (const name of others(draft.member)) {
    draft.member = withRemote(draft.member, name, { grantUntilMs: Number.NEGATIVE_INFINITY, sent: [] });
  }
  requestAll(draft, "elect", electing, nowMs);
  if (alone) win(draft, electing, nowMs);
}

/** An answer while electing. */
export function onVote(draft: Draft, bidding: Bid, reply: LeaseReply, nowMs: number): void {
  if (reply.granted && validUntilMs(draft.member) > nowMs) win(draft, bidding, nowMs);
}

function win(draft: Draft, won: Bid, nowMs: number): void {
  const { member } = draft;
  const { name, record } = member.voter;
  if (record === null) return;
  const granters = others(member).filter((other) => remoteOf(member, other).grantUntilMs > nowMs);
  // Rule 7: what any granter recorded may be newer than what this node knows.
  const newest = granters
    .map((other) => remoteOf(member, other).record?.sync ?? record.sync)
    .reduce(newerSync, record.sync);
  // [HA-7]
  if (!won.force && !newest.inSync.includes(name)) return giveUp(draft, nowMs);
  const goesOn = won.cause === "resume" || won.cause === "start";
  const aloneSinceMs = goesOn && granters.length === 0 ? nowMs : Number.NEGATIVE_INFINITY;
  const phase = { kind: "primary", epoch: won.epoch, raiseTo: null } as const;
  draft.member = { ...member, phase, setSinceMs: nowMs, aloneSinceMs };
  // A new epoch starts alone: its standby has yet to receive the first byte of it.
  const inSync = won.cause === "resume" ? newest.inSync : [name];
  draft.act.push({ kind: "promote", epoch: won.epoch, cause: won.cause });
  setSync(draft, retag({ ...newest, inSync }, won.epoch), nowMs);
}

/** Goes on with a bid that waits for answers. */
export function askAgain(draft: Draft, nowMs: number, to: Name | null = null): void {
  const { phase } = draft.member;
  if (phase.kind !== "asking" && phase.kind !== "electing") return;
  const purpose = phase.kind === "asking" ? "ask" : "elect";
  if (to === null) requestAll(draft, purpose, phase.bid, nowMs);
  else request(draft, to, purpose, phase.bid, nowMs);
}

/** The attempt failed; the next one is a beat away. */
export function giveUp(draft: Draft, nowMs: number): void {
  const { beatMs } = draft.member.voter.timing;
  // The later name waits longer, so that two candidates do not meet again.
  const later = draft.member.peer !== null && draft.member.peer < draft.member.voter.name;
  toStandby(draft);
  draft.member = { ...draft.member, standAfterMs: nowMs + (later ? 2 * beatMs : beatMs) };
}
