import type { Logger } from "pino";
import type { MembershipChange } from "./core/membership-changes.ts";
import type { Name } from "./core/messages.ts";
import type { Stamp } from "./io/message-schema.ts";
import type { Member, Roster } from "./io/node-files.ts";
import type { RosterDesk } from "./io/udp.ts";

/** Changes of one epoch that do not reach into the numbers of the next. */
const changesOfEpoch = 1_000_000;

/**
 * The version of a roster that the primary of `epoch` makes from `roster`. It carries the epoch in front, as the set
 * does: what an older primary made and nobody heard of is never newer than what its successor makes.
 */
export const nextVersion = (roster: Roster, epoch: number): number =>
  Math.max(roster.version + 1, epoch * changesOfEpoch);

/** The version of a roster that a node makes alone by an operator's word: newer than others of the epoch it knows. */
export const versionAlone = (roster: Roster, epoch: number): number =>
  Math.max(roster.version + 1, epoch * changesOfEpoch + changesOfEpoch / 2);

/** The epoch of the primary that made a roster; 0 for one of a founder. */
export const epochOf = ({ version }: Roster): number => Math.floor(version / changesOfEpoch);

/** What of a roster a change replaces, once the core lets it pass; `self` is the node that makes it. */
export function rosterChange(
  { members }: Roster,
  change: MembershipChange,
  self: Member,
  applicant: Member | null = null,
): Partial<Roster> {
  switch (change.kind) {
    case "admit":
      return {
        members: [...members.filter(({ name }) => name !== applicant?.name), ...(applicant ? [applicant] : [])],
      };
    case "retire":
      return { members: members.filter(({ name }) => name !== change.name) };
    case "address": {
      const { name, host } = change;
      return { members: members.map((member) => (member.name === name ? { ...member, host } : member)) };
    }
    case "arbiter": {
      const { to: kind, targets, alone } = change;
      const board = kind === "standalone" ? { board: self.name } : {};
      return { arbiter: { kind, targets: [...targets], ...board }, ...(alone && { members: [self] }) };
    }
  }
}

/** Whether a roster knows this name with this key. */
const knows = (roster: Roster, name: Name, id: string): boolean =>
  roster.members.some((member) => member.name === name && member.id === id);

export type KeeperOptions = {
  /** As it stands on the disk. */
  readonly roster: Roster;
  /** Makes a roster durable before it returns; throws where it cannot. */
  readonly write: (roster: Roster) => void;
  readonly self: { readonly name: Name; readonly id: string };
  /** A newer roster is durable and in force. */
  readonly changed: (roster: Roster) => void;
  readonly log: Logger;
};

/** The roster of one member: durable before it is in force, replaced by newer ones only, wherever they come from. */
export class RosterKeeper implements RosterDesk {
  readonly #options: KeeperOptions;
  readonly #versions = new Map<Name, number>();
  #roster: Roster;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#roster = options.roster;
  }

  get current(): Roster {
    return this.#roster;
  }

  get self(): Member | null {
    const { name, id } = this.#options.self;
    return this.#roster.members.find((member) => member.name === name && member.id === id) ?? null;
  }

  /** Why this member is none any more; null while it is one. */
  get retired(): string | null {
    if (this.self !== null) return null;
    const { name } = this.#options.self;
    const taken = this.#roster.members.some((member) => member.name === name);
    const how = taken ? `another board has the name ${name} now` : `${name} was retired from the cluster`;
    return `${how} (roster ${this.#roster.version}); it leads and votes no more, and keeps its data. To use it again, join with another directory.`;
  }

  /** The newest roster that a member said it has, in this run; -1 before its first word. */
  versionOf(name: Name): number {
    return this.#versions.get(name) ?? -1;
  }

  stamp(): Stamp {
    return { id: this.#options.self.id, roster: this.#roster.version };
  }

  admits(from: Name, { id }: Stamp): boolean {
    return this.self !== null && knows(this.#roster, from, id);
  }

  heard(from: Name, { roster }: Stamp): void {
    this.#versions.set(from, Math.max(roster, this.versionOf(from)));
  }

  /** From a member, or from one that the newer roster makes one. */
  offered(from: Name, { id }: Stamp, roster: Roster): boolean {
    return (knows(this.#roster, from, id) || knows(roster, from, id)) && this.take(roster);
  }

  /** Takes a newer roster, whoever brings it; false: it is none. Throws where it cannot be made durable. */
  take(roster: Roster): boolean {
    if (roster.version <= this.#roster.version) return false;
    this.#options.write(roster);
    // What another board of the same name had says nothing of the new one.
    for (const { name, id } of this.#roster.members) if (!knows(roster, name, id)) this.#versions.delete(name);
    this.#roster = roster;
    this.#options.log.info({ version: roster.version, members: roster.members.map(({ name }) => name) }, "roster");
    this.#options.changed(roster);
    return true;
  }
}
