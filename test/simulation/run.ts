import type { VoterRecord } from "../../ha/core/messages.ts";
import { checkTiming } from "../../ha/core/timing.ts";
import { boot, failover, inLoop } from "./agent.ts";
import { checkActing, checkTails } from "./checker.ts";
import { createClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createExchange } from "./exchange.ts";
import { createEventQueue } from "./event-queue.ts";
import { manualFaults, ordinaryFaults, ordinaryPersistMs, reachabilityFaults, strike } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { createNetwork } from "./network.ts";
import { shipped } from "./parts.ts";
import type { Parts } from "./parts.ts";
import { followAdvice, heal, isPastHelp, isSettled } from "./peace.ts";
import { createRandom } from "./random.ts";
import { neverReached } from "./parting.ts";
import { freshPrimary } from "./replica.ts";
import { freshUplink } from "./uplink.ts";
import { votesOf } from "./vote-disk.ts";
import { violate } from "./world.ts";
import type { Host, World } from "./world.ts";

export type Schedule = {
  readonly seed: number;
  readonly parts?: Parts;
  readonly faults?: readonly FaultKind[];
  readonly arbiter?: World["arbiter"];
  /** At most one disk is lost. */
  readonly wipes?: boolean;
  /** Beside what happens by itself, an operator forces now and then. */
  readonly forces?: boolean;
  /** Strikes at chosen moments, instead of faults at random ones. */
  readonly script?: (world: World) => void;
  readonly trace?: string[] | null;
};

export type Outcome = {
  readonly seed: number;
  readonly events: number;
  readonly faults: number;
  readonly promotions: number;
  readonly violation: string | null;
  readonly coverage: ReadonlyMap<string, number>;
};

/** What a seed stands for: half of them without lost disks and operators, two of ten without a witness, the others with. */
export const scheduleOf = (seed: number): Schedule => ({
  seed,
  ...(seed % 10 === 4 ? { arbiter: "reachability" as const, faults: reachabilityFaults } : {}),
  ...(seed % 10 === 5 ? { arbiter: "manual" as const, faults: manualFaults } : {}),
  wipes: [6, 7, 9].includes(seed % 10),
  forces: [8, 9].includes(seed % 10),
});

/** Short of the presets, so that much happens in little time; the same relations hold. */
const simulatedTiming = checkTiming({ leaseMs: 1_000, beatMs: 200, marginMs: 50, tickMs: 50, syncLimitMs: 400 });

const settleLeases = 14;
const eventsMin = 220;

function createWorld(schedule: Schedule): World {
  const { arbiter = "witness" } = schedule;
  const random = createRandom(schedule.seed);
  const host = (name: string, kind: Host["kind"]): Host => ({
    name,
    kind,
    clock: createClock(random.between(0.995, 1.005), random.between(0, 1e6)),
    disk: {
      votes: votesOf(everybodyKnows),
      ledger: name === "a" ? { epoch: 1, head: null } : null,
      received: name === "b" ? { epoch: 1, head: null } : null,
      attic: [],
      failsUntilMs: 0,
    },
    up: false,
    boots: 0,
    stalledUntilMs: 0,
    frozenUntilMs: 0,
    asleepUntilMs: 0,
    warm: false,
    rejoining: false,
    effectsUntilMs: 0,
    effectsWaiting: 0,
    persisting: [],
    member: null,
    voter: null,
    app: null,
    leftovers: [],
    grantsOfThisBoot: 0,
    uplink: freshUplink(),
    reached: neverReached(),
    lossAccepted: false,
    primary: freshPrimary(),
    incoming: null,
  });
  return {
    nowMs: 0,
    timing: simulatedTiming,
    parts: schedule.parts ?? shipped,
    random,
    queue: createEventQueue(),
    network: createNetwork(),
    arbiter,
    hosts: [host("a", "node"), host("b", "node"), ...(arbiter === "witness" ? [host("w", "witness")] : [])],
    ghost: {
      holders: new Map([[1, "a"]]),
      setVoters: new Map(),
      set: null,
      waivedSet: null,
      confirmed: null,
      confirmedAtMs: 0,
      promotions: 0,
      forced: false,
      mayPartUntilMs: Number.NEGATIVE_INFINITY,
      brokenMs: Number.NEGATIVE_INFINITY,
      parted: false,
      maintenanceEnded: false,
      newestOf: new Map(),
    },
    coverage: createCoverage(),
    exchange: createExchange({ random }),
    trades: random.chance(0.6),
    woken: false,
    trace: schedule.trace ?? null,
    armed: new Set(),
    writeGapMs: random.chance(0.8) ? 200 : 2_000,
    persistMs: ordinaryPersistMs,
    writing: true,
    violation: null,
    faults: 0,
    wiped: false,
  };
}

