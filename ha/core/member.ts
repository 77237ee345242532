import { newerSync } from "./messages.ts";
import type { ArbiterKind, LeaseReply, Message, Name, Position, Refusal, SyncRecord, VoterRecord } from "./messages.ts";
import type { Timing } from "./timing.ts";
import { createVoter } from "./voter.ts";
import type { Voter } from "./voter.ts";

/**
 * A node of the pair: its own voter, and its way to a lease and through it.
 * All of it but `voter.record` lives as long as the run.
 */
export type Member = {
  readonly voter: Voter;
  readonly arbiterKind: ArbiterKind;
  readonly peer: Name | null;
  /** The witness, where that is the arbiter and it has joined. */
  readonly arbiter: Name | null;
  /** A witness that is not the arbiter: it is enrolled and kept up to date, and its grants count for nothing. */
  readonly observer: Name | null;
  /** Another node leads as one board: this one keeps a copy, and stands only by an operator's word. */
  readonly bystander: boolean;
  /** The members are as a primary of this epoch made them: whoever has not heard of that epoch does not stand. */
  readonly madeInEpoch: number;
  /** Nobody enters the set for now: the members are changing, or the peer does not know the last change. */
  readonly held: boolean;
  readonly phase: Phase;
  /** The others, as their answers to this run showed them. */
  readonly remotes: Readonly<Record<Name, Remote>>;
  readonly position: Position;
  /** App warm, database usable: this node could do the job. */
  readonly fit: boolean;
  readonly seq: number;
  readonly lastTickMs: number;
  readonly nextBeatMs: number;
  /** What it saw of the network, where that is the arbiter. */
  readonly network: Network;
  /** Since when it listens without a gap. */
  readonly listensSinceMs: number;
  /** When it last granted its vote to the peer, whose newest set it has recorded with that; never: not in this run. */
  readonly attachedMs: number;
  /** Since when this primary's set has had the members that it has. */
  readonly setSinceMs: number;
  /** When it went on, as the last holder, without anybody's vote; never: somebody granted it what it holds. */
  readonly aloneSinceMs: number;
  /** It does not stand before: after a gap of the loop, a failed attempt, or a release. */
  readonly standAfterMs: number;
};

/** Answers to probes, each counted from when its probe was sent. A node that cannot see the network has none. */
type Network = {
  /** The newest that any target answered. */
  readonly anySentMs: number;
  /** The newest that every target answered, and the first of the series without a break that it belongs to. */
  readonly allSentMs: number;
  readonly allSinceMs: number;
};

type Phase =
  | { readonly kind: "standby" }
  | { readonly kind: "asking"; readonly bid: Bid }
  | { readonly kind: "electing"; readonly bid: Bid }
  | { readonly kind: "primary"; readonly epoch: number; readonly raiseTo: number | null }
  /** The lease may have ended; the app is being killed. */
  | { readonly kind: "stepping-down"; readonly epoch: number }
  /** Gave the lease away and says so until somebody else has it. */
  | { readonly kind: "releasing"; readonly epoch: number; readonly successor: Name | null; readonly untilMs: number };

/** An attempt to become the holder of `epoch`. */
export type Bid = {
  readonly epoch: number;
  readonly cause: PromotionCause;
  readonly force: boolean;
  readonly untilMs: number;
  /** Voters that said they would grant. */
  readonly would: readonly Name[];
};

/** `resume`: the recorded holder goes on with its epoch after a restart. */
export type PromotionCause = "resume" | "start" | "failover" | "switchover" | "forced";

export type Remote = {
  /** The newest run of it that answered this run. */
  readonly boot: string | null;
  readonly record: VoterRecord | null;
  readonly nonce: string | null;
  /** Why its last answer was a no; null: it was none. */
  readonly refusal: Refusal | null;
  readonly position: Position;
  readonly fit: boolean;
  readonly lastHeardMs: number;
  /** End of its grant, counted from the send time of the request that it answers. */
  readonly grantUntilMs: number;
  /** Requests of this run that it has not answered. */
  readonly sent: readonly { readonly seq: number; readonly atMs: number; readonly voterBoot: string | null }[];
};

