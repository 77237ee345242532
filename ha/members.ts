import type { ArbiterKind, Name } from "./core/messages.ts";
import type { Member as RosterMember, Roster } from "./io/node-files.ts";

/** Who is who for one node, read off the roster. */
export type Others = {
  readonly peer: RosterMember | null;
  /** The witness, where that is the arbiter and it has joined. */
  readonly arbiter: RosterMember | null;
  readonly arbiterKind: ArbiterKind;
};

export function othersOf(self: Name, roster: Roster): Others {
  const find = (kind: RosterMember["kind"]): RosterMember | null =>
    roster.members.find((member) => member.kind === kind && member.name !== self) ?? null;
  const arbiterKind = roster.arbiter.kind;
  return { peer: find("node"), arbiter: arbiterKind === "witness" ? find("witness") : null, arbiterKind };
}

/** Where the app of a member answers, "host:port"; null when it has none. */
export function appAddress(roster: Roster, name: string | null): string | null {
  const member = roster.members.find((candidate) => candidate.name === name);
  if (member?.appPort === undefined) return null;
  return member.host.includes(":") ? `[${member.host}]:${member.appPort}` : `${member.host}:${member.appPort}`;
}
