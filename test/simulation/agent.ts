import { validUntilMs } from "../../ha/core/member.ts";
import type { Action, MemberEvent } from "../../ha/core/member.ts";
import type { Message, VoterRecord } from "../../ha/core/messages.ts";
import { checkActing, checkHolder, checkPersisted, checkPromotion } from "./checker.ts";
import { trip } from "./faults.ts";
import { describe, send } from "./network.ts";
import { driveReplica, forgetAcks, freshPrimary, onAck, onShip, tryConfirm, writeSometimes } from "./replica.ts";
import { bootOf, hostOf, localMs, log, trueMsOf } from "./world.ts";
import type { Datagram, Host, World } from "./world.ts";

/** Runs in the host's loop: not while it stalls, never in a later boot. */
export function inLoop(world: World, host: Host, atMs: number, run: () => void): void {
  const { boots } = host;
  const attempt = (): void => {
    if (!host.up || host.boots !== boots) return;
    if (world.nowMs < host.stalledUntilMs) world.queue.add(host.stalledUntilMs, attempt);
    else run();
  };
  world.queue.add(atMs, attempt);
}

/** Starts an agent on what its disk holds; leftovers of the run before are killed first. */
export function boot(world: World, host: Host): void {
  const { parts, timing, random } = world;
  host.up = true;
  host.boots++;
  host.stalledUntilMs = 0;
  host.effectsUntilMs = world.nowMs;
  host.effectsWaiting = 0;
  host.persisting = [];
  host.grantsOfThisBoot = 0;
  host.lossAccepted = false;
  host.incoming = null;
  if (host.app !== null && !parts.shell.killLeftovers) host.leftovers.push(host.app);
  host.app = null;
  log(world, () => `${bootOf(host)} starts`);
  const { record } = host.disk;
  const self = { name: host.name, boot: bootOf(host), nonce: `nonce-${bootOf(host)}`, timing, record };
  const nowMs = localMs(host, world.nowMs);
  if (host.kind === "witness") {
    host.voter = parts.createVoter({ ...self, startedMs: nowMs });
    return;
  }
  const peer = host.name === "a" ? "b" : "a";
  host.member = parts.createMember({ ...self, arbiterKind: "witness", peer, arbiter: "w", nowMs });
  host.primary = freshPrimary();
  const warm = (): void => feed(world, host, { kind: "status", position: { epoch: 0, txid: 0 }, fit: true });
  inLoop(world, host, world.nowMs + random.between(20, 400), warm);
  tick(world, host);
}

function tick(world: World, host: Host): void {
  const { parts, timing, random } = world;
  feed(world, host, { kind: "tick" });
  if (parts.shell.alwaysForce && host.member?.phase.kind === "standby")
    feed(world, host, { kind: "force", acceptDataLoss: true });
  driveReplica(world, host);
  inLoop(world, host, world.nowMs + timing.tickMs * random.between(0.9, 1.2), () => tick(world, host));
}

/** Gives an event to the core, and performs what it answers in its order. */
export function feed(world: World, host: Host, event: MemberEvent, agedMs = 0): void {
  if (host.member === null) return;
  const ready = world.parts.step(host.member, event, localMs(host, world.nowMs), agedMs);
  host.member = ready.member;
  if (ready.send.some(({ kind, to }) => kind === "enrol" && to === host.member?.peer)) forgetAcks(world, host);
  perform(world, host, ready.persist, ready.send, ready.act);
}

/** An operator's word to this node. */
export function failover(world: World, host: Host, acceptDataLoss: boolean): void {
  feed(world, host, { kind: "force", acceptDataLoss });
  const phase = host.member?.phase;
  if (phase?.kind === "asking" || phase?.kind === "electing") host.lossAccepted = phase.bid.force;
}

