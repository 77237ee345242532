import { compareSync } from "../../ha/core/messages.ts";
import type { VoterRecord } from "../../ha/core/messages.ts";
import type { PromotionCause } from "../../ha/core/member.ts";
import { mayAct } from "./app.ts";
import { checkTakeover, noteTakeover, partsRightly, risksRightly, watchWires } from "./parting.ts";
import { copyToLead } from "./promotion.ts";
import { holds, hostOf, recordOf, violate } from "./world.ts";
import type { Host, World, Write } from "./world.ts";

export const isActing = (world: World, host: Host): boolean => host.app !== null && mayAct(world, host, host.app);

/** [HA-1] At this true instant. */
export function checkActing(world: World): void {
  watchWires(world);
  let acting = 0;
  for (const host of world.hosts) {
    if (isActing(world, host)) acting++;
    for (const app of host.leftovers) if (mayAct(world, host, app)) acting++;
  }
  if (acting > 1 && !partsRightly(world)) violate(world, "HA-1: two apps act");
}

/** [HA-2] What is on the disk now, against what was there before. */
export function checkPersisted(world: World, host: Host, before: VoterRecord | null): void {
  const after = recordOf(host);
  if (after === null) return before === null ? undefined : violate(world, `HA-2: ${host.name} lost its record`);
  if (before !== null) {
    if (after.epoch < before.epoch) violate(world, `HA-2: the epoch of ${host.name} fell`);
    if (compareSync(after.sync, before.sync) < 0) violate(world, `HA-2: the set version of ${host.name} fell`);
    const taken = after.epoch === before.epoch && before.holder !== null && after.holder !== before.holder;
    if (taken) violate(world, `HA-3: ${host.name} gave epoch ${after.epoch} to two`);
    if (after.epoch === before.epoch && before.released && !after.released)
      violate(world, `rule 10: ${host.name} renewed a released epoch`);
  }
  const { ghost } = world;
  checkMaintenance(world, host, after);
  const won = after.holder === host.name && after.sync.setEpoch === after.epoch;
  if (won && before?.sync.setEpoch !== after.epoch) noteTakeover(world, host);
  const grown = before !== null && after.sync.inSync.length > before.sync.inSync.length;
  if (grown && after.holder === host.name && isActing(world, host)) checkSet(world, host, ghost.confirmed);
  const key = `${after.sync.setEpoch}.${after.sync.setVersion}`;
  const voters = ghost.setVoters.get(key) ?? new Set();
  ghost.setVoters.set(key, voters.add(host.name));
  // A shrink counts when a second voter has it. An expansion counts at once: nothing is confirmed without the
  // newcomer any more, which is why it may be promoted by it.
  const grows = ghost.set !== null && ghost.set.inSync.every((name) => after.sync.inSync.includes(name));
  const waived = ghost.waivedSet !== null && compareSync(after.sync, ghost.waivedSet) <= 0;
  const counts = (voters.size >= 2 || grows) && !waived;
  if (counts && (ghost.set === null || compareSync(after.sync, ghost.set) > 0)) ghost.set = after.sync;
}

/** Rule 7: what two voters have recorded stays in force when another is promoted; only an operator ends it. */
function checkMaintenance(world: World, { name }: Host, after: VoterRecord): void {
  const { ghost } = world;
  const { set } = ghost;
  if (ghost.parted || set === null || !set.paused || after.sync.paused || ghost.maintenanceEnded) return;
  const voters = ghost.setVoters.get(`${set.setEpoch}.${set.setVersion}`)?.size ?? 0;
  const promoted = after.holder === name && after.sync.setVersion === 1 && after.sync.setEpoch > set.setEpoch;
  if (promoted && voters >= 2) violate(world, `rule 7: maintenance ended when ${name} was promoted`);
}

/** Rule 14: whoever is in the holder's set has this on its present disk. A blank node may have lost it, and is nobody. */
function checkSet(world: World, host: Host, write: Write | null): void {
  if (world.ghost.parted) return;
  for (const name of recordOf(host)?.sync.inSync ?? []) {
    const other = hostOf(world, name);
    const { ledger, received } = other.disk;
    const kept = [ledger, received].some((copy) => copy !== null && holds(copy.head, write));
    if (!kept && recordOf(other) !== null) violate(world, `rule 14: ${name} is in the set and lacks what is confirmed`);
  }
}

/** [HA-3] An epoch becomes this node's. */
export function checkHolder(world: World, host: Host, epoch: number): void {
  const holder = world.ghost.holders.get(epoch) ?? host.name;
  if (holder !== host.name) violate(world, `HA-3: epoch ${epoch} of ${holder} is held by ${host.name}`);
  world.ghost.holders.set(epoch, host.name);
}

/** An operator's word has made this node the holder: what it does not hold is lost, and that was accepted. */
export function acceptLoss({ ghost }: World, { disk }: Host): void {
  ghost.forced = true;
  // A voter may yet write the set that the operator waived once more: with the vote for that very operator.
  ghost.waivedSet = ghost.set ?? ghost.waivedSet;
  ghost.set = null;
  if (!holds(copyToLead(disk)?.head ?? null, ghost.confirmed)) ghost.confirmed = null;
}

/** [HA-4] [HA-6] [HA-7] A node is about to act. */
export function checkPromotion(world: World, host: Host, cause: PromotionCause): void {
  const { ghost } = world;
  ghost.promotions++;
  world.coverage.hit("promotion", cause);
  const head = copyToLead(host.disk)?.head ?? null;
  checkTakeover(world, host, cause);
  // What it confirms from now on is set aside when the other comes back with the higher epoch: that is said too.
  const { epoch = 0 } = recordOf(host) ?? {};
  if (world.hosts.some((other) => (recordOf(other)?.epoch ?? 0) > epoch)) risksRightly(world, host, cause);
  // Where an operator is the arbiter, a node may win on its own vote.
  if (host.grantsOfThisBoot === 0 && world.arbiter !== "manual")
    violate(world, `HA-4: ${host.name} was promoted without a grant of this boot`);
  if (!holds(head, ghost.confirmed) && !risksRightly(world, host, cause))
    violate(world, `HA-6: ${host.name} lacks what was confirmed`);
  if (ghost.set !== null && !ghost.set.inSync.includes(host.name) && !risksRightly(world, host, cause))
    violate(world, `HA-7: ${host.name} is outside ${ghost.set.inSync.join("+")}`);
}

/** [HA-6] Somebody was told that this write, and all before it, will stay. */
export function checkConfirmed(world: World, host: Host, write: Write): void {
  const { ghost } = world;
  if (!ghost.parted && !holds(write, ghost.confirmed))
    violate(world, `HA-6: ${host.name} confirms beside what was confirmed`);
  checkSet(world, host, write);
  ghost.confirmed = write;
  ghost.confirmedAtMs = world.nowMs;
}

/** [HA-9] Whatever an app wrote is in a ledger, a copy or an attic for ever, unless its disk was lost. */
export function checkTails(world: World): void {
  if (world.wiped) return;
  const kept = world.hosts.flatMap(({ disk }) => [disk.ledger?.head, disk.received?.head, ...disk.attic]);
  for (const write of world.ghost.newestOf.values()) {
    if (!kept.some((head) => head !== undefined && holds(head, write)))
      violate(world, `HA-9: what was written in epoch ${write.epoch} is nowhere`);
  }
}