export type MemberEvent =
  | { readonly kind: "tick" }
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "status"; readonly position: Position; readonly fit: boolean }
  /** Who belongs to the cluster now; without `arbiterKind`, that stays. */
  | {
      readonly kind: "members";
      readonly peer: Name | null;
      readonly arbiter: Name | null;
      readonly arbiterKind?: ArbiterKind;
      readonly observer?: Name | null;
      readonly bystander?: boolean;
      readonly madeInEpoch?: number;
    }
  /** A probe of the network, sent at `sentMs`, was answered by at least one target, or by all. */
  | { readonly kind: "reach"; readonly sentMs: number; readonly all: boolean }
  | { readonly kind: "hold"; readonly on: boolean }
  /** The app of the lost lease is dead. */
  | { readonly kind: "demoted" }
  /** The app is drained and dead, everything is confirmed: give the lease away. */
  | { readonly kind: "release"; readonly successor: Name | null }
  /** The standby does not receive: go on without it. */
  | { readonly kind: "shrink" }
  /** The standby's present disk holds everything, and nothing is confirmed without it any more. */
  | { readonly kind: "expand" }
  /** The standby's copy of this epoch has a gap that cannot be filled: everything is sent anew, under a higher one. */
  | { readonly kind: "raise" }
  | { readonly kind: "pause"; readonly on: boolean }
  /** An operator makes this node stand. */
  | { readonly kind: "force"; readonly acceptDataLoss: boolean };

export type Action =
  /** Performed only while the lease still runs: the loop may have stood still since it was decided. */
  | { readonly kind: "promote"; readonly epoch: number; readonly cause: PromotionCause }
  | { readonly kind: "demote"; readonly epoch: number; readonly reason: string }
  /** The same lease goes on under a higher epoch. */
  | { readonly kind: "raised"; readonly epoch: number }
  /** No act may start at or after `validUntilMs`. */
  | { readonly kind: "lease"; readonly epoch: number; readonly validUntilMs: number };

/** The caller makes `persist` durable (and the receiver's fence with it), then sends `send`, then performs `act`. */
export type Ready = {
  readonly member: Member;
  readonly persist: VoterRecord | null;
  readonly send: readonly Message[];
  readonly act: readonly Action[];
};

type MemberInit = {
  readonly name: Name;
  readonly boot: string;
  readonly nonce: string;
  readonly timing: Timing;
  readonly record: VoterRecord | null;
  readonly arbiterKind: ArbiterKind;
  readonly peer: Name | null;
  readonly arbiter: Name | null;
  readonly nowMs: number;
};

const never = Number.NEGATIVE_INFINITY;

/** [HA-4] Whatever its record says, a node boots as a standby. */
export function createMember(init: MemberInit): Member {
  const { name, boot, nonce, timing, record, arbiterKind, peer, arbiter, nowMs } = init;
  return {
    voter: createVoter({ name, boot, nonce, timing, startedMs: nowMs, record }),
    arbiterKind,
    peer,
    arbiter,
    observer: null,
    bystander: false,
    madeInEpoch: 0,
    held: false,
    phase: { kind: "standby" },
    remotes: {},
    position: { epoch: 0, txid: 0 },
    fit: false,
    seq: 0,
    lastTickMs: nowMs,
    nextBeatMs: nowMs,
    network: { anySentMs: never, allSentMs: never, allSinceMs: never },
    listensSinceMs: nowMs,
    attachedMs: never,
    setSinceMs: nowMs,
    aloneSinceMs: never,
    standAfterMs: nowMs,
  };
}

/** Voters that must agree, this node among them: 1 of 1, or 2 of 3. */
export const votersNeeded = ({ arbiterKind }: Member): 1 | 2 => (arbiterKind === "standalone" ? 1 : 2);

