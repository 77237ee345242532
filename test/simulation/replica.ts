import type { Name } from "../../ha/core/messages.ts";
import { feed, inLoop, leaseRuns } from "./agent.ts";
import { inApp } from "./app.ts";
import { checkConfirmed, isActing } from "./checker.ts";
import { trip } from "./faults.ts";
import { send } from "./network.ts";
import { wake } from "./trader.ts";
import { bootOf, holds, hostOf, localMs, log, recordOf } from "./world.ts";
import type { Ack, App, Host, PrimaryState, Ship, World, Write } from "./world.ts";

export const freshPrimary = (nowMs = 0, shipSeq = 0): PrimaryState => ({
  shipSeq,
  ackFloorSeq: shipSeq,
  acked: null,
  hasAck: false,
  ackedAtMs: nowMs,
  nextShipMs: nowMs,
  expanding: null,
  pending: [],
});

export const peerOf = (host: Host): Name => (host.name === "a" ? "b" : "a");
const headOf = (host: Host): Write | null => host.disk.ledger?.head ?? null;
export const inSyncOf = (host: Host): readonly Name[] => host.member?.voter.record?.sync.inSync ?? [];

/** Sends what is new to the standby's receiver. */
export function ship(world: World, host: Host): void {
  const { member, primary } = host;
  if (member?.phase.kind !== "primary" || host.app === null) return;
  primary.nextShipMs = localMs(host, world.nowMs) + world.timing.beatMs;
  const seq = ++primary.shipSeq;
  const from = { from: host.name, to: peerOf(host), boot: bootOf(host) };
  send(world, { kind: "ship", ...from, seq, epoch: host.app.epoch, head: headOf(host) });
}

/** Rules 9 and 14 as an agent shell keeps them: on every tick of a primary. */
export function driveReplica(world: World, host: Host): void {
  const { member, primary } = host;
  if (member?.phase.kind !== "primary" || host.app === null) return;
  const nowMs = localMs(host, world.nowMs);
  if (nowMs >= primary.nextShipMs) ship(world, host);
  const attached = nowMs - primary.ackedAtMs <= world.timing.syncLimitMs;
  if (inSyncOf(host).includes(peerOf(host))) {
    if (!attached) shrink(world, host);
    return;
  }
  // The set may have become durable since anybody asked.
  if (primary.pending.length > 0) tryConfirm(world, host);
  if (primary.expanding === null) {
    if (attached && primary.hasAck)
      primary.expanding = { upTo: headOf(host), untilMs: nowMs + world.timing.syncLimitMs };
  } else if (holds(primary.acked, primary.expanding.upTo) && primary.hasAck) {
    primary.expanding = null;
    feed(world, host, { kind: "expand" });
    trip(world, host, "expansion");
  } else if (nowMs >= primary.expanding.untilMs) {
    primary.expanding = null;
    primary.hasAck = false;
    tryConfirm(world, host);
  }
}

function shrink(world: World, host: Host): void {
  const { member } = host;
  log(world, () => `${bootOf(host)} goes on without its standby`);
  forgetAcks(world, host);
  if (member !== null) feed(world, host, { kind: "shrink" });
}

/** Rule 14: what was acknowledged before a shrink or an enrolment may have been on a disk that is gone. */
export function forgetAcks(world: World, { primary }: Host): void {
  if (!world.parts.shell.presentAcksOnly) return;
  primary.hasAck = false;
  primary.acked = null;
  primary.expanding = null;
  primary.ackFloorSeq = primary.shipSeq;
}

/** Confirmed is what the standby acknowledged, or everything where this node may confirm alone. */
export function tryConfirm(world: World, host: Host): void {
  const { member, primary } = host;
  if (member === null || host.app === null || !leaseRuns(world, host) || !isActing(world, host)) return;
  const stopped = primary.expanding !== null && world.parts.shell.stopAloneBeforeExpand;
  const durable = host.effectsWaiting === 0 || !world.parts.shell.aloneOnceDurable;
  const alone = !stopped && durable && world.parts.mayConfirmAlone(member);
  const write = alone ? headOf(host) : primary.hasAck ? primary.acked : null;
  if (write === null || !holds(headOf(host), write)) return;
  answerPending(host, write);
  if (holds(world.ghost.confirmed, write)) return;
  log(world, () => `${bootOf(host)} confirms ${write.depth}${alone ? " alone" : ""}`);
  checkConfirmed(world, host, write);
}

