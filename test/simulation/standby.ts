import { feed, inLoop } from "./agent.ts";
import { copyToLead, setAside } from "./promotion.ts";
import { recordOf } from "./world.ts";
import type { Host, World } from "./world.ts";

/** What a standby does while another leads: it says whether it could do the job, and lets go of what it led before. */
export function driveStandby(world: World, host: Host): void {
  const { member, disk } = host;
  if (member === null) return;
  const fit = host.warm && copyToLead(disk) !== null;
  if (fit !== member.fit) feed(world, host, { kind: "status", position: member.position, fit });
  if (disk.ledger === null || host.rejoining || !isComplete(host)) return;
  host.rejoining = true;
  const epoch = disk.received?.epoch;
  inLoop(world, host, world.nowMs + world.random.between(10, 200), () => {
    host.rejoining = false;
    if (isComplete(host) && disk.received?.epoch === epoch) setAside(world, host, disk.received);
  });
}

/** Rule 12: it holds everything confirmed of the present epoch, and the set says so. */
function isComplete(host: Host): boolean {
  const record = recordOf(host);
  const { received } = host.disk;
  if (host.member?.phase.kind !== "standby" || record === null || received === null) return false;
  const foreign = record.holder !== null && record.holder !== host.name;
  const { setEpoch, inSync } = record.sync;
  return foreign && received.epoch === record.epoch && setEpoch === record.epoch && inSync.includes(host.name);
}
