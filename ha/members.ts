import type { ArbiterKind, Name } from "./core/messages.ts";
import type { Member as RosterMember, Roster } from "./io/node-files.ts";

/** Who is who for one node, read off the roster. */
export type Others = {
  readonly peer: RosterMember | null;
  /** The witness, where that is the arbiter and it has joined. */
  readonly arbiter: RosterMember | null;
  readonly arbiterKind: ArbiterKind;
  /** A witness that has joined and is not the arbiter (yet). */
  readonly observer: RosterMember | null;
  /** Another node leads as one board. */
  readonly bystander: boolean;
};

export function othersOf(self: Name, roster: Roster): Others {
  const find = (kind: RosterMember["kind"]): RosterMember | null =>
    roster.members.find((member) => member.kind === kind && member.name !== self) ?? null;
  const arbiterKind = roster.arbiter.kind;
  const witness = find("witness");
  const isArbiter = arbiterKind === "witness";
  return {
    peer: find("node"),
    arbiter: isArbiter ? witness : null,
    arbiterKind,
    observer: isArbiter ? null : witness,
    bystander: arbiterKind === "standalone" && roster.arbiter.board !== self,
  };
}

const most = { node: 2, witness: 1 };
/** A roster goes out in one datagram, whose envelope and signature take the rest. */
export const rosterBytesMax = 900;

/** Why a roster has no room for this member, as a sentence for the person at its keyboard; null when it has. */
export function roomRefusal(roster: Roster, member: RosterMember): string | null {
  // One that asks again, its answer lost, is no stranger.
  const others = roster.members.filter(({ name, id }) => name !== member.name || id !== member.id);
  if (others.some(({ name }) => name === member.name)) {
    return `The cluster already has a member named ${member.name}. Choose another name, or retire the old one first: trader retire ${member.name}.`;
  }
  const same = others.filter(({ kind }) => kind === member.kind);
  if (same.length >= most[member.kind]) {
    const has = member.kind === "witness" ? "its witness" : "its two nodes";
    return `The cluster already has ${has}: ${same.map(({ name }) => name).join(" and ")}. Retire one first: trader retire NAME.`;
  }
  const twin = others.find(({ host, agentPort }) => host === member.host && agentPort === member.agentPort);
  if (twin !== undefined) return `${twin.name} already has the address ${member.host}:${member.agentPort}.`;
  return sizeRefusal({ ...roster, members: [...others, member] });
}

/** Why the members of a roster could not be told apart by their addresses; null when they can. */
export function twinRefusal({ members }: Roster): string | null {
  for (const [at, { name, host, agentPort }] of members.entries()) {
    const twin = members.slice(0, at).find((other) => other.host === host && other.agentPort === agentPort);
    if (twin !== undefined) return `${twin.name} and ${name} would both have the address ${host}:${agentPort}.`;
  }
  return null;
}

/** Why a roster could not be told to everybody; null when it could. */
export function sizeRefusal(roster: Roster): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(roster));
  return bytes > rosterBytesMax ? "The host names of members and targets are too long together: use addresses." : null;
}

/** Where the app of a member answers, "host:port"; null when it has none. */
export function appAddress({ host, appPort }: RosterMember): string | null {
  if (appPort === undefined) return null;
  return host.includes(":") ? `[${host}]:${appPort}` : `${host}:${appPort}`;
}
