import type { Message, VoterRecord } from "./messages.ts";
import { onEnrolment, onRelease, onRequest, sameRecord } from "./voter.ts";
import type { Voter } from "./voter.ts";

/** The caller makes `persist` durable before it sends `send`. */
export type WitnessReady = {
  readonly voter: Voter;
  readonly persist: VoterRecord | null;
  readonly send: readonly Message[];
};

const none = { position: { epoch: 0, txid: 0 }, fit: false };

/** The third voter: it grants, and never stands. */
export function stepWitness(voter: Voter, message: Message, nowMs: number): WitnessReady {
  const { voter: next, reply } = answer(voter, message, nowMs);
  return {
    voter: next,
    persist: sameRecord(next.record, voter.record) ? null : next.record,
    send: reply === null ? [] : [reply],
  };
}

function answer(voter: Voter, message: Message, nowMs: number): ReturnType<typeof onRequest> {
  if (message.to !== voter.name) return { voter, reply: null };
  switch (message.kind) {
    case "request":
      return onRequest(voter, message, none, nowMs);
    case "release":
      return { voter: onRelease(voter, message), reply: null };
    case "enrol":
      return { voter: onEnrolment(voter, message, nowMs), reply: null };
    case "reply":
      return { voter, reply: null };
  }
}
