import pino from "pino";
import { mayConfirmAlone, mayExpand } from "../../../ha/core/acknowledgement.ts";
import { createMember } from "../../../ha/core/member.ts";
import { validUntilMs } from "../../../ha/core/validity.ts";
import type { Action, Member, MemberEvent } from "../../../ha/core/member.ts";
import { nextMove } from "../../../ha/core/membership-changes.ts";
import type { MembershipChange, MembershipMove, RosterFacts } from "../../../ha/core/membership-changes.ts";
import type { Name } from "../../../ha/core/messages.ts";
import { step } from "../../../ha/core/step.ts";
import { presets } from "../../../ha/core/timing.ts";
import { createVoter } from "../../../ha/core/voter.ts";
import { stepWitness } from "../../../ha/core/witness.ts";
import type { Roster } from "../../../ha/io/node-files.ts";
import { othersOf } from "../../../ha/members.ts";
import { epochOf, nextVersion, RosterKeeper, rosterChange } from "../../../ha/roster-keeper.ts";
import { createRandom } from "../../simulation/random.ts";
import type { Random } from "../../simulation/random.ts";
import { Air } from "./members-air.ts";
import type { Datagram, Said } from "./members-air.ts";
import { entryOf, factsOf, nameOf } from "./members-machine.ts";
import type { Machine, Run } from "./members-machine.ts";

/**
 * A cluster whose members change while messages are lost, paths are cut and machines crash: the shipped core, the
 * shipped roster keeper and the shipped decisions, on one clock, with disks that keep what was written.
 */
export const timing = presets.fast;
const tickMs = timing.tickMs;
const silent = pino({ level: "silent" });

/** What a broken product would do instead; empty: the shipped decisions. */
export type Breakage = {
  readonly move?: (member: Member, facts: RosterFacts, change: MembershipChange, nowMs: number) => MembershipMove;
  readonly event?: (event: MemberEvent) => MemberEvent;
  readonly admits?: true;
};

export class MembersWorld {
  nowMs = 1_000;
  /** What was broken, with what led there; null: nothing. */
  violation: string | null = null;
  readonly counts: Record<string, number> = {};
  readonly #random: Random;
  readonly #broken: Breakage;
  readonly #machines: Machine[] = [];
  readonly #air: Air;
  readonly #lines: string[] = [];
  /** Every write has a number of its own, so that an old copy is never taken for a new one. */
  #writes = 0;
  #confirmed = 0;
  #made = 0;

