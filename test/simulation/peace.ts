import { needOf } from "../../ha/core/need.ts";
import type { Need } from "../../ha/core/need.ts";
import { boot, failover } from "./agent.ts";
import { isActing } from "./checker.ts";
import { ordinaryPersistMs, setMaintenance } from "./faults.ts";
import { calmLateMs } from "./exchange.ts";
import { ordersAreSettled } from "./order-checker.ts";
import { calm } from "./network.ts";
import { calmProbes } from "./uplink.ts";
import { localMs, recordOf } from "./world.ts";
import type { Host, World } from "./world.ts";

/** The faults are over, and every machine is started. */
export function heal(world: World): void {
  world.armed.clear();
  world.exchange.loss = 0;
  world.exchange.lateMs = calmLateMs;
  world.writing = true;
  calm(world.network);
  for (const { uplink } of world.hosts) {
    uplink.silent.clear();
    calmProbes(uplink);
  }
  world.persistMs = ordinaryPersistMs;
  for (const host of world.hosts) {
    host.disk.failsUntilMs = 0;
    if (!host.up) boot(world, host);
  }
  // An operator ends the maintenance, as soon as there is a primary to say it to.
  const end = (): void => {
    if (!world.hosts.some((host) => host.member?.voter.record?.sync.paused)) return;
    setMaintenance(world, false);
    world.queue.add(world.nowMs + world.timing.leaseMs, end);
  };
  world.queue.add(world.nowMs, end);
}

/** One primary acts and confirms, both nodes hold everything, and every voter agrees. */
export function isSettled(world: World): boolean {
  const acting = world.hosts.filter((host) => isActing(world, host));
  const [primary] = acting;
  const record = primary?.member?.voter.record;
  if (acting.length !== 1 || record === undefined || record === null || world.ghost.confirmed === null) return false;
  const fresh = world.nowMs - world.ghost.confirmedAtMs < world.timing.leaseMs + world.writeGapMs;
  if (!ordersAreSettled(world, primary?.disk.ledger?.head?.rows ?? new Map())) return false;
  return (
    fresh && record.sync.inSync.length === 2 && world.hosts.every((host) => recordOf(host)?.epoch === record.epoch)
  );
}

/** What each node says that it needs; null where it needs nothing, or is no node. */
const needs = (world: World): readonly { readonly host: Host; readonly need: Need | null }[] =>
  world.hosts.flatMap((host) =>
    host.member === null ? [] : [{ host, need: needOf(host.member, localMs(host, world.nowMs)) }],
  );

/**
 * [HA-10] An operator reads what the nodes say and does it, where it is a command: `failover`, with the loss accepted
 * only where whoever is named has lost its disk.
 */
export function followAdvice(world: World): boolean {
  for (const { host, need } of needs(world)) {
    if (need === null) continue;
    const named = need.kind === "start-or-failover" ? need.names : [];
    const lost = named.length > 0 && named.every((name) => isBlank(world, name));
    if (need.kind !== "maintenance" && !lost) continue;
    failover(world, host, lost);
    return true;
  }
  return false;
}

const isBlank = (world: World, name: string): boolean =>
  world.hosts.some((host) => host.name === name && recordOf(host) === null);

/** Two of three disks are gone with their votes: the pair has to be founded anew, and the nodes say that they wait. */
export const isPastHelp = (world: World): boolean =>
  world.hosts.filter((host) => recordOf(host) === null).length >= 2 && needs(world).every(({ need }) => need !== null);
