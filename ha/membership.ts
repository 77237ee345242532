import type { Logger } from "pino";
import type { Check } from "./core/change-checks.ts";
import { nextMove } from "./core/membership-changes.ts";
import type { MembershipChange, MembershipMove, RosterFacts } from "./core/membership-changes.ts";
import type { Member, Roster } from "./io/node-files.ts";
import type { LeaseShell } from "./lease-shell.ts";
import type { AgentWord } from "./link/join-desk.ts";
import { roomRefusal, sizeRefusal, twinRefusal } from "./members.ts";
import type { Others } from "./members.ts";
import { epochOf, nextVersion, rosterChange, versionAlone } from "./roster-keeper.ts";
import type { RosterKeeper } from "./roster-keeper.ts";

export type MembershipPorts = {
  readonly keeper: RosterKeeper;
  /** Who is who by the roster in force. */
  readonly others: () => Others;
  readonly shell: () => LeaseShell;
  readonly nowMs: () => number;
  readonly log: Logger;
};

/** How a change of the members went. */
export type MembershipOutcome = {
  readonly outcome: "dry-run" | "done" | "refused" | "put-back";
  readonly checks: readonly Check[];
  readonly message: string;
};

/** A change that does not come about within this time is given up; nothing is changed then. */
const changeLimitMs = 10_000;
const heardLimitMs = 3_000;

/** Changes of the members on one node: who is admitted, who is retired, who has the third vote. Decides nothing itself. */
export class Membership {
  readonly #ports: MembershipPorts;
  #changing = false;

  constructor(ports: MembershipPorts) {
    this.#ports = ports;
  }

  /** Tells the core who the members are; to be called at the start and for every roster. */
  tell(): void {
    const { keeper, others, shell } = this.#ports;
    const { peer, arbiter, arbiterKind, observer, bystander } = others();
    shell().feed({
      kind: "members",
      peer: peer?.name ?? null,
      arbiter: arbiter?.name ?? null,
      arbiterKind,
      observer: observer?.name ?? null,
      bystander,
      madeInEpoch: epochOf(keeper.current),
    });
    this.review();
  }

  /** To be called on a timer and at every change: nobody enters the set who lacks the roster in force. */
  review(): void {
    const { keeper, shell } = this.#ports;
    const { member } = shell();
    const { peer, held } = member;
    const behind = peer !== null && keeper.versionOf(peer) < keeper.current.version;
    const hold = this.#changing || behind;
    if (hold !== held) shell().feed({ kind: "hold", on: hold });
  }

  /** This node leads by an operator's word: its roster counts, whatever another primary made of it meanwhile. */
  lead(epoch: number): void {
    const { current, self } = this.#ports.keeper;
    const { arbiter } = current;
    const own = arbiter.kind === "standalone" && self !== null ? { ...arbiter, board: self.name } : arbiter;
    this.#ports.keeper.take({ ...current, arbiter: own, version: nextVersion(current, epoch) });
  }

  /** Why nobody could be admitted by this node now; null when somebody could. */
  mayAdmit(): string | null {
    const move = this.#move({ kind: "admit" });
    return move.kind === "commit" ? null : refusalOf(move.checks);
  }

