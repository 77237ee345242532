import type { Member } from "../../../ha/core/member.ts";
import type { MembershipChange, RosterFacts } from "../../../ha/core/membership-changes.ts";
import type { Name, VoterRecord } from "../../../ha/core/messages.ts";
import type { Voter } from "../../../ha/core/voter.ts";
import type { Member as RosterMember, Roster } from "../../../ha/io/node-files.ts";
import type { RosterKeeper } from "../../../ha/roster-keeper.ts";

/** One machine. A wiped or new one of the same name has another id. */
export type Machine = {
  readonly id: string;
  readonly name: Name;
  readonly kind: "node" | "witness";
  disk: { record: VoterRecord | null; roster: Roster; data: number; dataEpoch: number };
  boots: number;
  run: Run | null;
  backMs: number;
};
export type Run = {
  member: Member | null;
  voter: Voter | null;
  readonly keeper: RosterKeeper;
  change: {
    readonly change: MembershipChange;
    readonly applicant: RosterMember | null;
    readonly untilMs: number;
  } | null;
};
/** Null for nobody. */
export const nameOf = (member: RosterMember | null): Name | null => member?.name ?? null;

/** As the roster has it. */
export const entryOf = ({ id, name, kind }: Pick<Machine, "id" | "name" | "kind">): RosterMember => ({
  name,
  id,
  kind,
  host: id,
  agentPort: 1,
});

/** What changes of the members are decided on. */
export function factsOf(keeper: RosterKeeper): RosterFacts {
  const { version, members, arbiter } = keeper.current;
  return {
    version,
    arbiter,
    nodes: members.filter(({ kind }) => kind === "node").map(({ name }) => name),
    witness: members.find(({ kind }) => kind === "witness")?.name ?? null,
    versionOf: (name) => keeper.versionOf(name),
  };
}
