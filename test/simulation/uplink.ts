import { wantsProbe } from "../../ha/core/quorum.ts";
import { probeEveryMs } from "../../ha/core/timing.ts";
import { feed, inLoop } from "./agent.ts";
import { localMs } from "./world.ts";
import type { Host, World } from "./world.ts";

/** What a node asks whether it is cut off. */
export const targets = ["gateway", "exchange"] as const;
export type Target = (typeof targets)[number];

/** A node's way to the targets, and what its agent keeps about its probes. */
export type Uplink = {
  /** Out of this node's reach. */
  readonly silent: Set<Target>;
  loss: number;
  lateMs: number;
  /** The last round, local milliseconds, and how many rounds wait. */
  sentMs: number;
  waiting: number;
};

const calmProbeMs = 8;
/** As in `ha/io/reachability.ts`: more rounds wait for no one. */
const roundsMax = 4;

export const freshUplink = (): Uplink => ({
  silent: new Set(),
  loss: 0,
  lateMs: calmProbeMs,
  sentMs: Number.NEGATIVE_INFINITY,
  waiting: 0,
});

/** Probes and their answers are neither lost nor late any more. */
export function calmProbes(uplink: Uplink): void {
  uplink.loss = 0;
  uplink.lateMs = calmProbeMs;
}

/** A run of the agent knows of no round of the run before. */
export function restartProbes(uplink: Uplink): void {
  uplink.sentMs = Number.NEGATIVE_INFINITY;
  uplink.waiting = 0;
}

/** Another round, if it is time, as `ha/network-watch.ts` has it sent: on every tick. */
export function probe(world: World, host: Host): void {
  const { member, uplink } = host;
  if (member?.arbiterKind !== "reachability") return;
  const { timing, random } = world;
  const sentMs = localMs(host, world.nowMs);
  const everyMs = probeEveryMs(timing, wantsProbe(member, sentMs));
  if (sentMs < uplink.sentMs + everyMs || uplink.waiting >= roundsMax) return;
  uplink.sentMs = sentMs;
  uplink.waiting++;
  const limitMs = timing.leaseMs / 4;
  let answers = 0;
  let open = targets.length;
  for (const target of targets) {
    const tookMs = random.between(0.2, uplink.lateMs);
    const lost = uplink.silent.has(target) || random.chance(uplink.loss) || tookMs > limitMs;
    inLoop(world, host, world.nowMs + (lost ? limitMs : tookMs), () => {
      open--;
      if (open === 0) uplink.waiting--;
      if (lost) return;
      answers++;
      host.grantsOfThisBoot++;
      feed(world, host, { kind: "reach", sentMs, all: answers === targets.length });
    });
  }
}
