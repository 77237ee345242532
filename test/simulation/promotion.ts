import { copyOfRecord, planPromotion } from "../../ha/core/promotion-plan.ts";
import type { OnDisk, PromotionStep } from "../../ha/core/promotion-plan.ts";
import type { PromotionCause } from "../../ha/core/member.ts";
import { feed, inLoop, leaseRuns } from "./agent.ts";
import { openApp, work } from "./app.ts";
import { acceptLoss, checkHolder, checkPromotion } from "./checker.ts";
import { trip } from "./faults.ts";
import { freshPrimary } from "./replica.ts";
import { bootOf, holds, localMs, log } from "./world.ts";
import type { Copy, Disk, Host, World } from "./world.ts";

/** What the shipped plan is made from. */
const onDisk = ({ ledger, received }: Disk): OnDisk => ({
  lineageEpoch: ledger?.epoch ?? null,
  received: received === null ? null : { epoch: received.epoch, txid: received.head?.depth ?? 0 },
});

/** The copy with which this node would lead; null when it has none. */
export function copyToLead(disk: Disk): Copy | null {
  const which = copyOfRecord(onDisk(disk));
  return which === null ? null : disk[which];
}

/** Carries out the shipped plan, step by step: anything may happen in between. */
export function promote(world: World, host: Host, epoch: number, cause: PromotionCause): void {
  // The loop may have stood still since the core said so.
  if (!stillLeads(world, host, epoch)) return;
  if (cause === "forced" && host.lossAccepted) acceptLoss(world, host);
  const plan = planPromotion(epoch, onDisk(host.disk));
  if (plan.kind === "nothing-to-lead") return giveAway(world, host);
  trip(world, host, "promotion");
  const stepMsMax = world.random.chance(0.5) ? 1 : 25;
  takeStep(world, host, { epoch, cause, stepMsMax, rest: plan.steps });
}

type Promotion = {
  readonly epoch: number;
  readonly cause: PromotionCause;
  readonly stepMsMax: number;
  readonly rest: readonly PromotionStep[];
};

function takeStep(world: World, host: Host, promotion: Promotion): void {
  const { epoch, cause, stepMsMax } = promotion;
  const [step, ...rest] = promotion.rest;
  if (step === undefined) return;
  inLoop(world, host, world.nowMs + world.random.between(0.2, stepMsMax), () => {
    if (!stillLeads(world, host, epoch)) return;
    log(world, () => `${bootOf(host)} ${step.kind}`);
    world.coverage.hit("promotion step", step.kind);
    perform(world, host, step, cause);
    takeStep(world, host, { ...promotion, rest });
  });
}

function perform(world: World, host: Host, step: PromotionStep, cause: PromotionCause): void {
  const { disk } = host;
  switch (step.kind) {
    case "stop-follower":
      host.incoming = null;
      return;
    case "apply-received":
      return;
    case "adopt-ledger":
      if (disk.received === null) throw new Error("no copy was received");
      setAside(world, host, null);
      disk.ledger = { epoch: step.epoch, head: disk.received.head };
      return;
    case "relabel-ledger":
      if (disk.ledger !== null) disk.ledger = { ...disk.ledger, epoch: step.epoch };
      return;
    case "open-ledger":
      host.primary = freshPrimary(localMs(host, world.nowMs), host.primary.shipSeq);
      openApp(world, host, step.epoch);
      if (host.app === null) return;
      checkHolder(world, host, step.epoch);
      checkPromotion(world, host, cause);
      return work(world, host, host.app);
    case "start-replication":
      return;
  }
}

/** [HA-9] The ledger of an earlier time leaves its place: into the attic, unless `newer` holds all of it. */
export function setAside(world: World, { name, disk }: Host, newer: Copy | null): void {
  if (disk.ledger === null) return;
  const complete = newer !== null && holds(newer.head, disk.ledger.head);
  world.coverage.hit("old ledger", complete ? "let go" : newer === null ? "set aside unread" : "set aside");
  log(world, () => `${name}'s old ledger of e${disk.ledger?.epoch} is ${complete ? "let go" : "set aside"}`);
  if (!complete && world.parts.shell.keepsTails) disk.attic.push(disk.ledger.head);
  disk.ledger = null;
}

/** A primary without a ledger is none. */
function giveAway(world: World, host: Host): void {
  log(world, () => `${bootOf(host)} holds no copy of the ledger`);
  feed(world, host, { kind: "release", successor: host.member?.peer ?? null });
}

function stillLeads(world: World, host: Host, epoch: number): boolean {
  const phase = host.member?.phase;
  return phase?.kind === "primary" && phase.epoch === epoch && leaseRuns(world, host);
}
