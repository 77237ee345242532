import type { LeaseRequest, Message, VoterRecord } from "../../ha/core/messages.ts";
import type { Voter } from "../../ha/core/voter.ts";
import { withMember, withShell, withVoter } from "./break.ts";
import { diskMutants } from "./disk-mutants.ts";
import type { FaultKind } from "./faults.ts";
import { orderMutants } from "./order-mutants.ts";
import { shipped } from "./parts.ts";
import type { Parts } from "./parts.ts";
import { lateAcks, shipFromLongAgo, voteInTheAir, witnessRestarts } from "./scripts.ts";
import type { Script } from "./moments.ts";
import { reachMutants } from "./reach-mutants.ts";

/** One deliberate breakage of a rule, made outside the product code, and the faults that bring it out soonest. */
export type Mutant = {
  readonly name: string;
  readonly parts: Parts;
  readonly faults?: readonly FaultKind[];
  readonly wipes?: boolean;
  readonly script?: Script;
  readonly forces?: boolean;
  readonly arbiter?: "reachability" | "manual";
  /** The check that has to catch it, where others may too. */
  readonly caughtAs?: RegExp;
};

const crashes: readonly FaultKind[] = ["crash", "crash-witness", "power-cut", "cut", "cut-one-way", "late", "stall"];
const cuts: readonly FaultKind[] = ["cut", "cut", "cut-one-way", "stall", "late", "crash"];
const lates: readonly FaultKind[] = ["late", "late", "cut", "crash", "stall", "cut-one-way"];
const handovers: readonly FaultKind[] = ["switchover", "crash-at-release", "crash-at-release", "crash-at-release"];

const granted = (message: Message, was: Voter, voter: Voter): message is LeaseRequest =>
  message.kind === "request" &&
  message.purpose !== "ask" &&
  voter.promise !== was.promise &&
  voter.promise?.to === message.from;

const marginOf = (marginMs: number): Parts => ({
  ...shipped,
  createMember: (init) => shipped.createMember({ ...init, timing: { ...init.timing, marginMs } }),
});

/** Lets a blank voter start from what a request says. */
const enrolledBy = (voter: Voter, message: Message): Voter =>
  voter.record === null && message.kind === "request" && message.purpose === "renew"
    ? { ...voter, record: { epoch: message.epoch, holder: message.from, released: false, sync: message.sync } }
    : voter;

const never = -1e12;
/** Clocks of two hosts differ; timestamps would carry that over. */
const senderBehindMs = 300;

