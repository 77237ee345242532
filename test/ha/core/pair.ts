import { createMember } from "../../../ha/core/member.ts";
import type { Member, MemberEvent } from "../../../ha/core/member.ts";
import type { ArbiterKind, Message, Name, SyncRecord, VoterRecord } from "../../../ha/core/messages.ts";
import { wantsProbe } from "../../../ha/core/quorum.ts";
import { step } from "../../../ha/core/step.ts";
import { presets, probeEveryMs } from "../../../ha/core/timing.ts";
import { createVoter } from "../../../ha/core/voter.ts";
import type { Voter } from "../../../ha/core/voter.ts";
import { stepWitness } from "../../../ha/core/witness.ts";

export const timing = presets.default;

export const sync = (inSync: readonly Name[], setEpoch: number, setVersion: number, paused = false): SyncRecord => ({
  inSync,
  paused,
  setEpoch,
  setVersion,
});

export const record = (epoch: number, holder: Name | null, set: SyncRecord, released = false): VoterRecord => ({
  epoch,
  holder,
  released,
  sync: set,
});

/** Node a held epoch 1, and both nodes hold everything. */
export const settled = record(1, "a", sync(["a", "b"], 1, 2));

/** Two nodes and, as the kind wants it, a witness on one clock: whatever is sent arrives 5 ms later, unless it is cut or held. */
export type Pair = {
  nowMs: number;
  readonly arbiterKind: ArbiterKind;
  readonly disks: Record<Name, VoterRecord | null>;
  readonly members: Record<Name, Member>;
  readonly voters: Record<Name, Voter>;
  readonly boots: Record<Name, number>;
  readonly due: { readonly atMs: number; readonly message: Message }[];
  readonly held: Message[];
  /** Messages that wait in `held` until `letGo`. */
  hold: (message: Message) => boolean;
  /** Messages that are lost. */
  cut: (message: Message) => boolean;
  /** Who reaches the targets of `reachability`, and how many of them. */
  reaches: (name: Name) => "all" | "some" | "none";
  readonly probedMs: Record<Name, number>;
  /** Calls as they happen: what was decided, in the order of its effects. */
  tell: (line: string, kind: "event" | "persist" | "act" | "message", message?: Message) => void;
};

const never = (): boolean => false;

export function createPair(
  disks: Readonly<Record<Name, VoterRecord | null>> = {},
  arbiterKind: ArbiterKind = "witness",
): Pair {
  const pair: Pair = {
    nowMs: 10_000,
    arbiterKind,
    disks: { a: settled, b: settled, w: settled, ...disks },
    members: {},
    voters: {},
    boots: { a: 0, b: 0, w: 0 },
    due: [],
    held: [],
    hold: never,
    cut: never,
    reaches: () => "all",
    probedMs: {},
    tell: () => {},
  };
  return pair;
}

/** Starts, or starts again, on what the disk holds. */
export function start(pair: Pair, name: Name): void {
  const boot = `${name}${(pair.boots[name] = (pair.boots[name] ?? 0) + 1)}`;
  const self = { name, boot, nonce: `nonce of ${boot}`, timing, record: pair.disks[name] ?? null };
  pair.tell(`${name} starts as ${boot}`, "event");
  if (name === "w") {
    pair.voters[name] = createVoter({ ...self, startedMs: pair.nowMs });
    return;
  }
  const peer = name === "a" ? "b" : "a";
  const { arbiterKind, nowMs } = pair;
  const arbiter = arbiterKind === "witness" ? "w" : null;
  pair.members[name] = createMember({ ...self, arbiterKind, peer, arbiter, nowMs });
  feed(pair, name, { kind: "status", position: { epoch: 0, txid: 0 }, fit: true });
}

export function stop(pair: Pair, name: Name): void {
  pair.tell(`${name} dies`, "event");
  delete pair.members[name];
  delete pair.voters[name];
}

export function member(pair: Pair, name: Name): Member {
  const found = pair.members[name];
  if (found === undefined) throw new Error(`${name} is down`);
  return found;
}

