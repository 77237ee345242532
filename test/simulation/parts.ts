import { newestVote, nextVote } from "../../ha/io/vote-slots.ts";
import { mayConfirmAlone } from "../../ha/core/acknowledgement.ts";
import { createMember } from "../../ha/core/member.ts";
import type { Member, MemberEvent, Ready } from "../../ha/core/member.ts";
import type { Message, VoterRecord } from "../../ha/core/messages.ts";
import { step } from "../../ha/core/step.ts";
import { createVoter } from "../../ha/core/voter.ts";
import type { Voter } from "../../ha/core/voter.ts";
import type { RebalanceDeps } from "../../src/trading/rebalance-job.ts";
import { stepWitness } from "../../ha/core/witness.ts";
import type { WitnessReady } from "../../ha/core/witness.ts";

/** What the simulator runs: the shipped core and an agent shell that keeps the rules. A mutant replaces one part. */
export type Parts = {
  readonly createMember: typeof createMember;
  /** `agedMs`: how long the message was under way, which no real node knows. */
  readonly step: (member: Member, event: MemberEvent, nowMs: number, agedMs: number) => Ready;
  readonly createVoter: typeof createVoter;
  readonly stepWitness: (voter: Voter, message: Message, nowMs: number, agedMs: number) => WitnessReady;
  readonly mayConfirmAlone: (member: Member) => boolean;
  /** What reaches the disk when this record is to be persisted. */
  readonly persisted: (record: VoterRecord, before: VoterRecord | null) => VoterRecord | null;
  /** Which slot of the vote file a record goes to, and what is read from a file. */
  readonly nextVote: typeof nextVote;
  readonly newestVote: typeof newestVote;
  /** What the trading code is handed. */
  readonly trading: (deps: RebalanceDeps) => RebalanceDeps;
  readonly shell: Shell;
};

/** The rules that live outside the core. */
export type Shell = {
  readonly persistBeforeSend: boolean;
  readonly stopsWhenDiskFails: boolean;
  readonly appKeepsDeadline: boolean;
  readonly appCountsSleep: boolean;
  readonly appChecksLease: boolean;
  readonly killLeftovers: boolean;
  readonly receiverFenced: boolean;
  readonly keepOldCopy: boolean;
  readonly keepsTails: boolean;
  readonly presentAcksOnly: boolean;
  readonly stopAloneBeforeExpand: boolean;
  /** Nothing is confirmed alone while the set that allows it is on its way to the disk. */
  readonly aloneOnceDurable: boolean;
  /** Fires `force` wherever a node is a standby. */
  readonly alwaysForce: boolean;
};

export const shipped: Parts = {
  createMember,
  step,
  createVoter,
  stepWitness,
  mayConfirmAlone,
  persisted: (record) => record,
  nextVote,
  newestVote,
  trading: (deps) => deps,
  shell: {
    persistBeforeSend: true,
    stopsWhenDiskFails: true,
    appKeepsDeadline: true,
    appCountsSleep: true,
    appChecksLease: true,
    killLeftovers: true,
    receiverFenced: true,
    keepOldCopy: true,
    keepsTails: true,
    presentAcksOnly: true,
    stopAloneBeforeExpand: true,
    aloneOnceDurable: true,
    alwaysForce: false,
  },
};
