import type { Member } from "../../ha/core/member.ts";
import type { LeaseReply, Message } from "../../ha/core/messages.ts";
import type { Voter } from "../../ha/core/voter.ts";
import { shipped } from "./parts.ts";
import type { Parts, Shell } from "./parts.ts";

/** Changes a voter before or after it sees a message: the witness and the voter inside a member alike. */
export function withVoter(change: {
  readonly before?: (voter: Voter, message: Message, nowMs: number) => Voter;
  readonly message?: (message: Message, voter: Voter) => Message;
  readonly after?: (voter: Voter, message: Message, was: Voter, nowMs: number, agedMs: number) => Voter;
}): Parts {
  const { before = (voter) => voter, message: alter = (message) => message, after = (voter) => voter } = change;
  return {
    ...shipped,
    stepWitness: (voter, message, nowMs, agedMs) => {
      const ready = shipped.stepWitness(before(voter, message, nowMs), alter(message, voter), nowMs, agedMs);
      const changed = after(ready.voter, message, voter, nowMs, agedMs);
      return { ...ready, voter: changed, persist: changed.record === voter.record ? null : changed.record };
    },
    step: (member, event, nowMs, agedMs) => {
      if (event.kind !== "message") return shipped.step(member, event, nowMs, agedMs);
      const { message } = event;
      const seen = { ...member, voter: before(member.voter, message, nowMs) };
      const altered = { ...event, message: alter(message, member.voter) };
      const ready = shipped.step(seen, altered, nowMs, agedMs);
      const changed = after(ready.member.voter, message, member.voter, nowMs, agedMs);
      const persist = changed.record === member.voter.record ? null : changed.record;
      return { ...ready, member: { ...ready.member, voter: changed }, persist };
    },
  };
}

/** Changes what a member is or hears. */
export function withMember(change: {
  readonly before?: (member: Member, nowMs: number, tick: boolean) => Member;
  readonly after?: (member: Member, was: Member) => Member;
  readonly reply?: (reply: LeaseReply, member: Member) => LeaseReply;
}): Parts {
  const { before = (member) => member, after = (member) => member, reply: alter = (reply) => reply } = change;
  return {
    ...shipped,
    step: (member, event, nowMs, agedMs) => {
      const altered =
        event.kind === "message" && event.message.kind === "reply"
          ? { ...event, message: alter(event.message, member) }
          : event;
      const ready = shipped.step(before(member, nowMs, event.kind === "tick"), altered, nowMs, agedMs);
      return { ...ready, member: after(ready.member, member) };
    },
  };
}

/** Breaks a rule of the agent shell. */
export const withShell = (shell: Partial<Shell>): Parts => ({ ...shipped, shell: { ...shipped.shell, ...shell } });
