import { newerSync } from "./messages.ts";
import type { Message, Name, Purpose, SyncRecord, VoterRecord } from "./messages.ts";
import { creditReply, highestEpoch, others, remoteOf, setAcknowledged, validUntilMs, withRemote } from "./member.ts";
import type { Action, Bid, Member, MemberEvent, PromotionCause, Ready } from "./member.ts";
import { accept, onEnrolment, onRelease, onRequest } from "./voter.ts";

/** Requests to one voter that may wait for an answer; older ones are forgotten. */
const sentMax = 32;
/** A standby greets every few beats, to know who is there and under which boot id. */
const greetEveryBeats = 4;

type Draft = { member: Member; send: Message[]; act: Action[] };

/**
 * The lease of one node, as a function of what happened and when (monotonic milliseconds).
 * Decides everything about holding, granting, gaining and losing it; does nothing itself.
 */
export function step(member: Member, event: MemberEvent, nowMs: number): Ready {
  const draft: Draft = { member, send: [], act: [] };
  const leaseBeforeMs = validUntilMs(member);
  apply(draft, event, nowMs);
  const { phase, voter } = draft.member;
  const leaseMs = validUntilMs(draft.member);
  if (phase.kind === "primary" && (leaseMs > leaseBeforeMs || member.phase.kind !== "primary")) {
    draft.act.push({ kind: "lease", epoch: phase.epoch, validUntilMs: leaseMs });
  }
  const persist = sameRecord(voter.record, member.voter.record) ? null : voter.record;
  return { member: draft.member, persist, send: draft.send, act: draft.act };
}

function apply(draft: Draft, event: MemberEvent, nowMs: number): void {
  const { member } = draft;
  switch (event.kind) {
    case "tick":
      return onTick(draft, nowMs);
    case "message":
      return onMessage(draft, event.message, nowMs);
    case "status":
      draft.member = { ...member, position: event.position, fit: event.fit };
      return;
    case "members":
      draft.member = { ...member, peer: event.peer, arbiter: event.arbiter };
      return;
    case "demoted":
      return onDemoted(draft, nowMs);
    case "release":
      return release(draft, event.successor, nowMs);
    case "shrink":
      return changeSet(draft, { inSync: [member.voter.name] }, nowMs);
    case "expand":
      return expand(draft, nowMs);
    case "pause":
      return changeSet(draft, { paused: event.on }, nowMs);
    case "force":
      return force(draft, nowMs);
  }
}

function onTick(draft: Draft, nowMs: number): void {
  const { leaseMs, beatMs } = draft.member.voter.timing;
  // After a gap, what others said meanwhile may still wait unread: hear it before standing on old news.
  const gap = nowMs - draft.member.lastTickMs > leaseMs / 3;
  const standAfterMs = gap ? Math.max(draft.member.standAfterMs, nowMs + beatMs) : draft.member.standAfterMs;
  draft.member = { ...draft.member, lastTickMs: nowMs, standAfterMs };
  const { phase } = draft.member;
  switch (phase.kind) {
    case "primary":
      if (nowMs >= validUntilMs(draft.member)) {
        stepDown(draft, phase.epoch, "the lease ended before enough voters renewed it");
      } else if (nowMs >= draft.member.nextBeatMs) renew(draft, nowMs);
      return;
    case "asking":
    case "electing":
      if (nowMs >= phase.bid.untilMs) giveUp(draft, nowMs);
      else if (nowMs >= draft.member.nextBeatMs)
        requestAll(draft, phase.kind === "asking" ? "ask" : "elect", phase.bid, nowMs);
      return;
    case "releasing":
      if (nowMs >= phase.untilMs || highestEpoch(draft.member) > phase.epoch) toStandby(draft);
      else if (nowMs >= draft.member.nextBeatMs) announceRelease(draft, phase.epoch, phase.successor, nowMs);
      return;
    case "standby":
      if (mayStand(draft.member, nowMs)) ask(draft, nowMs);
      else if (nowMs >= draft.member.nextBeatMs) greet(draft, nowMs);
      return;
    case "stepping-down":
  }
}

/** Rule 6, and the recorded holder's right to go on with its own epoch. */
function mayStand(member: Member, nowMs: number): boolean {
  const { record, name } = member.voter;
  if (record === null || !member.fit || nowMs < member.standAfterMs) return false;
  if (!record.sync.inSync.includes(name) || !ownVoteIsFree(member, nowMs)) return false;
  return record.holder === name || record.released || !record.sync.paused;
}

/** Its own voter owes nothing to another: no promise runs, none of before a restart may still run. */
export function ownVoteIsFree(member: Member, nowMs: number): boolean {
  const { record, promise, name, startedMs, timing } = member.voter;
  if (record === null) return false;
  if (promise !== null && promise.to !== name && promise.untilMs > nowMs) return false;
  return record.holder === name || record.released || nowMs >= startedMs + timing.leaseMs;
}

