import { highestEpoch, others, remoteOf } from "./member.ts";
import type { Member, PromotionCause } from "./member.ts";
import type { Name, VoterRecord } from "./messages.ts";
import { attachedWithinMs, listenMs, networkGrantMs } from "./timing.ts";

/**
 * What a lease needs where there is no third voter with a memory: the network as each node sees it (`reachability`),
 * or an operator (`manual`). With a witness everything here says: ask the others.
 */

/** Not released by its holder, and won by it: only who won an epoch tags a set with it. */
export const isLastHolder = ({ holder, released, epoch, sync }: VoterRecord, self: Name): boolean =>
  holder === self && !released && sync.setEpoch === epoch;

/**
 * [HA-3] The next epoch that this node may take. Two majorities of three have a voter in common, which refuses the
 * second one the same number; where an election may stand on one node alone, each node only takes every second number.
 */
export function nextEpoch(member: Member): number {
  const { arbiterKind, peer, voter } = member;
  const next = highestEpoch(member) + 1;
  if (peer === null || arbiterKind === "witness" || arbiterKind === "standalone") return next;
  const rank = voter.name < peer ? 0 : 1;
  return next % 2 === rank ? next : next + 1;
}

/** For how long it could have heard the peer, and has not. An operator decides without the network. */
function silenceMs(member: Member, nowMs: number): number {
  const { arbiterKind, peer, network, listensSinceMs, voter } = member;
  const heardMs = peer === null ? Number.NEGATIVE_INFINITY : remoteOf(member, peer).lastHeardMs;
  const sees = arbiterKind !== "reachability" || nowMs - network.allSentMs <= voter.timing.leaseMs / 2;
  const seesSinceMs = arbiterKind === "reachability" ? network.allSinceMs : listensSinceMs;
  return sees ? nowMs - Math.max(heardMs, listensSinceMs, seesSinceMs) : 0;
}

/** It was attached until the contact broke, and that is not long ago: the holder has confirmed nothing without it yet. */
export const isFreshlyDetached = ({ attachedMs, voter }: Member, nowMs: number): boolean =>
  nowMs - attachedMs <= attachedWithinMs(voter.timing);

/** A standby that may soon have to stand wants to know at once whether the network still answers. */
export function wantsProbe(member: Member, nowMs: number): boolean {
  const { phase, peer, voter } = member;
  const idle = phase.kind === "standby" || phase.kind === "asking";
  const silent = peer !== null && nowMs - remoteOf(member, peer).lastHeardMs > 2 * voter.timing.beatMs;
  return idle && silent && isFreshlyDetached(member, nowMs);
}

/** May a bid for this cause be won on this node's own vote, and the network's where that is the arbiter? */
export function winsAlone(member: Member, cause: PromotionCause, nowMs: number): boolean {
  const { arbiterKind, peer } = member;
  switch (arbiterKind) {
    case "witness":
      return false;
    case "standalone":
      return true;
    case "manual":
      return peer === null || mayDecideAlone(member, cause, nowMs);
    case "reachability":
      return peer === null || (networkGrants(member, cause, nowMs) && mayDecideAlone(member, cause, nowMs));
  }
}

function mayDecideAlone(member: Member, cause: PromotionCause, nowMs: number): boolean {
  const { arbiterKind, voter } = member;
  const { record, timing, name } = voter;
  switch (cause) {
    case "forced":
      return true;
    case "switchover":
      // Whoever released its epoch makes no new one without this node's vote.
      return true;
    case "failover":
      return (
        arbiterKind === "reachability" && isFreshlyDetached(member, nowMs) && silenceMs(member, nowMs) >= timing.leaseMs
      );
    case "resume":
    case "start": {
      if (record === null || !isLastHolder(record, name)) return false;
      return record.epoch === highestEpoch(member) && silenceMs(member, nowMs) >= listenMs(timing);
    }
  }
}

/** A standby wants more than a holder: every target, asked after its promise to the holder had ended. */
function networkGrants({ network, voter }: Member, cause: PromotionCause, nowMs: number): boolean {
  if (nowMs >= network.anySentMs + networkGrantMs(voter.timing) - voter.timing.marginMs) return false;
  const { promise, name } = voter;
  if (cause !== "failover" || promise === null || promise.to === name) return true;
  return network.allSentMs >= promise.untilMs;
}

/** Takes note of an answered probe. */
export function withReach(member: Member, sentMs: number, all: boolean): Member {
  const { network, voter } = member;
  const anySentMs = Math.max(network.anySentMs, sentMs);
  if (!all || sentMs <= network.allSentMs) return { ...member, network: { ...network, anySentMs } };
  const unbroken = sentMs - network.allSentMs <= voter.timing.leaseMs / 2;
  return {
    ...member,
    network: { anySentMs, allSentMs: sentMs, allSinceMs: unbroken ? network.allSinceMs : sentMs },
  };
}

/** Who has won a higher epoch than the one that this primary holds, as far as it has heard; null: nobody. */
export function overtakenBy(member: Member): { readonly name: Name; readonly epoch: number } | null {
  const { phase, voter } = member;
  if (phase.kind !== "primary") return null;
  for (const from of others(member)) {
    const { record } = remoteOf(member, from);
    if (record === null || record.holder === null || record.holder === voter.name) continue;
    if (record.epoch > phase.epoch && record.sync.setEpoch === record.epoch)
      return { name: record.holder, epoch: record.epoch };
  }
  return null;
}

/** Does this node know what the newest set is, so that leading from it would lose nothing confirmed? */
export function knowsNewestSet(member: Member, nowMs: number): boolean {
  const { arbiterKind, peer, voter } = member;
  if (arbiterKind === "standalone" || peer === null) return true;
  if (arbiterKind === "witness") return others(member).some((other) => remoteOf(member, other).record !== null);
  const peerSpeaks = nowMs - remoteOf(member, peer).lastHeardMs <= voter.timing.leaseMs;
  // Where an operator decides, the holder waits for nobody before it confirms alone.
  const holderWaited = arbiterKind === "reachability" && isFreshlyDetached(member, nowMs);
  return voter.record?.released === true || peerSpeaks || holderWaited;
}

/**
 * Leads without a word from the other node since its start, or since it went on alone: that one may have led in between.
 */
export function ledUnasked(member: Member): boolean {
  const { arbiterKind, peer, phase } = member;
  if (arbiterKind === "witness" || peer === null || phase.kind !== "primary") return false;
  return remoteOf(member, peer).lastHeardMs <= member.aloneSinceMs;
}
