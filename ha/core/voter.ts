import { newerSync } from "./messages.ts";
import type {
  Enrolment,
  LeaseRelease,
  LeaseReply,
  LeaseRequest,
  Name,
  Position,
  Refusal,
  VoterRecord,
} from "./messages.ts";
import { greetEveryBeats } from "./timing.ts";
import type { Timing } from "./timing.ts";

/** Whoever may grant the lease: a node, or the witness. `record` is durable, the rest lives as long as the run. */
export type Voter = {
  readonly name: Name;
  readonly timing: Timing;
  readonly boot: string;
  /** What an enrolment of this run must repeat. */
  readonly nonce: string;
  readonly startedMs: number;
  /** null: blank. It neither votes nor stands until it is enrolled. */
  readonly record: VoterRecord | null;
  /** Runs from receipt; nobody else is granted a higher epoch before it ends. */
  readonly promise: Promised | null;
  readonly heard: Readonly<Record<Name, Heard>>;
};

/** `boot` is the run of `to` that it was given to. */
type Promised = { readonly to: Name; readonly boot: string; readonly untilMs: number };

/**
 * The last request of each of a sender's runs that this run heard, the latest heard first: none counts twice.
 * Runs are not ordered among each other: their ids do not say which came first, and taking a late request of
 * an old run for the start of a new one would shut out the present run for good.
 */
type Heard = readonly { readonly boot: string; readonly seq: number; readonly atMs: number }[];

const heardBootsMax = 64;
/** A run of the holder that has been silent for so many renewals may have been restarted. */
const restartBeats = 3;
/** So may a run of a standby, which says something every few renewals only. */
const restartedStandbyBeats = 2 * greetEveryBeats;

type VoterInit = Pick<Voter, "name" | "timing" | "boot" | "nonce" | "startedMs" | "record">;

export const createVoter = (init: VoterInit): Voter => ({ ...init, promise: null, heard: {} });

type Judgement =
  | { readonly granted: true }
  | { readonly granted: false; readonly refusal: Refusal; readonly waitMs: number };

const refuse = (refusal: Refusal, waitMs = 0): Judgement => ({ granted: false, refusal, waitMs });

/** Would this voter grant? Rules 3, 5, 10, 11, 13 and 16; changes nothing. */
function judge(voter: Voter, request: LeaseRequest, nowMs: number): Judgement {
  const { record, promise } = voter;
  if (record === null) return refuse("blank");
  if (request.voterBoot !== voter.boot) return refuse("unknown-boot");
  if (request.epoch < record.epoch) return refuse("stale-epoch");
  const aliveForMs = otherRunAliveMs(voter, request, nowMs);
  if (aliveForMs > 0) return refuse("other-run", aliveForMs);
  const sameHolder = record.holder === request.from;
  if (request.epoch === record.epoch) {
    // [HA-3] An epoch belongs to the first that was granted it.
    if (!sameHolder) return refuse("stale-epoch");
    return record.released ? refuse("released") : { granted: true };
  }
  if (promise !== null && promise.to !== request.from && promise.untilMs > nowMs) {
    return refuse("promised", promise.untilMs - nowMs);
  }
  const settled = sameHolder || record.released;
  // Rule 11. What this node promised to itself before a restart binds nobody: its app of then is dead.
  const owesNothing = settled || record.holder === voter.name;
  const abstainUntilMs = voter.startedMs + voter.timing.leaseMs;
  if (!owesNothing && nowMs < abstainUntilMs) return refuse("abstaining", abstainUntilMs - nowMs);
  if (request.force) return { granted: true };
  const newest = newerSync(record.sync, request.sync);
  // Maintenance stops promotions, but not an operator's. A primary that moves to a higher epoch in place is none, nor
  // is a holder that comes back: only who won an epoch tags a set with it.
  const hasWon = request.purpose === "renew" || request.sync.setEpoch === request.epoch;
  const carriesOn = settled || request.operator || hasWon;
  if (newest.paused && !carriesOn) return refuse("paused");
  // [HA-7]
  return newest.inSync.includes(request.from) ? { granted: true } : refuse("not-in-sync");
}

/**
 * How long another run of the same sender still counts as alive: a clone. Of the holder's runs, the one that has the
 * promise goes on; of a candidate's, none can tell which one's disk the replica went to.
 */
