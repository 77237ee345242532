import type { Member as RosterMember, NodeConfig, Roster } from "./io/node-files.ts";

/** Who is who for one node, read off the roster. */
export type Others = {
  readonly peer: RosterMember | null;
  readonly arbiter: RosterMember | null;
  /** Voters that must agree: with an arbiter two of three, whoever has joined by now. */
  readonly majority: 1 | 2;
};

export function othersOf(config: NodeConfig, roster: Roster): Others {
  const find = (kind: RosterMember["kind"]): RosterMember | null =>
    roster.members.find((member) => member.kind === kind && member.name !== config.name) ?? null;
  return {
    peer: find("node"),
    arbiter: find("witness"),
    majority: config.arbiter === "standalone" ? 1 : 2,
  };
}

/** Where the app of a member answers, "host:port"; null when it has none. */
export function appAddress(roster: Roster, name: string | null): string | null {
  const member = roster.members.find((candidate) => candidate.name === name);
  if (member?.appPort === undefined) return null;
  return member.host.includes(":") ? `[${member.host}]:${member.appPort}` : `${member.host}:${member.appPort}`;
}