  constructor(seed: number, broken: Breakage = {}) {
    this.#random = createRandom(seed);
    this.#air = new Air(this.#random);
    this.#broken = broken;
    const founder = this.#machine("a", "node", {
      version: 1,
      arbiter: { kind: "standalone", targets: [], board: "a" },
      members: [],
    });
    founder.disk.roster.members.push(entryOf(founder));
    const sync = { inSync: ["a"], paused: false, setEpoch: 0, setVersion: 0 };
    founder.disk.record = { epoch: 0, holder: "a", released: false, sync };
    this.#boot(founder);
  }

  /** Lets time pass with faults and an operator who changes the members; then heals everything. */
  play(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    while (this.nowMs < endMs && this.violation === null) {
      if (this.#random.chance(0.02)) this.#strike();
      if (this.#random.chance(0.012)) this.#operate();
      this.#pass();
    }
  }

  /**
   * Everything up and connected, no more faults; true once somebody leads. By hand only: under `manual`, where the last
   * holder hears a peer that is blank and so vouches for nothing.
   */
  heals(limitMs: number): boolean {
    this.#air.calm();
    const endMs = this.nowMs + limitMs;
    for (const machine of this.#machines) machine.backMs = Math.min(machine.backMs, this.nowMs);
    while (this.nowMs < endMs && this.violation === null && this.#leaders().length === 0) {
      const late = endMs - this.nowMs < limitMs / 2;
      for (const machine of this.#machines) if (late && this.#isLastManual(machine)) this.#force(machine);
      this.#pass();
    }
    return this.#leaders().length > 0;
  }

  get story(): string {
    return this.#lines.slice(-60).join("\n");
  }

  #isLastManual({ run, name, disk }: Machine): boolean {
    const manual = run?.keeper.retired === null && run.keeper.current.arbiter.kind === "manual";
    return manual && disk.record?.holder === name && disk.record.sync.inSync.includes(name);
  }

  #force(machine: Machine): void {
    this.#feed(machine, { kind: "force", acceptDataLoss: false });
  }

  #leaders(): Machine[] {
    return this.#machines.filter(({ run }) => {
      const member = run?.member ?? null;
      return member?.phase.kind === "primary" && this.nowMs < validUntilMs(member);
    });
  }

  #pass(): void {
    this.nowMs += tickMs;
    for (const datagram of this.#air.due(this.nowMs)) this.#deliver(datagram);
    for (const machine of this.#machines) {
      if (machine.run === null && machine.backMs <= this.nowMs) this.#boot(machine);
      if (machine.run?.member) {
        this.#feed(machine, { kind: "tick" });
        this.#review(machine);
        this.#work(machine);
      }
    }
    const leaders = this.#leaders();
    if (leaders.length > 1) this.#violate(`HA-1: ${leaders.map(({ id }) => id).join(" and ")} lead`);
  }

  #machine(name: Name, kind: Machine["kind"], roster: Roster): Machine {
    this.#made += 1;
    const id = `${name}${this.#made}`.padEnd(16, "0");
    const disk = { record: null, roster, data: 0, dataEpoch: -1 };
    const machine: Machine = { id, name, kind, disk, boots: 0, run: null, backMs: Number.POSITIVE_INFINITY };
    this.#machines.push(machine);
    return machine;
  }

  #boot(machine: Machine): void {
    const { name, id, disk } = machine;
    machine.boots += 1;
    machine.backMs = Number.POSITIVE_INFINITY;
    const keeper: RosterKeeper = new RosterKeeper({
      roster: disk.roster,
      write: (roster) => {
        disk.roster = roster;
      },
      self: { name, id },
      changed: () => this.#tellMembers(machine),
      log: silent,
    });
    const self = {
      name,
      boot: `${id}.${machine.boots}`,
      nonce: `n${id}.${machine.boots}`,
      timing,
      record: disk.record,
    };
    const start = { nowMs: this.nowMs, arbiterKind: "witness" as const, peer: null, arbiter: null };
    const isNode = machine.kind === "node";
    machine.run = {
      member: isNode ? createMember({ ...self, ...start }) : null,
      voter: isNode ? null : createVoter({ ...self, startedMs: this.nowMs }),
      keeper,
      change: null,
    };
    this.#log(`${id} starts (roster ${disk.roster.version})`);
    this.#tellMembers(machine);
    this.#feed(machine, { kind: "status", position: { epoch: 0, txid: 0 }, fit: true });
  }

  #tellMembers(machine: Machine): void {
    const { name, run } = machine;
    if (!run?.member) return;
    const { retired, current } = run.keeper;
    const others = othersOf(name, current);
    const nobody = { kind: "members" as const, peer: null, arbiter: null, observer: null };
    const named = { peer: nameOf(others.peer), arbiter: nameOf(others.arbiter), observer: nameOf(others.observer) };
    const event =
      retired === null
        ? {
            ...nobody,
            ...named,
            arbiterKind: others.arbiterKind,
            bystander: others.bystander,
            madeInEpoch: epochOf(current),
          }
        : { ...nobody, arbiterKind: "witness" as const };
    this.#feed(machine, event);
  }

  /** Feeds an event; effects follow at once. */
  #feed(machine: Machine, event: MemberEvent): void {
    if (!machine.run?.member) return;
    const ready = step(machine.run.member, this.#broken.event?.(event) ?? event, this.nowMs);
    machine.run.member = ready.member;
    if (ready.persist !== null) machine.disk.record = ready.persist;
    for (const message of ready.send) this.#send(machine, message.to, message);
    for (const action of ready.act) this.#act(machine, action);
  }

  #act(machine: Machine, action: Action): void {
    if (action.kind === "promote") {
      this.#log(`${machine.id} leads epoch ${action.epoch} (${action.cause})`);
      this.counts[action.cause] = (this.counts[action.cause] ?? 0) + 1;
      if (machine.disk.data < this.#confirmed)
        this.#violate(`HA-6: ${machine.id} leads with ${machine.disk.data}, ${this.#confirmed} is confirmed`);
      machine.disk.dataEpoch = action.epoch;
    }
    if (action.kind === "raised") machine.disk.dataEpoch = action.epoch;
    if (action.kind === "demote") {
      this.#log(`${machine.id} steps down: ${action.reason}`);
      this.#feed(machine, { kind: "demoted" });
    }
  }

  #send(from: Machine, to: Name, message: Said, only: Machine | null = null): void {
    const { run, id } = from;
    if (run === null) return;
    const stamp = { id, roster: run.keeper.current.version };
    for (const machine of this.#machines) {
      const aimed = only === null ? machine.name === to && machine !== from : machine === only;
      if (aimed) this.#air.send({ to: machine, from, stamp, message }, this.nowMs);
    }
  }

  /** As the heartbeats' port does it. */
  #deliver({ to, from, stamp, message }: Datagram): void {
    const { run } = to;
    if (run === null) return;
    const { keeper } = run;
    const member = this.#broken.admits ?? keeper.admits(from.name, stamp);
    const taken = message.kind === "roster" && keeper.offered(from.name, stamp, message.roster);
    if (stamp.roster < keeper.current.version)
      this.#send(to, from.name, { kind: "roster", roster: keeper.current }, from);
    if (!member && !taken) return;
    keeper.heard(from.name, stamp);
    if (message.kind === "roster") return;
    if (run.voter === null) return this.#feed(to, { kind: "message", message });
    const ready = stepWitness(run.voter, message, this.nowMs);
    run.voter = ready.voter;
    if (ready.persist !== null) to.disk.record = ready.persist;
    for (const answer of ready.send) this.#send(to, answer.to, answer);
  }

  /** What an agent does on its timer: hold, replicate, confirm, carry a change of the members on. */
  #review(machine: Machine): void {
    const { run } = machine;
    const member = run?.member ?? null;
    if (run === null || member === null) return;
    const { peer } = member;
    const behind = peer !== null && run.keeper.versionOf(peer) < run.keeper.current.version;
    const hold = run.change !== null || behind;
    if (hold !== member.held) this.#feed(machine, { kind: "hold", on: hold });
    this.#proceed(machine, run);
  }

  /** One write each tick: to the standby where it is attached, and confirmed by the rules. */
  #work(machine: Machine): void {
    const member = machine.run?.member ?? null;
    const { phase } = member ?? {};
    if (member === null || phase?.kind !== "primary" || this.nowMs >= validUntilMs(member)) return;
    machine.disk.data = this.#writes += 1;
    const set = member.voter.record?.sync.inSync ?? [];
    const standby = this.#attached(machine, member, phase.epoch);
    if (standby !== null) standby.disk.data = machine.disk.data;
    const inSet = member.peer !== null && set.includes(member.peer);
    if (inSet && standby === null && this.#random.chance(0.3)) return this.#feed(machine, { kind: "shrink" });
    if (inSet && standby !== null) this.#confirm(machine.disk.data);
    if (!inSet && mayConfirmAlone(member)) this.#confirm(machine.disk.data);
    if (!inSet && standby !== null && mayExpand(member)) this.#feed(machine, { kind: "expand" });
  }

  /** The standby that takes this primary's stream: its receiver has promised this epoch to it. [HA-5] */
  #attached(machine: Machine, { peer }: Member, epoch: number): Machine | null {
    const id = machine.run?.keeper.current.members.find(({ name }) => name === peer)?.id;
    const standby = this.#machines.find((one) => one.id === id) ?? null;
    if (standby?.run == null || this.#air.isCutBetween(machine, standby, this.nowMs)) return null;
    const promised = standby.disk.record;
    return promised?.epoch === epoch && promised.holder === machine.name ? standby : null;
  }

  #confirm(data: number): void {
    this.#confirmed = Math.max(this.#confirmed, data);
  }

  #proceed(machine: Machine, run: Run): void {
    if (run.change === null || run.member === null) return;
    const { change, applicant, untilMs } = run.change;
    if (this.nowMs > untilMs || run.keeper.self === null) {
      run.change = null;
      return;
    }
    const facts = factsOf(run.keeper);
    const move = (this.#broken.move ?? nextMove)(run.member, facts, change, this.nowMs);
    if (move.kind === "shrink") this.#feed(machine, { kind: "shrink" });
    if (move.kind === "refused") run.change = null;
    if (move.kind !== "commit") return;
    run.change = null;
    const { current, self } = run.keeper;
    const epoch = run.member.voter.record?.epoch ?? 0;
    this.counts[change.kind] = (this.counts[change.kind] ?? 0) + 1;
    this.#log(`${machine.id}: ${JSON.stringify(change)} ${applicant?.id ?? ""}`);
    run.keeper.take({
      ...current,
      ...rosterChange(current, change, self, applicant),
      version: nextVersion(current, epoch),
    });
    // A joiner gets its roster with the answer.
    const joiner = this.#machines.find(({ id }) => id === applicant?.id);
    if (joiner === undefined) return;
    joiner.disk.roster = run.keeper.current;
    joiner.backMs = this.nowMs + this.#random.between(10, 500);
  }

  /** Somebody changes the members, on whatever node believes that it leads. */
  #operate(): void {
    const leading = this.#machines.filter(({ run }) => run?.member?.phase.kind === "primary");
    if (leading.length === 0) return;
    const machine = this.#random.pick(leading);
    const { run } = machine;
    if (run === null || run.change !== null) return;
    const { members, arbiter } = run.keeper.current;
    const untilMs = this.nowMs + 2_000;
    const absent = (["node", "witness"] as const).filter(
      (kind) => members.filter((member) => member.kind === kind).length < (kind === "node" ? 2 : 1),
    );
    if (absent.length > 0 && this.#random.chance(0.6)) {
      const kind = this.#random.pick(absent);
      const name = kind === "witness" ? "w" : machine.name === "a" ? "b" : "a";
      const joiner = this.#machine(name, kind, run.keeper.current);
      run.change = { change: { kind: "admit" }, applicant: entryOf(joiner), untilMs };
      return;
    }
    const kinds = (["witness", "manual", "standalone"] as const).filter((kind) => kind !== arbiter.kind);
    const others = members.filter(({ name }) => name !== machine.name);
    const toWitness = arbiter.kind !== "witness" && this.#random.chance(0.6);
    const change: MembershipChange =
      others.length > 0 && this.#random.chance(0.35)
        ? { kind: "retire", name: this.#random.pick(others).name }
        : { kind: "arbiter", to: toWitness ? "witness" : this.#random.pick(kinds), targets: [], alone: false };
    run.change = { change, applicant: null, untilMs };
  }

  #strike(): void {
    // The one that leads is the more interesting victim.
    const leading = this.#leaders();
    const machine = this.#random.pick(leading.length > 0 && this.#random.chance(0.5) ? leading : this.#machines);
    const lastingMs = this.#random.between(0.1, 3) * timing.leaseMs;
    const what = this.#random.pick(["crash", "cut", "cut-one-way", "loss"] as const);
    this.#log(`FAULT ${what} ${machine.id} ${Math.round(lastingMs)} ms`);
    if (what === "loss") this.#air.loss = this.#random.chance(0.5) ? 0.02 : 0.3;
    if (what === "crash" && machine.run !== null) {
      machine.run = null;
      machine.backMs = this.nowMs + lastingMs;
    }
    if (!what.startsWith("cut")) return;
    const alone = this.#random.chance(0.5);
    for (const other of this.#machines) {
      if (other === machine || (!alone && this.#random.chance(0.5))) continue;
      this.#air.cut(machine, other, this.nowMs + lastingMs);
      if (what === "cut") this.#air.cut(other, machine, this.nowMs + lastingMs);
    }
  }

  #log(line: string): void {
    this.#lines.push(`${this.nowMs.toFixed(0)} ${line}`);
  }

  #violate(what: string): void {
    this.violation ??= `${what}\n${this.story}`;
  }
}