function otherRunAliveMs(voter: Voter, { from, boot }: LeaseRequest, nowMs: number): number {
  const { record, promise, timing, heard } = voter;
  if (promise?.to === from) {
    const heardMs = promise.untilMs - timing.leaseMs;
    return promise.boot === boot ? 0 : heardMs + restartBeats * timing.beatMs - nowMs;
  }
  const other = record?.holder === from ? undefined : heard[from]?.find((run) => run.boot !== boot);
  return other === undefined ? 0 : other.atMs + restartedStandbyBeats * timing.beatMs - nowMs;
}

/** The voter after it granted this request: epoch and newest set recorded, promise from now. */
export function accept(voter: Voter, request: LeaseRequest, nowMs: number): Voter {
  if (voter.record === null) throw new Error("a blank voter grants nothing");
  const sync = newerSync(voter.record.sync, request.sync);
  const record = { epoch: request.epoch, holder: request.from, released: false, sync };
  return { ...voter, record, promise: promiseTo(voter, request, nowMs) };
}

/** From now, for one lease. */
export const promiseTo = (
  { timing }: Voter,
  { from, boot }: { readonly from: Name; readonly boot: string },
  nowMs: number,
): Promised => ({ to: from, boot, untilMs: nowMs + timing.leaseMs });

export type Own = { readonly position: Position; readonly fit: boolean };
export type Answer = { readonly voter: Voter; readonly reply: LeaseReply | null };

/** Answers a request; the caller makes a changed record durable before it sends the reply. A replay is not answered. */
export function onRequest(voter: Voter, request: LeaseRequest, own: Own, nowMs: number): Answer {
  const known = request.voterBoot === voter.boot;
  const heard = known ? hear(voter.heard[request.from] ?? [], request, nowMs) : undefined;
  if (heard === null) return { voter, reply: null };
  const judgement = judge(voter, request, nowMs);
  const ordered = heard === undefined ? voter : { ...voter, heard: { ...voter.heard, [request.from]: heard } };
  const next = judgement.granted && request.purpose !== "ask" ? accept(ordered, request, nowMs) : ordered;
  const reply: LeaseReply = {
    kind: "reply",
    from: voter.name,
    to: request.from,
    boot: voter.boot,
    echoBoot: request.boot,
    echoSeq: request.seq,
    purpose: request.purpose,
    epoch: request.epoch,
    granted: judgement.granted,
    refusal: judgement.granted ? null : judgement.refusal,
    waitMs: judgement.granted ? 0 : Math.ceil(judgement.waitMs),
    record: next.record,
    nonce: next.record === null ? voter.nonce : null,
    ...own,
  };
  return { voter: next, reply };
}

/** null: a replay, or one that a later request of the same run has overtaken. */
function hear(before: Heard, { boot, seq }: LeaseRequest, atMs: number): Heard | null {
  const last = before.find((heard) => heard.boot === boot);
  if (last === undefined) return [{ boot, seq, atMs }, ...before].slice(0, heardBootsMax);
  return seq > last.seq ? [{ boot, seq, atMs }, ...before.filter((heard) => heard.boot !== boot)] : null;
}

/** The holder of the recorded epoch gives it up: it is never renewed, and the promise ends. */
export function onRelease(voter: Voter, release: LeaseRelease): Voter {
  const { record } = voter;
  if (record === null || record.epoch !== release.epoch || record.holder !== release.from) return voter;
  return { ...voter, record: { ...record, released: true }, promise: null };
}

/** Rule 13: only a blank voter, only by its own nonce of this run, and a node only while the set excludes it. */
export function onEnrolment(voter: Voter, enrolment: Enrolment, nowMs: number): Voter {
  const { record } = enrolment;
  const fresh = enrolment.nonce === voter.nonce && enrolment.voterBoot === voter.boot;
  if (voter.record !== null || !fresh || record.sync.inSync.includes(voter.name)) return voter;
  return { ...voter, record, promise: promiseTo(voter, enrolment, nowMs) };
}

/** Is there nothing new to persist? */
export function sameRecord(a: VoterRecord | null, b: VoterRecord | null): boolean {
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