function ask(draft: Draft, nowMs: number): void {
  const { member } = draft;
  const record = member.voter.record;
  if (record === null) return;
  const resumes =
    record.holder === member.voter.name &&
    !record.released &&
    record.epoch > 0 &&
    record.epoch === highestEpoch(member);
  const epoch = resumes ? record.epoch : highestEpoch(member) + 1;
  bid(draft, { epoch, cause: causeOf(record, resumes, member.voter.name), force: false }, nowMs);
}

function causeOf(record: VoterRecord, resumes: boolean, self: Name): PromotionCause {
  if (resumes) return "resume";
  if (record.released) return "switchover";
  return record.holder === null || record.holder === self ? "start" : "failover";
}

function force(draft: Draft, nowMs: number): void {
  const { phase, voter } = draft.member;
  if (phase.kind !== "standby" || voter.record === null || !ownVoteIsFree(draft.member, nowMs)) return;
  bid(draft, { epoch: highestEpoch(draft.member) + 1, cause: "forced", force: true }, nowMs);
}

function bid(draft: Draft, wanted: Pick<Bid, "epoch" | "cause" | "force">, nowMs: number): void {
  const untilMs = nowMs + draft.member.voter.timing.leaseMs / 2;
  const made: Bid = { ...wanted, untilMs, would: [] };
  draft.member = { ...draft.member, phase: { kind: "asking", bid: made } };
  if (draft.member.majority === 1) return elect(draft, made, nowMs);
  requestAll(draft, "ask", made, nowMs);
}

/** Votes for itself, durably before anybody is asked, and asks for the votes of the others. */
function elect(draft: Draft, made: Bid, nowMs: number): void {
  const { leaseMs } = draft.member.voter.timing;
  const electing: Bid = { ...made, untilMs: nowMs + leaseMs / 2 };
  draft.member = { ...draft.member, phase: { kind: "electing", bid: electing } };
  // [HA-4] Grants for another bid do not count for this one.
  for (const name of others(draft.member)) {
    draft.member = withRemote(draft.member, name, { grantUntilMs: Number.NEGATIVE_INFINITY, sent: [] });
  }
  requestAll(draft, "elect", electing, nowMs);
  if (draft.member.majority === 1) win(draft, electing, nowMs);
}

function win(draft: Draft, bid: Bid, nowMs: number): void {
  const { member } = draft;
  const { name, record } = member.voter;
  if (record === null) return;
  const granters = others(member).filter((other) => remoteOf(member, other).grantUntilMs > nowMs);
  // Rule 7: what any granter recorded may be newer than what this node knows.
  const newest = granters
    .map((other) => remoteOf(member, other).record?.sync ?? record.sync)
    .reduce(newerSync, record.sync);
  if (!bid.force && !newest.inSync.includes(name)) return giveUp(draft, nowMs);
  draft.member = { ...member, phase: { kind: "primary", epoch: bid.epoch, raiseTo: null } };
  // A new epoch starts alone: its standby has yet to receive the first byte of it.
  const inSync = bid.cause === "resume" ? newest.inSync : [name];
  draft.act.push({ kind: "promote", epoch: bid.epoch, cause: bid.cause });
  setSync(draft, retag({ ...newest, inSync }, bid.epoch), nowMs);
}

/** The same content as a newer version under this epoch. */
const retag = (sync: SyncRecord, epoch: number): SyncRecord => ({
  ...sync,
  setEpoch: epoch,
  setVersion: sync.setEpoch === epoch ? sync.setVersion + 1 : 1,
});

function setSync(draft: Draft, sync: SyncRecord, nowMs: number): void {
  const { voter } = draft.member;
  if (voter.record === null) return;
  draft.member = { ...draft.member, voter: { ...voter, record: { ...voter.record, sync } } };
  renew(draft, nowMs);
}

function changeSet(draft: Draft, change: Partial<Pick<SyncRecord, "inSync" | "paused">>, nowMs: number): void {
  const { phase, voter } = draft.member;
  if (phase.kind !== "primary" || voter.record === null) return;
  const before = voter.record.sync;
  const after = { ...before, ...change };
  if (after.paused === before.paused && after.inSync.join() === before.inSync.join()) return;
  setSync(draft, retag(after, phase.epoch), nowMs);
}

function expand(draft: Draft, nowMs: number): void {
  const { peer, voter } = draft.member;
  // Rule 13: a blank peer is enrolled first.
  if (peer === null || remoteOf(draft.member, peer).record === null) return;
  changeSet(draft, { inSync: [voter.name, peer].sort() }, nowMs);
}

