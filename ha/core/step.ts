import type { LeaseReply, LeaseRequest, Message } from "./messages.ts";
import { ask, askAgain, force, giveUp, greet, keepAsking, mayStand, onVote, onWould } from "./candidate.ts";
import { request, toStandby } from "./draft.ts";
import type { Draft } from "./draft.ts";
import {
  announceRelease,
  changeSet,
  endRelease,
  expand,
  onDemoted,
  onRenewal,
  raise,
  release,
  renew,
  stepDown,
} from "./holder.ts";
import { creditReply, highestEpoch, remoteOf, renewed, withMembers, withRemote } from "./member.ts";
import { validUntilMs } from "./validity.ts";
import type { Member, MemberEvent, Ready } from "./member.ts";
import { withReach } from "./quorum.ts";
import { onEnrolment, onRelease, onRequest, sameRecord } from "./voter.ts";

export { ownVoteIsFree } from "./candidate.ts";

/**
 * The lease of one node, as a function of what happened and when (monotonic milliseconds).
 * Decides everything about holding, granting, gaining and losing it; does nothing itself.
 */
export function step(member: Member, event: MemberEvent, nowMs: number): Ready {
  const draft: Draft = { member, send: [], act: [] };
  const leaseBeforeMs = validUntilMs(member);
  // A lease that has ended stays ended, whatever comes first after the loop stood still: an answer that waited unread
  // would revive it with its promotion dropped and its app dead.
  if (member.phase.kind === "primary" && nowMs >= leaseBeforeMs)
    stepDown(draft, member.phase.epoch, "the lease ended before enough voters renewed it");
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
      return onMembers(draft, event);
    case "hold":
      draft.member = { ...member, held: event.on };
      return;
    case "reach":
      draft.member = withReach(member, event.sentMs, event.all);
      return;
    case "demoted":
      return onDemoted(draft, nowMs);
    case "release":
      return release(draft, event.successor, nowMs);
    case "shrink":
      return changeSet(draft, { inSync: [member.voter.name] }, nowMs);
    case "expand":
      return expand(draft, nowMs);
    case "raise":
      return raise(draft, nowMs);
    case "pause":
      return changeSet(draft, { paused: event.on }, nowMs);
    case "force":
      return force(draft, event.acceptDataLoss, nowMs);
  }
}

function onMembers(draft: Draft, event: Extract<MemberEvent, { kind: "members" }>): void {
  draft.member = withMembers(draft.member, event);
  const { phase, bystander } = draft.member;
  // An attempt that began by other rules is none by these.
  if (phase.kind === "asking" || phase.kind === "electing") return toStandby(draft);
  if (phase.kind === "primary" && bystander) stepDown(draft, phase.epoch, "another node leads as one board now");
}

function onTick(draft: Draft, nowMs: number): void {
  const { leaseMs, beatMs } = draft.member.voter.timing;
  // After a gap, what others said meanwhile may still wait unread: hear it before standing on old news.
  const gap = nowMs - draft.member.lastTickMs > leaseMs / 3;
  const standAfterMs = gap ? Math.max(draft.member.standAfterMs, nowMs + beatMs) : draft.member.standAfterMs;
  const listensSinceMs = gap ? nowMs : draft.member.listensSinceMs;
  draft.member = { ...draft.member, lastTickMs: nowMs, standAfterMs, listensSinceMs };
  const { phase } = draft.member;
  const beat = nowMs >= draft.member.nextBeatMs;
  switch (phase.kind) {
    case "primary":
      if (beat) renew(draft, nowMs);
      return;
    case "asking":
      return keepAsking(draft, phase.bid, nowMs);
    case "electing":
      if (nowMs >= phase.bid.untilMs) giveUp(draft, nowMs);
      else if (beat) askAgain(draft, nowMs);
      return;
    case "releasing":
      if (nowMs >= phase.untilMs || highestEpoch(draft.member) > phase.epoch) endRelease(draft, nowMs);
      else if (beat) announceRelease(draft, phase.epoch, phase.successor, nowMs);
      return;
    case "standby":
      if (mayStand(draft.member, nowMs)) ask(draft, nowMs);
      else if (beat) greet(draft, nowMs);
      return;
    case "stepping-down":
  }
}

function onMessage(draft: Draft, message: Message, nowMs: number): void {
  const { member } = draft;
  if (message.to !== member.voter.name || !renewed(member).includes(message.from)) return;
  switch (message.kind) {
    case "request":
      return onRequested(draft, message, nowMs);
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

function onRequested(draft: Draft, message: LeaseRequest, nowMs: number): void {
  const { member } = draft;
  const { position, fit } = member;
  const { voter, reply } = onRequest(member.voter, message, { position, fit }, nowMs);
  if (reply === null) return;
  const seen = { position: message.position, fit: message.fit, lastHeardMs: nowMs };
  draft.member = withRemote({ ...member, voter }, message.from, seen);
  draft.send.push(reply);
  if (message.purpose === "ask") return;
  if (!reply.granted) return onOvertaking(draft, message);
  draft.member = { ...draft.member, attachedMs: nowMs };
  switch (member.phase.kind) {
    case "primary":
      // Its own promise to itself had ended: so had the lease, and no tick had come to say it.
      return stepDown(draft, member.phase.epoch, "the lease ended and this node's own vote went to another");
    case "asking":
    case "electing":
      return toStandby(draft);
    case "releasing":
      return endRelease(draft, nowMs);
    case "standby":
    case "stepping-down":
  }
}

/** Another holds a higher epoch, which it has won: it could not be heard, or could not hear. The higher one stays. */
function onOvertaking(draft: Draft, { from, epoch, sync }: LeaseRequest): void {
  const { phase } = draft.member;
  if (phase.kind === "primary" && epoch > phase.epoch && sync.setEpoch === epoch)
    stepDown(draft, phase.epoch, `${from} leads with epoch ${epoch}`);
}

function onReply(draft: Draft, reply: LeaseReply, nowMs: number): void {
  const knownBoot = remoteOf(draft.member, reply.from).boot;
  const credited = creditReply(draft.member, reply, nowMs);
  if (credited === null) return;
  draft.member = credited;
  const { phase, observer } = credited;
  // Whoever is no voter yet elects nobody.
  if (reply.from === observer && phase.kind !== "primary") return;
  const again = reply.refusal === "unknown-boot" && knownBoot !== reply.boot;
  switch (phase.kind) {
    case "asking":
      return again ? askAgain(draft, nowMs, reply.from) : onWould(draft, phase.bid, reply, nowMs);
    case "electing":
      return again ? askAgain(draft, nowMs, reply.from) : onVote(draft, phase.bid, reply, nowMs);
    case "primary": {
      const about = { epoch: phase.raiseTo ?? phase.epoch, force: false };
      return again ? request(draft, reply.from, "renew", about, nowMs) : onRenewal(draft, reply, nowMs);
    }
    case "standby":
    case "stepping-down":
    case "releasing":
  }
}
