import { compareSync } from "../../ha/core/messages.ts";
import type { VoterRecord } from "../../ha/core/messages.ts";
import type { PromotionCause } from "../../ha/core/member.ts";
import { holds, violate } from "./world.ts";
import type { App, Host, World, Write } from "./world.ts";

const acts = (app: App | null, nowMs: number): boolean => app !== null && app.deadlineMs > nowMs;

export const isActing = (host: Host, nowMs: number): boolean => acts(host.app, nowMs);

/** [HA-1] At this true instant. */
export function checkActing(world: World): void {
  let acting = 0;
  for (const host of world.hosts) {
    if (acts(host.app, world.nowMs)) acting++;
    for (const app of host.leftovers) if (acts(app, world.nowMs)) acting++;
  }
  if (acting > 1) violate(world, "HA-1: two apps act");
}

/** [HA-2] What reached the disk, against what was there. */
export function checkPersisted(world: World, host: Host, after: VoterRecord): void {
  const before = host.disk.record;
  if (before !== null) {
    if (after.epoch < before.epoch) violate(world, `HA-2: the epoch of ${host.name} fell`);
    if (compareSync(after.sync, before.sync) < 0) violate(world, `HA-2: the set version of ${host.name} fell`);
    const taken = after.epoch === before.epoch && before.holder !== null && after.holder !== before.holder;
    if (taken) violate(world, `HA-3: ${host.name} gave epoch ${after.epoch} to two`);
    if (after.epoch === before.epoch && before.released && !after.released)
      violate(world, `rule 10: ${host.name} renewed a released epoch`);
  }
  const { ghost } = world;
  const key = `${after.sync.setEpoch}.${after.sync.setVersion}`;
  const voters = ghost.setVoters.get(key) ?? new Set();
  ghost.setVoters.set(key, voters.add(host.name));
  // A shrink counts when a second voter has it. An expansion counts at once: nothing is confirmed without the
  // newcomer any more, which is why it may be promoted by it.
  const grows = ghost.set !== null && ghost.set.inSync.every((name) => after.sync.inSync.includes(name));
  const counts = voters.size >= 2 || grows;
  if (counts && (ghost.set === null || compareSync(after.sync, ghost.set) > 0)) ghost.set = after.sync;
}

/** [HA-3] An epoch becomes this node's. */
export function checkHolder(world: World, host: Host, epoch: number): void {
  const holder = world.ghost.holders.get(epoch) ?? host.name;
  if (holder !== host.name) violate(world, `HA-3: epoch ${epoch} of ${holder} is held by ${host.name}`);
  world.ghost.holders.set(epoch, host.name);
}

/** [HA-4] [HA-6] [HA-7] A node is about to act. */
export function checkPromotion(world: World, host: Host, cause: PromotionCause): void {
  const { ghost } = world;
  ghost.promotions++;
  if (host.grantsOfThisBoot === 0) violate(world, `HA-4: ${host.name} was promoted without a grant of this boot`);
  if (cause === "forced" && host.lossAccepted) {
    ghost.forced = true;
    if (!holds(host.disk.ledger, ghost.confirmed)) ghost.confirmed = null;
    return;
  }
  if (!holds(host.disk.ledger, ghost.confirmed)) violate(world, `HA-6: ${host.name} lacks what was confirmed`);
  if (ghost.set !== null && !ghost.set.inSync.includes(host.name))
    violate(world, `HA-7: ${host.name} is outside ${ghost.set.inSync.join("+")}`);
}

/** [HA-6] Somebody was told that this write, and all before it, will stay. */
export function checkConfirmed(world: World, host: Host, write: Write): void {
  const { ghost } = world;
  if (!holds(write, ghost.confirmed)) violate(world, `HA-6: ${host.name} confirms beside what was confirmed`);
  ghost.confirmed = write;
  ghost.confirmedAtMs = world.nowMs;
}
