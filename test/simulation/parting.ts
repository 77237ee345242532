import type { PromotionCause } from "../../ha/core/member.ts";
import { ledUnasked } from "../../ha/core/quorum.ts";
import { isActing } from "./checker.ts";
import { targets } from "./uplink.ts";
import { recordOf, violate } from "./world.ts";
import type { Host, World } from "./world.ts";

/**
 * Where the network is the arbiter, two may lead while their boards are cut from each other and the targets are in
 * reach of both, and for so long after: whoever loses its last contact acts on for one lease by its own clock.
 */
const partingLeases = 1.05;

/** When a node last had every target in reach, and any target while it was out of touch with the other. True times. */
export type Reached = { allMs: number; apartMs: number };

export const neverReached = (): Reached => ({
  allMs: Number.NEGATIVE_INFINITY,
  apartMs: Number.NEGATIVE_INFINITY,
});

/**
 * Something between the boards takes messages away, or holds them up for long: and until a renewal was due again, for
 * a cable that makes contact between two renewals brings none. A node that stands still is no cut.
 */
function isApart({ network, ghost, nowMs, timing }: World): boolean {
  if (network.cuts.size > 0 || network.loss > 0 || network.lossOf.size > 0 || network.late > 0) ghost.brokenMs = nowMs;
  return nowMs - ghost.brokenMs <= timing.beatMs + 2 * timing.tickMs;
}

/** To be called after every event: what an observer of the wires knows. */
export function watchWires(world: World): void {
  if (world.arbiter !== "reachability") return;
  const { nowMs, timing, ghost } = world;
  const apart = isApart(world);
  let both = true;
  for (const { uplink, reached } of world.hosts) {
    if (uplink.silent.size === 0) reached.allMs = nowMs;
    if (apart && uplink.silent.size < targets.length) reached.apartMs = nowMs;
    both &&= nowMs - reached.apartMs <= timing.leaseMs;
  }
  if (apart && both) ghost.mayPartUntilMs = nowMs + partingLeases * timing.leaseMs;
}

/** A standby that takes over on its own vote has had every target in reach within a lease. */
export function checkTakeover(world: World, host: Host, cause: PromotionCause): void {
  if (world.arbiter !== "reachability" || cause !== "failover") return;
  const granted = world.hosts.some((other) => other !== host && recordOf(other)?.holder === host.name);
  if (!granted && world.nowMs - host.reached.allMs > world.timing.leaseMs)
    violate(world, `HA-1: ${host.name} takes over without every target`);
}

/** Two act: is that what the cluster was told can happen? From then on, what was confirmed is not one history. */
export function partsRightly(world: World): boolean {
  const { ghost, coverage } = world;
  if (world.nowMs > ghost.mayPartUntilMs) return false;
  if (!ghost.parted) coverage.hit("parted", "both led");
  ghost.parted = true;
  return true;
}

/** One has won an epoch while the other acts: it may die before it acts, and its epoch stays the higher one. */
export function noteTakeover(world: World, host: Host): void {
  if (world.arbiter !== "reachability") return;
  if (world.hosts.some((other) => other !== host && isActing(world, other))) partsRightly(world);
}

/** A last holder that leads without a word from the other says that the other may have led in between. */
export function risksRightly(world: World, { member }: Host, cause: PromotionCause): boolean {
  const { ghost, coverage } = world;
  if (ghost.parted) return true;
  const goesOn = cause === "resume" || cause === "start";
  if (!goesOn || member === null || !ledUnasked(member)) return false;
  coverage.hit("parted", "the last holder went on alone, and says so");
  ghost.parted = true;
  return true;
}

/** Of two that lead, the one of the higher epoch gives nothing up: not while its lease runs. */
export function checkGivingWay(world: World, host: Host, epoch: number): void {
  // Its app goes by what the lease was when it ended: a late answer of a probe may have come with the end.
  if (world.arbiter !== "reachability" || !isActing(world, host)) return;
  world.coverage.hit("parted", "one gave way on contact");
  const lower = world.hosts.some(
    (other) => other !== host && isActing(world, other) && (other.app?.epoch ?? 0) < epoch,
  );
  if (lower) violate(world, `${host.name} gives way with the higher epoch ${epoch}`);
}