export const mutants: readonly Mutant[] = [
  {
    name: "no abstention after a voter's restart",
    parts: {
      ...shipped,
      createVoter: (init) => shipped.createVoter({ ...init, startedMs: never }),
      createMember: (init) => {
        const member = shipped.createMember(init);
        return { ...member, voter: { ...member.voter, startedMs: never } };
      },
    },
    script: witnessRestarts,
  },
  {
    name: "a voter counts its promise from the sender's clock",
    parts: withVoter({
      after: (voter, message, was, nowMs, agedMs) =>
        granted(message, was, voter)
          ? {
              ...voter,
              promise: {
                to: message.from,
                boot: message.boot,
                untilMs: nowMs + voter.timing.leaseMs - agedMs - senderBehindMs,
              },
            }
          : voter,
    }),
    faults: lates,
  },
  {
    name: "a holder counts a grant from its receipt",
    parts: {
      ...shipped,
      step: (member, event, nowMs, agedMs) => {
        if (event.kind !== "message" || event.message.kind !== "reply")
          return shipped.step(member, event, nowMs, agedMs);
        const { from } = event.message;
        const remote = member.remotes[from];
        if (remote === undefined) return shipped.step(member, event, nowMs, agedMs);
        const sent = remote.sent.map((one) => ({ ...one, atMs: nowMs }));
        const kept = { ...member, remotes: { ...member.remotes, [from]: { ...remote, sent } } };
        return shipped.step(kept, event, nowMs, agedMs);
      },
    },
    faults: lates,
  },
  {
    name: "a grant is credited to the newest request instead of the one it echoes",
    parts: withMember({
      reply: (reply, member) => {
        const newest = member.remotes[reply.from]?.sent.at(-1);
        return newest === undefined ? reply : { ...reply, echoSeq: newest.seq };
      },
    }),
    faults: lates,
  },
  {
    name: "grants to an older boot are credited",
    parts: withMember({
      reply: (reply, member) => {
        const newest = member.remotes[reply.from]?.sent.at(-1);
        return newest === undefined || reply.echoBoot === member.voter.boot
          ? reply
          : { ...reply, echoBoot: member.voter.boot, echoSeq: newest.seq };
      },
    }),
    faults: ["late", "late", "crash", "crash-agent", "cut", "cut-one-way", "replay"],
  },
  {
    name: "a node ignores its own promise when it stands",
    parts: withMember({
      before: (member, _nowMs, tick) =>
        tick && member.voter.promise?.to !== member.voter.name
          ? { ...member, voter: { ...member.voter, promise: null, startedMs: never } }
          : member,
    }),
    faults: cuts,
  },
  {
    name: "a node's grant does not suspend its own candidacy",
    parts: withMember({
      after: (member) =>
        member.voter.promise !== null && member.voter.promise.to !== member.voter.name
          ? { ...member, voter: { ...member.voter, promise: null } }
          : member,
    }),
    faults: cuts,
  },
  {
    name: "a voter forgets its promise",
    parts: withVoter({ after: (voter) => ({ ...voter, promise: null }) }),
    faults: cuts,
  },
  {
    name: "a release is not persisted",
    parts: {
      ...shipped,
      persisted: (record, before) => (record.released && before?.epoch === record.epoch ? before : record),
    },
    faults: handovers,
  },
  {
    name: "a released epoch is renewed",
    parts: withVoter({
      before: (voter) => (voter.record === null ? voter : { ...voter, record: { ...voter.record, released: false } }),
    }),
    faults: handovers,
  },
  {
    name: "an epoch is not persisted",
    parts: {
      ...shipped,
      persisted: (record, before) => (before === null ? record : { ...before, sync: record.sync }),
    },
    faults: crashes,
  },
  {
    name: "answers leave before the record is durable",
    parts: withShell({ persistBeforeSend: false }),
    script: voteInTheAir,
  },
  {
    name: "the version of a set is ignored",
    parts: withVoter({
      after: (voter, message, was) =>
        granted(message, was, voter) && voter.record !== null
          ? { ...voter, record: { ...voter.record, sync: message.sync } }
          : voter,
    }),
    faults: ["late", "late", "replay", "crash-witness", "cut", "crash"],
  },
  {
    name: "a set change is not persisted",
    parts: {
      ...shipped,
      persisted: (record, before) => (before === null ? record : { ...record, sync: before.sync }),
    },
    faults: crashes,
  },
  {
    name: "a set is shrunk locally only",
    parts: {
      ...shipped,
      mayConfirmAlone: (member) => member.voter.record?.sync.inSync.join() === member.voter.name,
    },
    faults: cuts,
  },
  {
    name: "what its granters have recorded is not adopted (rule 7)",
    parts: withMember({
      reply: (reply, member) => {
        const own = member.voter.record;
        if (member.phase.kind === "primary" || reply.record === null || own === null) return reply;
        return { ...reply, record: { ...reply.record, sync: own.sync } };
      },
    }),
    faults: ["maintenance", "maintenance", "cut-lease", "cut-lease", "switchover", "switchover", "loss"],
  },
  {
    name: "no membership check",
    parts: {
      ...withVoter({ message: (message) => (message.kind === "request" ? { ...message, force: true } : message) }),
      shell: { ...shipped.shell, alwaysForce: true },
    },
    faults: cuts,
  },
  {
    name: "the holder's validity lasts a tick too long",
    parts: marginOf(-50),
    faults: cuts,
  },
  { name: "a negative margin", parts: marginOf(-250), faults: cuts },
  {
    name: "a blank voter votes",
    parts: withVoter({
      before: (voter, message) =>
        voter.record === null && message.kind === "request" ? { ...voter, record: blankRecord(message) } : voter,
      after: (voter, message, was) =>
        was.record === null && voter.record?.holder === null && message.kind !== "enrol"
          ? { ...voter, record: null }
          : voter,
    }),
    faults: ["crash", "cut", "crash-witness", "cut-one-way", "power-cut"],
    wipes: true,
  },
  {
    name: "any renewal enrols a blank voter",
    parts: withVoter({ before: enrolledBy }),
    faults: ["wipe-standby", "late", "crash", "cut"],
  },
  {
    name: "an app without a deadline of its own",
    parts: withShell({ appKeepsDeadline: false }),
    faults: cuts,
  },
  {
    name: "a restarted agent keeps the app of the run before",
    parts: withShell({ killLeftovers: false }),
    faults: ["crash-agent", "crash-agent", "switchover", "cut", "loss"],
  },
  {
    name: "a receiver without a fence",
    parts: withShell({ receiverFenced: false }),
    script: shipFromLongAgo,
  },
  {
    name: "the old copy goes before the new one is complete",
    parts: withShell({ keepOldCopy: false }),
    faults: cuts,
  },
  {
    name: "acknowledgements from before a shrink count",
    parts: withShell({ presentAcksOnly: false }),
    script: lateAcks,
  },
  {
    name: "confirming alone goes on while the standby joins",
    parts: withShell({ stopAloneBeforeExpand: false }),
    faults: ["cut", "loss", "crash-at-expansion", "crash-at-expansion"],
  },
  {
    name: "an operator's force is the everyday way",
    parts: withShell({ alwaysForce: true }),
    faults: cuts,
  },
  {
    name: "without a witness, a standby leads without its operator's look at the other node",
    parts: withShell({ alwaysForce: true }),
    faults: ["cut", "cut-one-way", "loss", "late"],
    arbiter: "manual",
  },
  {
    name: "what only this node holds is confirmed before the set that allows it is durable",
    parts: withShell({ aloneOnceDurable: false }),
    faults: ["slow-disk", "cut", "loss", "cut-one-way"],
    arbiter: "manual",
  },
  ...reachMutants,
  ...diskMutants,
  ...orderMutants,
];

function blankRecord(request: LeaseRequest): VoterRecord {
  const sync = { ...request.sync, setEpoch: -1, setVersion: 0 };
  return { epoch: 0, holder: null, released: true, sync };
}