function renew(draft: Draft, nowMs: number): void {
  const { phase } = draft.member;
  if (phase.kind !== "primary") return;
  requestAll(draft, "renew", { epoch: phase.raiseTo ?? phase.epoch, force: false }, nowMs);
}

/** One request to every other voter; this node's own vote is cast with it, unless it only asks. */
function requestAll(draft: Draft, purpose: Purpose, about: Pick<Bid, "epoch" | "force">, nowMs: number): void {
  draft.member = { ...draft.member, nextBeatMs: nowMs + draft.member.voter.timing.beatMs };
  const { phase } = draft.member;
  // A higher epoch of a running lease becomes this node's own vote when another voter has granted it.
  const raising = phase.kind === "primary" && phase.raiseTo !== null;
  for (const name of others(draft.member)) request(draft, name, purpose, about, nowMs);
  if (purpose === "ask") return;
  const { voter } = draft.member;
  if (raising)
    draft.member = {
      ...draft.member,
      voter: { ...voter, promise: { to: voter.name, untilMs: nowMs + voter.timing.leaseMs } },
    };
  else
    draft.member = {
      ...draft.member,
      voter: accept(voter, ownRequest(draft.member, voter.name, purpose, about), nowMs),
    };
}

function ownRequest(member: Member, to: Name, purpose: Purpose, about: Pick<Bid, "epoch" | "force">) {
  const { voter, seq, position, fit } = member;
  const sync = voter.record?.sync ?? { inSync: [], paused: false, setEpoch: 0, setVersion: 0 };
  const voterBoot = to === voter.name ? voter.boot : remoteOf(member, to).boot;
  return {
    kind: "request" as const,
    from: voter.name,
    to,
    boot: voter.boot,
    seq,
    voterBoot,
    purpose,
    ...about,
    sync,
    position,
    fit,
  };
}

function request(draft: Draft, to: Name, purpose: Purpose, about: Pick<Bid, "epoch" | "force">, nowMs: number): void {
  const seq = draft.member.seq + 1;
  const sent = [...remoteOf(draft.member, to).sent, { seq, atMs: nowMs }].slice(-sentMax);
  draft.member = withRemote({ ...draft.member, seq }, to, { sent });
  draft.send.push(ownRequest(draft.member, to, purpose, { epoch: about.epoch, force: about.force }));
}

function greet(draft: Draft, nowMs: number): void {
  requestAll(draft, "ask", { epoch: highestEpoch(draft.member) + 1, force: false }, nowMs);
  draft.member = { ...draft.member, nextBeatMs: nowMs + draft.member.voter.timing.beatMs * greetEveryBeats };
}

function onMessage(draft: Draft, message: Message, nowMs: number): void {
  const { member } = draft;
  if (message.to !== member.voter.name || !others(member).includes(message.from)) return;
  switch (message.kind) {
    case "request": {
      const answer = onRequest(member.voter, message, { position: member.position, fit: member.fit }, nowMs);
      if (answer.reply === null) return;
      draft.member = withRemote({ ...member, voter: answer.voter }, message.from, {
        position: message.position,
        fit: message.fit,
        lastHeardMs: nowMs,
      });
      draft.send.push(answer.reply);
      const granted = answer.reply.granted && message.purpose !== "ask";
      const bidding =
        member.phase.kind === "asking" || member.phase.kind === "electing" || member.phase.kind === "releasing";
      if (granted && bidding) toStandby(draft);
      return;
    }
    case "reply":
      return onReply(draft, message, nowMs);
    case "release":
      draft.member = { ...member, voter: onRelease(member.voter, message) };
      if (
        message.successor === member.voter.name &&
        mayStand(draft.member, nowMs) &&
        draft.member.phase.kind === "standby"
      )
        ask(draft, nowMs);
      return;
    case "enrol":
      draft.member = { ...member, voter: onEnrolment(member.voter, message, nowMs) };
      return;
  }
}

