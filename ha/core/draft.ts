import type { LeaseRequest, Message, Name, Purpose } from "./messages.ts";
import { others, remoteOf, withRemote } from "./member.ts";
import type { Action, Bid, Member } from "./member.ts";
import { accept, promiseTo } from "./voter.ts";

/** One step in the making: the member as it becomes, and what the caller is to send and do. */
export type Draft = { member: Member; readonly send: Message[]; readonly act: Action[] };

/** What a request is about. */
export type About = Pick<Bid, "epoch" | "force">;

/** Requests to one voter that may wait for an answer; older ones are forgotten. */
const sentMax = 32;

/** One request to every other voter; this node's own vote is cast with it, unless it only asks. */
export function requestAll(draft: Draft, purpose: Purpose, about: About, nowMs: number): void {
  draft.member = { ...draft.member, nextBeatMs: nowMs + draft.member.voter.timing.beatMs };
  for (const name of others(draft.member)) request(draft, name, purpose, about, nowMs);
  if (purpose === "ask") return;
  const { phase, voter } = draft.member;
  // A higher epoch of a running lease becomes this node's own vote when another voter has granted it.
  const raising = phase.kind === "primary" && phase.raiseTo !== null;
  const voted = raising
    ? { ...voter, promise: promiseTo(voter, { from: voter.name, boot: voter.boot }, nowMs) }
    : accept(voter, requestTo(draft.member, voter.name, purpose, about), nowMs);
  draft.member = { ...draft.member, voter: voted };
}

/** A request to one voter, remembered until it is answered. */
export function request(draft: Draft, to: Name, purpose: Purpose, about: About, nowMs: number): void {
  const seq = draft.member.seq + 1;
  const { sent, boot } = remoteOf(draft.member, to);
  const waiting = [...sent, { seq, atMs: nowMs, voterBoot: boot }].slice(-sentMax);
  draft.member = withRemote({ ...draft.member, seq }, to, { sent: waiting });
  draft.send.push(requestTo(draft.member, to, purpose, about));
}

function requestTo(member: Member, to: Name, purpose: Purpose, about: About): LeaseRequest {
  const { voter, seq, position, fit, phase } = member;
  const bidding = phase.kind === "asking" || phase.kind === "electing";
  return {
    kind: "request",
    from: voter.name,
    to,
    boot: voter.boot,
    seq,
    voterBoot: to === voter.name ? voter.boot : remoteOf(member, to).boot,
    purpose,
    epoch: about.epoch,
    operator: bidding && phase.bid.cause === "forced",
    force: about.force,
    sync: voter.record?.sync ?? { inSync: [], paused: false, setEpoch: 0, setVersion: 0 },
    position,
    fit,
  };
}

/** Its own promise to itself ends with its hold on, or its try for, the lease. */
export function toStandby(draft: Draft): void {
  const { voter } = draft.member;
  const promise = voter.promise?.to === voter.name ? null : voter.promise;
  draft.member = { ...draft.member, voter: { ...voter, promise }, phase: { kind: "standby" } };
}
