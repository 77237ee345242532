import type { Member } from "../../ha/core/member.ts";
import type { Message, Name, SyncRecord, VoterRecord } from "../../ha/core/messages.ts";
import type { Timing } from "../../ha/core/timing.ts";
import type { Voter } from "../../ha/core/voter.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Parts } from "./parts.ts";
import type { Random } from "./random.ts";

/** One committed write; a history is its last write, which knows all before it. */
export type Write = { readonly depth: number; readonly epoch: number; readonly before: Write | null };

/** Does the history that ends with `head` hold `write`? */
export function holds(head: Write | null, write: Write | null): boolean {
  if (write === null) return true;
  let at = head;
  while (at !== null && at.depth > write.depth) at = at.before;
  return at === write;
}

/** What survives a crash. `ledgerEpoch`: the epoch under which the copy became complete. */
type Disk = { record: VoterRecord | null; ledger: Write | null; ledgerEpoch: number };

/** An app that acts until its deadline, by true time. */
export type App = { epoch: number; deadlineMs: number };

export type Host = {
  readonly name: Name;
  readonly kind: "node" | "witness";
  /** Its monotonic clock: rate and offset against true time. */
  readonly rate: number;
  readonly offsetMs: number;
  readonly disk: Disk;
  up: boolean;
  boots: number;
  /** The loop stands still until then; its app does not. */
  stalledUntilMs: number;
  /** Effects are performed one after the other. */
  effectsUntilMs: number;
  effectsWaiting: number;
  persisting: { readonly startMs: number; readonly record: VoterRecord }[];
  member: Member | null;
  voter: Voter | null;
  app: App | null;
  leftovers: App[];
  grantsOfThisBoot: number;
  /** An operator told this node to lead and accepted what is lost by it. */
  lossAccepted: boolean;
  primary: PrimaryState;
  /** A copy on its way to this node's disk, of another history or under a new epoch. */
  incoming: { readonly epoch: number; readonly holder: Name; head: Write | null } | null;
};

/** What an agent shell of a primary keeps about its standby. Local milliseconds. */
export type PrimaryState = {
  shipSeq: number;
  /** Acknowledgements of earlier ships may come from a disk that is gone. */
  ackFloorSeq: number;
  acked: Write | null;
  hasAck: boolean;
  ackedAtMs: number;
  nextShipMs: number;
  /** Confirming alone has stopped, and the standby is to hold everything up to here. */
  expanding: { readonly upTo: Write | null; readonly untilMs: number } | null;
};

export type Ship = {
  readonly kind: "ship";
  readonly from: Name;
  readonly to: Name;
  readonly boot: string;
  readonly seq: number;
  readonly epoch: number;
  readonly head: Write | null;
};
export type Ack = Omit<Ship, "kind"> & { readonly kind: "ack" };
export type Datagram = Message | Ship | Ack;

export type Network = {
  /** What it returns to when a burst ends. */
  base: { loss: number; duplication: number };
  loss: number;
  duplication: number;
  /** Share of messages that take up to `lateMs`. */
  late: number;
  lateMs: number;
  readonly cuts: Set<string>;
  /** A sample of what was sent, for replays. */
  readonly sent: { readonly message: Message; readonly atMs: number }[];
};

/** Where a crash hurts most. */
export type Moment = "promotion" | "expansion" | "vote" | "release";

export type World = {
  nowMs: number;
  readonly timing: Timing;
  readonly parts: Parts;
  readonly random: Random;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly hosts: readonly Host[];
  readonly ghost: Ghost;
  readonly trace: string[] | null;
  /** Moments at which the next host to reach them crashes. */
  readonly armed: Set<Moment>;
  /** The longest pause between two writes. */
  readonly writeGapMs: number;
  persistMs: number;
  writing: boolean;
  violation: string | null;
  faults: number;
  wiped: boolean;
};

/** What an all-knowing observer remembers, for the invariants. */
type Ghost = {
  readonly holders: Map<number, Name>;
  readonly setVoters: Map<string, Set<Name>>;
  /** The newest set that two voters have recorded. */
  set: SyncRecord | null;
  confirmed: Write | null;
  confirmedAtMs: number;
  promotions: number;
  forced: boolean;
};

export const localMs = (host: Host, trueMs: number): number => host.offsetMs + trueMs * host.rate;
export const trueMsOf = (host: Host, local: number): number => (local - host.offsetMs) / host.rate;
export const bootOf = (host: Host): string => `${host.name}${host.boots}`;

export function hostOf(world: World, name: Name): Host {
  const host = world.hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}

export function log(world: World, text: () => string): void {
  world.trace?.push(`${world.nowMs.toFixed(1).padStart(8)} ${text()}`);
}

export function violate(world: World, text: string): void {
  log(world, () => `VIOLATION ${text}`);
  world.violation ??= text;
}