/** Node a held epoch 1, and both nodes hold everything. */
const everybodyKnows: VoterRecord = {
  epoch: 1,
  holder: "a",
  released: false,
  sync: { inSync: ["a", "b"], paused: false, setEpoch: 1, setVersion: 2 },
};

/** Runs the world on; returns how many events happened. Stops at a violation or where `done` says so. */
async function advance(world: World, untilMs: number, done: () => boolean = () => false): Promise<number> {
  let events = 0;
  while (world.violation === null && !done()) {
    const next = world.queue.take();
    if (next === undefined || next.atMs > untilMs) {
      if (next !== undefined) world.queue.add(next.atMs, next.run);
      break;
    }
    world.nowMs = next.atMs;
    next.run();
    if (world.woken) {
      world.woken = false;
      // Everything that an app does until it awaits something new, before the next event.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    checkActing(world);
    events++;
  }
  return events;
}

/** One schedule: faults for some leases, then peace, in which the pair has to come back to itself. */
export async function runSchedule(schedule: Schedule): Promise<Outcome> {
  const world = createWorld(schedule);
  const { random, timing } = world;
  for (const host of world.hosts) boot(world, host);
  const alone = world.arbiter === "reachability";
  const leases = alone ? (schedule.script === undefined ? random.between(4, 9) : 12) : random.between(3, 7);
  const healMs = timing.leaseMs * leases;
  const kinds = schedule.faults ?? ordinaryFaults;
  world.network.base = {
    // Where the network decides, a message is lost only by a fault that the observer knows of.
    loss: alone || random.chance(0.5) ? 0 : random.between(0, 0.2),
    duplication: random.between(0, 0.1),
  };
  Object.assign(world.network, world.network.base);
  const count = 3 + Math.floor(random.next() * 6);
  schedule.script?.(world);
  for (let fault = 0; fault < count && schedule.script === undefined; fault++) {
    const atMs = random.between(150, healMs - 100);
    const kind = schedule.wipes === true && fault === 0 ? "wipe" : random.pick(kinds);
    world.queue.add(atMs, () => strike(world, kind));
    if (schedule.forces === true && random.chance(0.4)) world.queue.add(atMs + 900, () => forceSomebody(world));
  }
  let events = await advance(world, healMs);
  heal(world);
  events += await advance(world, healMs + settleLeases * timing.leaseMs, () => events >= eventsMin && isSettled(world));
  while (events < eventsMin && world.violation === null) events += await advance(world, world.nowMs + timing.leaseMs);
  if (!isSettled(world) && followAdvice(world))
    events += await advance(world, world.nowMs + settleLeases * timing.leaseMs, () => isSettled(world));
  if (world.violation === null && !isSettled(world) && !isPastHelp(world))
    violate(world, `HA-10: no primary in ${settleLeases} leases of peace, and no word of what would help`);
  if (world.violation === null) checkTails(world);
  return {
    seed: schedule.seed,
    events,
    faults: world.faults,
    promotions: world.ghost.promotions,
    violation: world.violation,
    coverage: world.coverage.counts,
  };
}

function forceSomebody(world: World): void {
  const host = world.random.pick(world.hosts.filter((one) => one.kind === "node"));
  if (host.up) inLoop(world, host, world.nowMs, () => failover(world, host, world.random.chance(0.7)));
}