function answerPending({ primary }: Host, confirmed: Write): void {
  if (primary.pending.length === 0) return;
  const done = primary.pending.filter(({ upTo }) => holds(confirmed, upTo));
  primary.pending = primary.pending.filter((one) => !done.includes(one));
  for (const { answer } of done) answer("confirmed");
}

/** The app asks its agent: is everything that is written now confirmed? Too late is unknown. */
export function awaitConfirm(world: World, host: Host, app: App): Promise<"confirmed" | "unknown"> {
  const upTo = headOf(host);
  return new Promise((resolve) => {
    const answer = (outcome: "confirmed" | "unknown"): void =>
      inApp(world, host, app, world.nowMs, () => wake(world, () => resolve(outcome)));
    inApp(world, host, app, world.nowMs + world.timing.leaseMs, () => answer("unknown"));
    inLoop(world, host, world.nowMs + world.random.between(0.2, 3), () => {
      if (host.app !== app) return;
      host.primary.pending.push({ upTo, answer });
      ship(world, host);
      tryConfirm(world, host);
    });
  });
}

/** Rule 12: the receiver takes its promised epoch from that epoch's holder only. */
export function onShip(world: World, host: Host, shipped: Ship): void {
  const { disk } = host;
  const { receiverFenced, keepOldCopy } = world.parts.shell;
  const promised = (): boolean => recordOf(host)?.epoch === shipped.epoch && recordOf(host)?.holder === shipped.from;
  const welcome = (): boolean => (receiverFenced ? promised() : recordOf(host) !== null);
  if (!welcome()) return;
  const { head, epoch } = shipped;
  if (disk.received?.epoch === epoch) {
    if (!holds(head, disk.received.head)) return;
    disk.received = { epoch, head };
    return acknowledge(world, host, shipped, head);
  }
  // The first of a new epoch: a whole copy, which takes its time.
  const { incoming } = host;
  if (incoming !== null && incoming.epoch === epoch) {
    incoming.head = head;
    return;
  }
  const copy = { epoch, holder: shipped.from, head };
  host.incoming = copy;
  if (!keepOldCopy) {
    disk.received = null;
    disk.ledger = null;
  }
  const { boots } = host;
  const senderBoots = hostOf(world, shipped.from).boots;
  const finish = (): void => {
    if (!host.up || host.boots !== boots || host.incoming !== copy) return;
    const awakeMs = Math.max(host.asleepUntilMs, host.frozenUntilMs);
    if (world.nowMs < awakeMs) return world.queue.add(awakeMs, finish);
    host.incoming = null;
    if (!welcome() || hostOf(world, shipped.from).boots !== senderBoots || !hostOf(world, shipped.from).up) return;
    log(world, () => `${bootOf(host)} has a complete copy of e${epoch}, depth ${copy.head?.depth ?? 0}`);
    disk.received = { epoch, head: copy.head };
    acknowledge(world, host, shipped, copy.head);
  };
  world.queue.add(world.nowMs + world.random.between(10, 300), finish);
}

function acknowledge(world: World, host: Host, { from, seq, epoch, boot }: Ship, head: Write | null): void {
  send(world, { kind: "ack", from: host.name, to: from, boot, seq, epoch, head });
}

export function onAck(world: World, host: Host, ack: Ack): void {
  const { primary, app } = host;
  if (app === null || ack.epoch !== app.epoch || ack.boot !== bootOf(host) || ack.seq <= primary.ackFloorSeq) return;
  primary.ackedAtMs = localMs(host, world.nowMs);
  if (!primary.hasAck || holds(ack.head, primary.acked)) primary.acked = ack.head;
  primary.hasAck = true;
  tryConfirm(world, host);
}
