import type { Member } from "../../ha/core/member.ts";
import type { Message, Name, SyncRecord, VoterRecord } from "../../ha/core/messages.ts";
import type { Timing } from "../../ha/core/timing.ts";
import type { Voter } from "../../ha/core/voter.ts";
import { elapsedMs } from "./clock.ts";
import type { HostClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Plan } from "../../src/trading/plan-record.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Exchange } from "./exchange.ts";
import type { Parts } from "./parts.ts";
import type { Reached } from "./parting.ts";
import type { Random } from "./random.ts";
import type { Uplink } from "./uplink.ts";
import type { VoteDisk } from "./vote-disk.ts";

/** One committed write; a history is its last write, which knows all before it. `rows`: the plans as they then are. */
export type Write = {
  readonly depth: number;
  readonly epoch: number;
  readonly before: Write | null;
  readonly rows: ReadonlyMap<string, Plan>;
};

/** Does the history that ends with `head` hold `write`? */
export function holds(head: Write | null, write: Write | null): boolean {
  if (write === null) return true;
  let at = head;
  while (at !== null && at.depth > write.depth) at = at.before;
  return at === write;
}

/** A copy of the database, and the epoch whose history it is. */
export type Copy = { readonly epoch: number; readonly head: Write | null };

/** What survives a crash. */
export type Disk = {
  votes: VoteDisk;
  /** What this node led with last; null once it was compared and let go, or set aside. */
  ledger: Copy | null;
  /** The newest complete copy that its receiver has. */
  received: Copy | null;
  readonly attic: (Write | null)[];
  /** Every write of a vote fails until then. */
  failsUntilMs: number;
};

export const recordOf = ({ disk }: Host): VoterRecord | null => disk.votes.stored?.record ?? null;

/** An app that may act until its deadline, an instant of its own clock. */
export type App = {
  epoch: number;
  deadlineMs: number;
  /** Aborted by a drain; a new one when the drain is called off. */
  stopping: AbortController;
  drained: boolean;
  /** A cycle runs. */
  busy: boolean;
  /** Goes on after a drain that was called off. */
  resume: (() => void) | null;
};

/** A vote on its way to the disk. */
export type Persisting = { readonly startMs: number; readonly record: VoterRecord };

export type Host = {
  readonly name: Name;
  readonly kind: "node" | "witness";
  readonly clock: HostClock;
  readonly disk: Disk;
  up: boolean;
  boots: number;
  /** The agent's loop stands still until then; its app does not. */
  stalledUntilMs: number;
  /** Every process stands still until then, and what was sent to it waits. */
  frozenUntilMs: number;
  /** The machine sleeps until then, and what is sent to it is lost. */
  asleepUntilMs: number;
  /** Effects are performed one after the other. */
  effectsUntilMs: number;
  effectsWaiting: number;
  persisting: Persisting[];
  member: Member | null;
  voter: Voter | null;
  app: App | null;
  leftovers: App[];
  /** Its app has loaded everything. */
  warm: boolean;
  /** A comparison of its old ledger with what it receives now is under way. */
  rejoining: boolean;
  /** Answers of voters and of targets that this run counts on. */
  grantsOfThisBoot: number;
  readonly uplink: Uplink;
  readonly reached: Reached;
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
  /** Requests of the app that wait for their confirmation. */
  pending: Pending[];
  /** Confirming alone has stopped, and the standby is to hold everything up to here. */
  expanding: { readonly upTo: Write | null; readonly untilMs: number } | null;
};

type Pending = { readonly upTo: Write | null; readonly answer: (outcome: "confirmed" | "unknown") => void };

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
  /** Share of what is lost on one path, beside the general loss. */
  readonly lossOf: Map<string, number>;
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
  /** With a witness, or of two nodes alone: with the network or their operator as the arbiter. */
  readonly arbiter: "witness" | "reachability" | "manual";
  readonly hosts: readonly Host[];
  readonly exchange: Exchange;
  /** Most apps trade; the others leave time for more schedules. */
  readonly trades: boolean;
  /** Something that an app awaits has happened. */
  woken: boolean;
  readonly ghost: Ghost;
  readonly coverage: Coverage;
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
  /** The one that an operator set aside by accepting a loss. */
  waivedSet: SyncRecord | null;
  confirmed: Write | null;
  confirmedAtMs: number;
  promotions: number;
  forced: boolean;
  /** Until then two may lead, for their boards were cut from each other only. */
  mayPartUntilMs: number;
  /** When the wires between the boards last were not whole. */
  brokenMs: number;
  /** Two have led at once, or a last holder went on alone at a risk that it told: there is no one history. */
  parted: boolean;
  /** An operator ended the maintenance at some time. */
  maintenanceEnded: boolean;
  /** The newest write of every app that ever wrote. */
  readonly newestOf: Map<App, Write>;
};

/** The time that the host's agent goes by. */
export const localMs = (host: Host, trueMs: number): number => elapsedMs(host.clock, trueMs);

/** Until when the agent's loop does nothing. */
export const stillUntilMs = (host: Host): number =>
  Math.max(host.stalledUntilMs, host.frozenUntilMs, host.asleepUntilMs);
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
