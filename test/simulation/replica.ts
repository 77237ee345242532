import type { Name } from "../../ha/core/messages.ts";
import { feed, inLoop, leaseRuns } from "./agent.ts";
import { checkConfirmed, isActing } from "./checker.ts";
import { trip } from "./faults.ts";
import { send } from "./network.ts";
import { bootOf, holds, hostOf, localMs, log } from "./world.ts";
import type { Ack, App, Host, PrimaryState, Ship, World, Write } from "./world.ts";

export const freshPrimary = (nowMs = 0, shipSeq = 0): PrimaryState => ({
  shipSeq,
  ackFloorSeq: shipSeq,
  acked: null,
  hasAck: false,
  ackedAtMs: nowMs,
  nextShipMs: nowMs,
  expanding: null,
});

/** The app of a primary commits a numbered write now and then, while it may act. */
export function writeSometimes(world: World, host: Host, app: App): void {
  if (host.app !== app) return;
  if (world.writing && isActing(host, world.nowMs)) {
    const before = host.disk.ledger;
    host.disk.ledger = { depth: (before?.depth ?? 0) + 1, epoch: app.epoch, before };
    if (host.up && world.nowMs >= host.stalledUntilMs) {
      ship(world, host);
      tryConfirm(world, host);
    }
  }
  world.queue.add(world.nowMs + world.random.between(40, world.writeGapMs), () => writeSometimes(world, host, app));
}

const peerOf = (host: Host): Name => (host.name === "a" ? "b" : "a");
const inSyncOf = (host: Host): readonly Name[] => host.member?.voter.record?.sync.inSync ?? [];

function ship(world: World, host: Host): void {
  const { member, primary } = host;
  if (member?.phase.kind !== "primary" || host.app === null) return;
  primary.nextShipMs = localMs(host, world.nowMs) + world.timing.beatMs;
  const seq = ++primary.shipSeq;
  const from = { from: host.name, to: peerOf(host), boot: bootOf(host) };
  send(world, { kind: "ship", ...from, seq, epoch: host.app.epoch, head: host.disk.ledger });
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
  if (primary.expanding === null) {
    if (attached && primary.hasAck)
      primary.expanding = { upTo: host.disk.ledger, untilMs: nowMs + world.timing.syncLimitMs };
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
  if (member === null || host.app === null || !leaseRuns(world, host) || !isActing(host, world.nowMs)) return;
  const stopped = primary.expanding !== null && world.parts.shell.stopAloneBeforeExpand;
  const alone = !stopped && world.parts.mayConfirmAlone(member);
  const write = alone ? host.disk.ledger : primary.hasAck ? primary.acked : null;
  if (write === null || !holds(host.disk.ledger, write) || holds(world.ghost.confirmed, write)) return;
  log(world, () => `${bootOf(host)} confirms ${write.depth}${alone ? " alone" : ""}`);
  checkConfirmed(world, host, write);
}

/** Rule 12: the receiver takes its promised epoch from that epoch's holder only. */
export function onShip(world: World, host: Host, shipped: Ship): void {
  const { disk } = host;
  const { receiverFenced, keepOldCopy } = world.parts.shell;
  const promised = (): boolean => disk.record?.epoch === shipped.epoch && disk.record.holder === shipped.from;
  const welcome = (): boolean => (receiverFenced ? promised() : disk.record !== null);
  if (!welcome()) return;
  const { head, epoch } = shipped;
  if (disk.ledgerEpoch === epoch && holds(head, disk.ledger)) {
    disk.ledger = head;
    return acknowledge(world, host, shipped, head);
  }
  if (disk.ledgerEpoch === epoch && holds(disk.ledger, head)) return;
  // Another history, or the first of a new epoch: a whole copy, which takes its time.
  const { incoming } = host;
  if (incoming !== null && incoming.epoch === epoch) {
    incoming.head = head;
    return;
  }
  const copy = { epoch, holder: shipped.from, head };
  host.incoming = copy;
  if (!keepOldCopy) disk.ledger = null;
  const { boots } = host;
  const senderBoots = hostOf(world, shipped.from).boots;
  world.queue.add(world.nowMs + world.random.between(10, 300), () => {
    if (!host.up || host.boots !== boots || host.incoming !== copy) return;
    host.incoming = null;
    if (!welcome() || hostOf(world, shipped.from).boots !== senderBoots || !hostOf(world, shipped.from).up) return;
    finishCopy(world, host, shipped, copy.head);
  });
}

function finishCopy(world: World, host: Host, shipped: Ship, head: Write | null): void {
  log(world, () => `${bootOf(host)} has a complete copy of e${shipped.epoch}, depth ${head?.depth ?? 0}`);
  host.disk.ledger = head;
  host.disk.ledgerEpoch = shipped.epoch;
  acknowledge(world, host, shipped, head);
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

/** A planned change: only where the standby holds everything; the app is drained and dead first. */
export function switchOver(world: World, host: Host, successor: Name | null): void {
  inLoop(world, host, world.nowMs, () => {
    const { primary, member } = host;
    if (member?.phase.kind !== "primary" || host.app === null) return;
    const covered = primary.hasAck && primary.acked === host.disk.ledger && inSyncOf(host).includes(peerOf(host));
    if (!covered) return;
    log(world, () => `${bootOf(host)} hands over`);
    host.app = null;
    feed(world, host, { kind: "release", successor });
    trip(world, host, "release");
  });
}