export function feed(pair: Pair, name: Name, event: MemberEvent): void {
  const ready = step(member(pair, name), event, pair.nowMs);
  pair.members[name] = ready.member;
  effects(pair, name, ready.persist, ready.send);
  for (const action of ready.act) {
    if (action.kind === "lease") continue;
    const { kind, ...rest } = action;
    const details = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`);
    pair.tell(`${name} acts: ${kind} ${details.join(" ")}`, "act");
  }
}

function effects(pair: Pair, name: Name, persist: VoterRecord | null, messages: readonly Message[]): void {
  if (persist !== null) {
    pair.disks[name] = persist;
    pair.tell(`${name} persists ${showRecord(persist)}`, "persist");
  }
  for (const message of messages) {
    if (pair.cut(message)) continue;
    if (pair.hold(message)) pair.held.push(message);
    else pair.due.push({ atMs: pair.nowMs + 5, message });
  }
}

export function deliver(pair: Pair, message: Message): void {
  const { to } = message;
  const voter = pair.voters[to];
  if (voter === undefined && pair.members[to] === undefined) return;
  pair.tell(showMessage(message), "message", message);
  if (voter === undefined) return feed(pair, to, { kind: "message", message });
  const ready = stepWitness(voter, message, pair.nowMs);
  pair.voters[to] = ready.voter;
  effects(pair, to, ready.persist, ready.send);
}

/** What was held arrives now. */
export function letGo(pair: Pair): void {
  pair.hold = never;
  for (const message of pair.held.splice(0)) deliver(pair, message);
}

/** Time passes: deliveries by the millisecond, a tick of both nodes every 25. Ends early where `until` says so. */
export function pass(pair: Pair, durationMs: number, until: () => boolean = never): void {
  const endMs = pair.nowMs + durationMs;
  while (pair.nowMs < endMs && !until()) {
    pair.nowMs++;
    for (const { message } of pair.due.filter(({ atMs }) => atMs === pair.nowMs)) deliver(pair, message);
    pair.due.splice(0, pair.due.length, ...pair.due.filter(({ atMs }) => atMs > pair.nowMs));
    if (pair.nowMs % timing.tickMs === 0)
      for (const name of ["a", "b"]) if (pair.members[name] !== undefined) tick(pair, name);
  }
}

function tick(pair: Pair, name: Name): void {
  feed(pair, name, { kind: "tick" });
  const dueMs = (pair.probedMs[name] ?? 0) + probeEveryMs(timing, wantsProbe(member(pair, name), pair.nowMs));
  const reached = pair.reaches(name);
  if (pair.arbiterKind !== "reachability" || pair.nowMs < dueMs) return;
  pair.probedMs[name] = pair.nowMs;
  if (reached !== "none") feed(pair, name, { kind: "reach", sentMs: pair.nowMs, all: reached === "all" });
}

export const isPrimary = (pair: Pair, name: Name): boolean => pair.members[name]?.phase.kind === "primary";

/** A pair at work: a is primary and its standby holds everything. */
export function atWork(
  disks: Readonly<Record<Name, VoterRecord | null>> = {},
  arbiterKind: ArbiterKind = "witness",
): Pair {
  const pair = createPair(disks, arbiterKind);
  for (const name of arbiterKind === "witness" ? ["w", "a", "b"] : ["a", "b"]) start(pair, name);
  pass(pair, 2_000, () => isPrimary(pair, "a"));
  pass(pair, 1_000);
  return pair;
}

const showSync = (set: SyncRecord): string =>
  `{${set.inSync.join(",")}} v${set.setEpoch}.${set.setVersion}${set.paused ? " maintenance" : ""}`;

const showRecord = (kept: VoterRecord): string =>
  `epoch ${kept.epoch} of ${kept.holder ?? "nobody"}${kept.released ? ", released" : ""}, in sync ${showSync(kept.sync)}`;

function showMessage(message: Message): string {
  const head = `${message.from} → ${message.to}`;
  switch (message.kind) {
    case "request":
      return `${head} ${message.purpose}: epoch ${message.epoch}, ${showSync(message.sync)}`;
    case "reply":
      return `${head} ${message.refusal === null ? "granted" : `refused, ${message.refusal}`} (${message.purpose}, epoch ${message.epoch})`;
    case "release":
      return `${head} release: epoch ${message.epoch}, to ${message.successor ?? "whoever"}`;
    case "enrol":
      return `${head} enrol: ${showRecord(message.record)}`;
  }
}