export const others = (member: Member): readonly Name[] =>
  [member.peer, member.arbiter].filter((name) => name !== null);

/** Those whom a primary keeps up to date: the voters, and who is to be one. */
export const renewed = (member: Member): readonly Name[] =>
  member.observer === null ? others(member) : [...others(member), member.observer];

/** The others as they are from now on; whoever is none of them any more is forgotten, grants and all. */
export function withMembers(member: Member, event: Extract<MemberEvent, { kind: "members" }>): Member {
  const { peer, arbiter, arbiterKind = member.arbiterKind } = event;
  const { observer = null, bystander = false, madeInEpoch = member.madeInEpoch } = event;
  const next = { ...member, peer, arbiter, arbiterKind, observer, bystander, madeInEpoch };
  const names = renewed(next);
  const remotes = Object.fromEntries(Object.entries(member.remotes).filter(([name]) => names.includes(name)));
  return { ...next, remotes };
}

const unheard: Remote = {
  boot: null,
  record: null,
  nonce: null,
  refusal: null,
  position: { epoch: 0, txid: 0 },
  fit: false,
  lastHeardMs: Number.NEGATIVE_INFINITY,
  grantUntilMs: Number.NEGATIVE_INFINITY,
  sent: [],
};

export const remoteOf = (member: Member, name: Name): Remote => member.remotes[name] ?? unheard;

export const withRemote = (member: Member, name: Name, change: Partial<Remote>): Member => ({
  ...member,
  remotes: { ...member.remotes, [name]: { ...remoteOf(member, name), ...change } },
});

/** The highest epoch that this node has any word of. */
export const highestEpoch = (member: Member): number =>
  Math.max(member.voter.record?.epoch ?? 0, ...others(member).map((name) => remoteOf(member, name).record?.epoch ?? 0));

/** The newest set that this node has any word of; null where it is blank. */
export const newestSync = (member: Member): SyncRecord | null => {
  const own = member.voter.record?.sync ?? null;
  if (own === null) return null;
  return others(member).reduce((newest, name) => newerSync(newest, remoteOf(member, name).record?.sync ?? newest), own);
};

/** Takes note of an answer; null when it is not an answer to a request of this run by a present run of the voter. */
export function creditReply(member: Member, reply: LeaseReply, nowMs: number): Member | null {
  const remote = remoteOf(member, reply.from);
  const request = remote.sent.find(({ seq }) => seq === reply.echoSeq);
  if (reply.echoBoot !== member.voter.boot || request === undefined) return null;
  const rebooted = remote.boot !== null && remote.boot !== reply.boot;
  // A run that answers a request which names another run is the newer one; nothing else tells old runs from new.
  if (rebooted && request.voterBoot !== remote.boot) return null;
  const counts = reply.granted && reply.purpose !== "ask";
  // What an earlier run of the voter recorded may be gone with its disk: only this run's word counts.
  const record =
    reply.record === null || remote.record === null || rebooted
      ? reply.record
      : newerRecord(remote.record, reply.record);
  return withRemote(member, reply.from, {
    boot: reply.boot,
    record,
    nonce: reply.nonce,
    refusal: reply.refusal,
    position: reply.position,
    fit: reply.fit,
    lastHeardMs: nowMs,
    grantUntilMs: counts
      ? Math.max(remote.grantUntilMs, request.atMs + member.voter.timing.leaseMs)
      : remote.grantUntilMs,
    sent: remote.sent.filter(({ seq }) => seq !== reply.echoSeq),
  });
}

/** Answers may overtake each other; what a voter recorded only moves forward. */
const newerRecord = (a: VoterRecord, b: VoterRecord): VoterRecord => ({
  ...(b.epoch > a.epoch || (b.epoch === a.epoch && (b.released || !a.released)) ? b : a),
  sync: newerSync(b.sync, a.sync),
});