function onReply(draft: Draft, reply: Extract<Message, { kind: "reply" }>, nowMs: number): void {
  const knownBoot = remoteOf(draft.member, reply.from).boot;
  const credited = creditReply(draft.member, reply, nowMs);
  if (credited === null) return;
  draft.member = credited;
  const { phase } = credited;
  const again = reply.refusal === "unknown-boot" && knownBoot !== reply.boot;
  switch (phase.kind) {
    case "asking":
      if (reply.purpose !== "ask" || reply.epoch !== phase.bid.epoch) return;
      if (again) return request(draft, reply.from, "ask", phase.bid, nowMs);
      if (reply.granted) return elect(draft, { ...phase.bid, would: [...phase.bid.would, reply.from] }, nowMs);
      if (reply.refusal === "stale-epoch") return giveUp(draft, nowMs);
      // The promise that still runs says itself when to ask again.
      if (reply.refusal === "promised")
        draft.member = { ...credited, nextBeatMs: Math.min(credited.nextBeatMs, nowMs + reply.waitMs) };
      return;
    case "electing":
      if (again) return request(draft, reply.from, "elect", phase.bid, nowMs);
      if (reply.granted && validUntilMs(credited) > nowMs) win(draft, phase.bid, nowMs);
      return;
    case "primary":
      if (again)
        return request(draft, reply.from, "renew", { epoch: phase.raiseTo ?? phase.epoch, force: false }, nowMs);
      return onRenewal(draft, reply, nowMs);
    case "standby":
    case "stepping-down":
    case "releasing":
  }
}

function onRenewal(draft: Draft, reply: Extract<Message, { kind: "reply" }>, nowMs: number): void {
  const { member } = draft;
  const { phase, voter } = member;
  if (phase.kind !== "primary" || voter.record === null) return;
  if (reply.granted && reply.epoch === phase.raiseTo) {
    const epoch = phase.raiseTo;
    draft.member = { ...member, phase: { kind: "primary", epoch, raiseTo: null } };
    draft.act.push({ kind: "raised", epoch });
    return setSync(draft, retag(voter.record.sync, epoch), nowMs);
  }
  // A candidate that failed has fenced its receiver against this epoch: move above it, in place.
  if (reply.refusal === "stale-epoch" && highestEpoch(member) >= (phase.raiseTo ?? phase.epoch + 1)) {
    const higher = { ...phase, raiseTo: highestEpoch(member) + 1 };
    if (higher.raiseTo !== phase.raiseTo) draft.member = { ...member, phase: higher };
    return;
  }
  if (reply.record === null && reply.nonce !== null) enrol(draft, reply.from, reply.boot, reply.nonce, nowMs);
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

function giveUp(draft: Draft, nowMs: number): void {
  const { beatMs } = draft.member.voter.timing;
  // The later name waits longer, so that two candidates do not meet again.
  const later = draft.member.peer !== null && draft.member.peer < draft.member.voter.name;
  toStandby(draft);
  draft.member = { ...draft.member, standAfterMs: nowMs + (later ? 2 * beatMs : beatMs) };
}

/** Its own promise to itself ends with its hold on, or its try for, the lease. */
function toStandby(draft: Draft): void {
  const { voter } = draft.member;
  const promise = voter.promise?.to === voter.name ? null : voter.promise;
  draft.member = { ...draft.member, voter: { ...voter, promise }, phase: { kind: "standby" } };
}

function stepDown(draft: Draft, epoch: number, reason: string): void {
  draft.member = { ...draft.member, phase: { kind: "stepping-down", epoch } };
  draft.act.push({ kind: "demote", epoch, reason });
}

function onDemoted(draft: Draft, nowMs: number): void {
  if (draft.member.phase.kind !== "stepping-down") return;
  toStandby(draft);
  draft.member = { ...draft.member, standAfterMs: nowMs + draft.member.voter.timing.beatMs };
}

/** Rule 10. The caller has seen the app dead; the release is durable before anybody hears of it. */
function release(draft: Draft, successor: Name | null, nowMs: number): void {
  const { phase, voter, majority } = draft.member;
  if (phase.kind !== "primary" || voter.record === null || majority === 1) return;
  const { leaseMs } = voter.timing;
  draft.member = {
    ...draft.member,
    voter: { ...voter, record: { ...voter.record, released: true }, promise: null },
    phase: { kind: "releasing", epoch: phase.epoch, successor, untilMs: nowMs + 2 * leaseMs },
    standAfterMs: nowMs + 2 * leaseMs,
  };
  announceRelease(draft, phase.epoch, successor, nowMs);
}

function announceRelease(draft: Draft, epoch: number, successor: Name | null, nowMs: number): void {
  const { name, boot, timing } = draft.member.voter;
  for (const to of others(draft.member)) {
    draft.member = { ...draft.member, seq: draft.member.seq + 1, nextBeatMs: nowMs + timing.beatMs };
    draft.send.push({ kind: "release", from: name, to, boot, seq: draft.member.seq, epoch, successor });
  }
}

function sameRecord(a: VoterRecord | null, b: VoterRecord | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.epoch === b.epoch &&
    a.holder === b.holder &&
    a.released === b.released &&
    a.sync.paused === b.sync.paused &&
    a.sync.setEpoch === b.sync.setEpoch &&
    a.sync.setVersion === b.sync.setVersion &&
    a.sync.inSync.join() === b.sync.inSync.join()
  );
}
