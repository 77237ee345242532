import { setDeadline, endApp } from "./app.ts";
import { failoverChecks } from "../../ha/core/change-checks.ts";
import { validUntilMs } from "../../ha/core/validity.ts";
import type { Action, MemberEvent } from "../../ha/core/member.ts";
import type { Message, VoterRecord } from "../../ha/core/messages.ts";
import { notice } from "./clock.ts";
import { checkActing, checkHolder, checkPersisted } from "./checker.ts";
import { checkGivingWay } from "./parting.ts";
import { down, trip } from "./faults.ts";
import { describe, send } from "./network.ts";
import { copyToLead, promote } from "./promotion.ts";
import { driveReplica, forgetAcks, freshPrimary, onAck, onShip, tryConfirm } from "./replica.ts";
import { driveStandby } from "./standby.ts";
import { probe, restartProbes } from "./uplink.ts";
import { tearVote, writeVote } from "./vote-disk.ts";
import { bootOf, hostOf, localMs, log, recordOf, stillUntilMs } from "./world.ts";
import type { App, Datagram, Host, Persisting, World } from "./world.ts";

/** Runs in the host's loop: not while it stalls, never in a later boot. */
export function inLoop(world: World, host: Host, atMs: number, run: () => void): void {
  const { boots } = host;
  const attempt = (): void => {
    if (!host.up || host.boots !== boots) return;
    if (world.nowMs < stillUntilMs(host)) world.queue.add(stillUntilMs(host), attempt);
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
  host.frozenUntilMs = 0;
  host.asleepUntilMs = 0;
  notice(host.clock, world.nowMs);
  host.warm = false;
  host.rejoining = false;
  host.effectsUntilMs = world.nowMs;
  host.effectsWaiting = 0;
  host.persisting = [];
  host.grantsOfThisBoot = 0;
  restartProbes(host.uplink);
  host.lossAccepted = false;
  host.incoming = null;
  if (host.app !== null && !parts.shell.killLeftovers) host.leftovers.push(host.app);
  host.app = null;
  log(world, () => `${bootOf(host)} starts`);
  const record = recordOf(host);
  const self = { name: host.name, boot: bootOf(host), nonce: `nonce-${bootOf(host)}`, timing, record };
  const nowMs = localMs(host, world.nowMs);
  if (host.kind === "witness") {
    host.voter = parts.createVoter({ ...self, startedMs: nowMs });
    return;
  }
  const peer = host.name === "a" ? "b" : "a";
  host.member = parts.createMember({
    ...self,
    arbiterKind: world.arbiter,
    peer,
    arbiter: world.arbiter === "witness" ? "w" : null,
    nowMs,
  });
  host.primary = freshPrimary();
  inLoop(world, host, world.nowMs + random.between(20, 400), () => (host.warm = true));
  tick(world, host);
}

function tick(world: World, host: Host): void {
  const { parts, timing, random } = world;
  feed(world, host, { kind: "tick" });
  if (parts.shell.alwaysForce && host.member?.phase.kind === "standby")
    feed(world, host, { kind: "force", acceptDataLoss: true });
  probe(world, host);
  driveReplica(world, host);
  driveStandby(world, host);
  inLoop(world, host, world.nowMs + timing.tickMs * random.between(0.9, 1.2), () => tick(world, host));
}

/** Gives an event to the core, and performs what it answers in its order. */
export function feed(world: World, host: Host, event: MemberEvent, agedMs = 0): void {
  if (host.member === null) return;
  const ready = world.parts.step(host.member, event, localMs(host, world.nowMs), agedMs);
  const { kind: was } = host.member.phase;
  const { kind: is } = ready.member.phase;
  if (was !== is) world.coverage.hit("phase", `${was} to ${is}`);
  if (event.kind !== "tick") world.coverage.hit("event", `${eventName(event)} while ${was}`);
  coverAnswers(world, ready.send);
  host.member = ready.member;
  if (ready.send.some(({ kind, to }) => kind === "enrol" && to === host.member?.peer)) forgetAcks(world, host);
  perform(world, host, ready.persist, ready.send, ready.act);
}

const eventName = (event: MemberEvent): string => (event.kind === "message" ? event.message.kind : event.kind);

function coverAnswers({ coverage }: World, messages: readonly Message[]): void {
  for (const message of messages) {
    if (message.kind === "reply") coverage.hit("answer", message.refusal ?? "granted");
  }
}

/** An operator's word to this node, as `trader failover` gives it: after the shipped checks. */
export function failover(world: World, host: Host, acceptDataLoss: boolean): void {
  if (host.member === null) return;
  const broken = copyToLead(host.disk) === null ? "it holds no copy of the ledger" : null;
  const refused = failoverChecks(host.member, broken, acceptDataLoss, localMs(host, world.nowMs)).find(({ ok }) => !ok);
  world.coverage.hit("operator's failover", refused === undefined ? "let through" : "refused");
  log(
    world,
    () => `an operator fails over to ${host.name}: ${refused === undefined ? "yes" : `not so: ${refused.name}`}`,
  );
  if (refused !== undefined) return;
  feed(world, host, { kind: "force", acceptDataLoss });
  const phase = host.member?.phase;
  if (phase?.kind === "asking" || phase?.kind === "electing") host.lossAccepted = phase.bid.force;
}

export function onDatagram(world: World, message: Datagram, sentMs: number): void {
  const host = hostOf(world, message.to);
  if (!host.up || world.nowMs < host.asleepUntilMs) return;
  // The link is a process of its own: it takes replica writes while the agent stalls.
  const stillMs = message.kind === "ship" ? host.frozenUntilMs : stillUntilMs(host);
  if (world.nowMs < stillMs) return inLoop(world, host, stillMs, () => onDatagram(world, message, sentMs));
  if (message.kind === "ship") return onShip(world, host, message);
  log(world, () => describe(message));
  if (message.kind === "ack") return onAck(world, host, message);
  const agedMs = world.nowMs - sentMs;
  if (host.voter !== null) {
    const ready = world.parts.stepWitness(host.voter, message, localMs(host, world.nowMs), agedMs);
    coverAnswers(world, ready.send);
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
      if (!write(world, host, persisted)) return;
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

/** False when the disk failed: a voter that may forget says no other word, and its agent ends. [HA-2] */
function write(world: World, host: Host, persisted: Persisting): boolean {
  host.persisting = host.persisting.filter((one) => one !== persisted);
  const { disk } = host;
  if (world.nowMs >= disk.failsUntilMs) {
    store(world, host, persisted.record);
    return true;
  }
  world.coverage.hit("disk", "a vote could not be written");
  log(world, () => `${bootOf(host)} cannot write its vote`);
  if (!world.parts.shell.stopsWhenDiskFails) return true;
  down(world, host, world.random.between(50, 300), "agent");
  return false;
}

function store(world: World, host: Host, record: VoterRecord): void {
  const before = recordOf(host);
  const reached = world.parts.persisted(record, before);
  if (reached === null) return;
  writeVote(host.disk.votes, reached, world.parts);
  checkPersisted(world, host, before);
}

/** Power fails while a vote is being written: it is there, it is not, or some of its bytes are. */
function interrupt(world: World, host: Host, { record }: Persisting): void {
  const { random, parts } = world;
  const before = recordOf(host);
  const luck = random.next();
  world.coverage.hit("disk", luck < 0.35 ? "a vote was torn" : luck < 0.7 ? "a vote got through" : "a vote was lost");
  if (luck < 0.35) tearVote(host.disk.votes, record, Math.floor(random.between(1, 320)), parts);
  else if (luck < 0.7) return store(world, host, record);
  checkPersisted(world, host, before);
}

function act(world: World, host: Host, action: Action): void {
  log(world, () => `${bootOf(host)} ${JSON.stringify(action)}`);
  switch (action.kind) {
    case "promote":
      promote(world, host, action.epoch, action.cause);
      break;
    case "raised":
      checkHolder(world, host, action.epoch);
      // The promotion that it overtook has opened nothing.
      if (host.app === null) promote(world, host, action.epoch, "resume");
      else raise(host, host.app, action.epoch);
      break;
    case "lease":
      setDeadline(world, host, action.validUntilMs);
      break;
    case "demote": {
      checkGivingWay(world, host, action.epoch);
      const killed = (): void => {
        endApp(world, host);
        feed(world, host, { kind: "demoted" });
      };
      inLoop(world, host, world.nowMs + world.random.between(0, 80), killed);
    }
  }
  checkActing(world);
}

/** The same lease goes on under a higher epoch: another path for the replica, the same open ledger. */
function raise({ disk }: Host, app: App, epoch: number): void {
  app.epoch = epoch;
  if (disk.ledger !== null) disk.ledger = { ...disk.ledger, epoch };
}

/** Power off, or only the agent: then its app lives on, until its deadline or the next start. */
export function crash(world: World, host: Host, what: "host" | "agent"): void {
  if (what === "host") {
    endApp(world, host);
    host.leftovers = [];
  }
  if (!host.up) return;
  log(world, () => `${bootOf(host)} crashes (${what})`);
  host.up = false;
  const [first] = host.persisting;
  if (first !== undefined && first.startMs < world.nowMs) interrupt(world, host, first);
  host.persisting = [];
  host.member = null;
  host.voter = null;
  host.incoming = null;
}

/** The present primary's own clock says that its lease runs. */
export const leaseRuns = (world: World, host: Host): boolean =>
  host.member?.phase.kind === "primary" && localMs(host, world.nowMs) < validUntilMs(host.member);
