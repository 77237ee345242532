import { highestEpoch } from "../../ha/core/member.ts";
import type { Member } from "../../ha/core/member.ts";
import { withMember } from "./break.ts";
import type { Mutant } from "./mutants.ts";
import { shipped } from "./parts.ts";
import type { Parts } from "./parts.ts";
import * as scripts from "./reach-scripts.ts";

/** Changes what a node hears of its probes. */
const withReach = (
  change: (member: Member, reach: { sentMs: number; all: boolean }) => Partial<typeof reach>,
): Parts => ({
  ...shipped,
  step: (member, event, nowMs, agedMs) => {
    const heard = event.kind === "reach" ? { ...event, ...change(member, event) } : event;
    return shipped.step(member, heard, nowMs, agedMs);
  },
});

const isIdle = ({ phase }: Member): boolean => phase.kind === "standby" || phase.kind === "asking";

/** Breakages of what replaces a third voter's memory where the network is the arbiter. */
export const reachMutants: readonly Mutant[] = [
  {
    name: "the network grants a whole lease",
    parts: withReach((member, { sentMs }) =>
      member.phase.kind === "primary" ? { sentMs: sentMs + 2 * member.voter.timing.beatMs } : {},
    ),
    script: scripts.pulledCable,
    arbiter: "reachability",
  },
  {
    name: "one target of several is enough for a standby to stand",
    parts: withReach(() => ({ all: true })),
    script: scripts.halfCut,
    arbiter: "reachability",
  },
  {
    name: "a standby stands however long ago the contact broke",
    parts: withMember({
      before: (member, nowMs) => (isIdle(member) ? { ...member, attachedMs: nowMs } : member),
    }),
    script: scripts.lateStandby,
    arbiter: "reachability",
  },
  {
    name: "a primary confirms alone as soon as its set is smaller",
    parts: {
      ...shipped,
      mayConfirmAlone: ({ phase, voter }) =>
        phase.kind === "primary" && voter.record?.sync.inSync.join() === voter.name,
    },
    script: scripts.deathAfterSilence,
    arbiter: "reachability",
  },
  {
    name: "a node takes the next epoch, whoever else may take it",
    parts: withMember({
      after: (member) => {
        const { phase } = member;
        const next = highestEpoch(member) + 1;
        if (phase.kind !== "asking" || phase.bid.epoch <= next) return member;
        return { ...member, phase: { ...phase, bid: { ...phase.bid, epoch: next } } };
      },
    }),
    script: scripts.twoOperators,
    arbiter: "reachability",
  },
  {
    name: "of two that lead, the one of the lower epoch stays",
    parts: {
      ...shipped,
      step: (member, event, nowMs, agedMs) => {
        const ready = shipped.step(member, event, nowMs, agedMs);
        const gaveWay = ready.act.some(
          (action) => action.kind === "demote" && action.reason.includes("leads with epoch"),
        );
        if (!gaveWay) return ready;
        const act = ready.act.filter(({ kind }) => kind !== "demote");
        return { ...ready, act, member: { ...ready.member, phase: member.phase } };
      },
    },
    script: scripts.apart,
    arbiter: "reachability",
  },
];