export function onDatagram(world: World, message: Datagram, sentMs: number): void {
  const host = hostOf(world, message.to);
  if (!host.up) return;
  // The link is a process of its own: it takes replica writes while the agent stalls.
  if (message.kind === "ship") return onShip(world, host, message);
  if (world.nowMs < host.stalledUntilMs) {
    return inLoop(world, host, host.stalledUntilMs, () => onDatagram(world, message, sentMs));
  }
  log(world, () => describe(message));
  if (message.kind === "ack") return onAck(world, host, message);
  const agedMs = world.nowMs - sentMs;
  if (host.voter !== null) {
    const ready = world.parts.stepWitness(host.voter, message, localMs(host, world.nowMs), agedMs);
    host.voter = ready.voter;
    return perform(world, host, ready.persist, ready.send, []);
  }
  const granted = message.kind === "reply" && message.granted && message.purpose !== "ask";
  if (granted && message.echoBoot === bootOf(host)) host.grantsOfThisBoot++;
  feed(world, host, { kind: "message", message }, agedMs);
  if (message.kind === "reply") tryConfirm(world, host);
}

function perform(
  world: World,
  host: Host,
  record: VoterRecord | null,
  messages: readonly Message[],
  actions: readonly Action[],
): void {
  const { parts, random } = world;
  const startMs = Math.max(world.nowMs, host.effectsUntilMs);
  const doneMs = record === null ? startMs : startMs + random.between(0.2, world.persistMs);
  host.effectsUntilMs = doneMs;
  const persisted = record === null ? null : { startMs, record };
  if (persisted !== null) {
    host.persisting.push(persisted);
    trip(world, host, "vote");
  }
  const early = parts.shell.persistBeforeSend ? [] : messages;
  for (const message of early) send(world, message);
  const finish = (): void => {
    if (persisted !== null) {
      host.persisting = host.persisting.filter((one) => one !== persisted);
      write(world, host, persisted.record);
    }
    if (parts.shell.persistBeforeSend) for (const message of messages) send(world, message);
    for (const action of actions) act(world, host, action);
  };
  if (doneMs === world.nowMs && host.effectsWaiting === 0) return finish();
  host.effectsWaiting++;
  inLoop(world, host, doneMs, () => {
    host.effectsWaiting--;
    finish();
  });
}

function write(world: World, host: Host, record: VoterRecord): void {
  const reached = world.parts.persisted(record, host.disk.record);
  if (reached === null) return;
  checkPersisted(world, host, reached);
  host.disk.record = reached;
}

function act(world: World, host: Host, action: Action): void {
  log(world, () => `${bootOf(host)} ${JSON.stringify(action)}`);
  switch (action.kind) {
    case "promote":
      // The loop may have stood still since the core said so.
      if (!leaseRuns(world, host)) break;
      checkHolder(world, host, action.epoch);
      checkPromotion(world, host, action.cause);
      host.app = { epoch: action.epoch, deadlineMs: 0 };
      host.primary = freshPrimary(localMs(host, world.nowMs), host.primary.shipSeq);
      host.incoming = null;
      host.disk.ledgerEpoch = action.epoch;
      writeSometimes(world, host, host.app);
      trip(world, host, "promotion");
      break;
    case "raised":
      checkHolder(world, host, action.epoch);
      if (host.app !== null) host.app.epoch = action.epoch;
      host.disk.ledgerEpoch = action.epoch;
      break;
    case "lease":
      if (host.app !== null) {
        const untilMs = trueMsOf(host, action.validUntilMs);
        host.app.deadlineMs = world.parts.shell.appKeepsDeadline ? untilMs : Number.POSITIVE_INFINITY;
      }
      break;
    case "demote": {
      const killed = (): void => {
        host.app = null;
        feed(world, host, { kind: "demoted" });
      };
      inLoop(world, host, world.nowMs + world.random.between(0, 80), killed);
    }
  }
  checkActing(world);
}

/** Power off, or only the agent: then its app lives on, until its deadline or the next start. */
export function crash(world: World, host: Host, what: "host" | "agent"): void {
  if (!host.up) return;
  log(world, () => `${bootOf(host)} crashes (${what})`);
  host.up = false;
  const [first] = host.persisting;
  // A write that had begun may have reached the disk, or not.
  if (first !== undefined && first.startMs < world.nowMs && world.random.chance(0.5)) write(world, host, first.record);
  host.persisting = [];
  host.member = null;
  host.voter = null;
  host.incoming = null;
  if (what === "agent") return;
  host.app = null;
  host.leftovers = [];
}

/** The present primary's own clock says that its lease runs. */
export const leaseRuns = (world: World, host: Host): boolean =>
  host.member?.phase.kind === "primary" && localMs(host, world.nowMs) < validUntilMs(host.member);