  /** The word about one who shows a good token; with `admit` it is a member from then on. */
  answer(applicant: Member, admit: boolean): AgentWord {
    const { keeper, shell } = this.#ports;
    const { record } = shell().member.voter;
    // A new voter of a cluster that never led starts with the founder's record; later ones are enrolled.
    const initialRecord = record !== null && record.epoch === 0 ? { ...record } : null;
    if (keeper.retired !== null) return no(`${keeper.retired}.`);
    const full = roomRefusal(keeper.current, applicant);
    if (full !== null) return no(full);
    if (this.#changing) return no("Another change of the members is in progress. Try again.");
    const refused = this.mayAdmit();
    if (refused !== null) return no(`${refused}. The token is still good.`);
    if (!admit) return { initialRecord };
    keeper.take(this.#made({ kind: "admit" }, applicant));
    return { initialRecord, roster: keeper.current };
  }

  /** Makes one change, step by step, as the core says; with `dryRun` only its checks. */
  async change(change: MembershipChange, dryRun: boolean): Promise<MembershipOutcome> {
    const { checks, kind } = this.#move(change);
    if (kind === "refused") return { outcome: "refused", checks, message: refusalOf(checks) };
    const { retired } = this.#ports.keeper;
    if (retired !== null) return { outcome: "refused", checks, message: retired };
    const made = this.#made(change);
    const impossible = sizeRefusal(made) ?? twinRefusal(made);
    if (impossible !== null) return { outcome: "refused", checks, message: impossible };
    if (dryRun) return { outcome: "dry-run", checks, message: `${changeText(change)} could be done now` };
    if (this.#changing) return { outcome: "refused", checks, message: "another change of the members is in progress" };
    this.#changing = true;
    this.review();
    try {
      const failed = await this.#work(change);
      if (failed !== null) return { outcome: "put-back", checks, message: failed };
    } finally {
      this.#changing = false;
      this.review();
    }
    return { outcome: "done", checks, message: `${changeText(change)}. ${await this.#heard()}` };
  }

  /** Null when the roster is changed; otherwise why it is not. */
  async #work(change: MembershipChange): Promise<string | null> {
    const { keeper, shell, nowMs } = this.#ports;
    const untilMs = nowMs() + changeLimitMs;
    let waitsFor = "the other voters answer";
    while (nowMs() < untilMs) {
      const move = this.#move(change);
      switch (move.kind) {
        case "refused":
          return refusalOf(move.checks);
        case "commit":
          keeper.take(this.#made(change));
          return null;
        case "shrink":
          shell().feed({ kind: "shrink" });
          break;
        case "wait":
          waitsFor = move.until;
          await shell().until(() => this.#move(change).kind !== "wait", untilMs - nowMs());
      }
    }
    return `not so within ${changeLimitMs / 1000} s: ${waitsFor}`;
  }

  #move(change: MembershipChange): MembershipMove {
    const { shell, nowMs } = this.#ports;
    return nextMove(shell().member, this.#facts(), change, nowMs());
  }

  #facts(): RosterFacts {
    const { keeper } = this.#ports;
    const { version, members, arbiter } = keeper.current;
    const nodes = members.filter(({ kind }) => kind === "node").map(({ name }) => name);
    const witness = members.find(({ kind }) => kind === "witness")?.name ?? null;
    return { version, nodes, witness, arbiter, versionOf: (name) => keeper.versionOf(name) };
  }

  /** The roster after a change, newer than whatever a primary of an older epoch made. */
  #made(change: MembershipChange, applicant: Member | null = null): Roster {
    const { keeper, shell } = this.#ports;
    const { voter } = shell().member;
    const { self, current } = keeper;
    if (self === null) throw new Error("a node that was retired changes nothing");
    const epoch = voter.record?.epoch ?? 0;
    const alone = change.kind === "arbiter" && change.alone;
    const version = (alone ? versionAlone : nextVersion)(current, epoch);
    return { ...current, ...rosterChange(current, change, self, applicant), version };
  }

  /** Waits a moment for the other node to say that it has the new roster. */
  async #heard(): Promise<string> {
    const { keeper, shell } = this.#ports;
    const { peer } = shell().member;
    const { version } = keeper.current;
    if (peer === null) return `Roster ${version}.`;
    const heard = await shell().until(() => keeper.versionOf(peer) >= version, heardLimitMs);
    return heard ? `${peer} knows it (roster ${version}).` : `${peer} has not heard of it yet (roster ${version}).`;
  }
}

const no = (refused: string): AgentWord => ({ initialRecord: null, refused });

const refusalOf = (checks: readonly Check[]): string =>
  checks
    .filter(({ ok }) => !ok)
    .map(({ name, detail }) => `not so: ${name}${detail === "" ? "" : ` (${detail})`}`)
    .join("; ");

function changeText(change: MembershipChange): string {
  switch (change.kind) {
    case "arbiter":
      return `the third vote: ${[change.to, ...change.targets].join(" ")}`;
    case "retire":
      return `${change.name} retired`;
    case "address":
      return `${change.name} is at ${change.host}`;
    case "admit":
      return "somebody admitted";
  }
}
