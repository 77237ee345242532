import { boot, crash, failover, feed, inLoop } from "./agent.ts";
import { setRate, sleep } from "./clock.ts";
import { calmLateMs, lateMsMax } from "./exchange.ts";
import { replay } from "./network.ts";
import { switchOver } from "./switchover.ts";
import { calmProbes, targets } from "./uplink.ts";
import type { Target } from "./uplink.ts";
import { blankVotes } from "./vote-disk.ts";
import { log } from "./world.ts";
import type { Host, Moment, World } from "./world.ts";

/** What may go wrong in a schedule. `wipe`: a disk is lost with its vote. */
export type FaultKind =
  | "crash"
  | "crash-agent"
  | "crash-witness"
  | "power-cut"
  | "cut"
  | "cut-one-way"
  | "cut-lease"
  | "loss"
  | "loss-one-way"
  | "late"
  | "stall"
  | "freeze"
  | "sleep"
  | "clock-rate"
  | "wall-clock"
  | "exchange-loss"
  | "exchange-late"
  | "slow-disk"
  | "failing-disk"
  | "replay"
  | "switchover"
  | "hand-over"
  | "maintenance"
  | "failover"
  | "crash-at-promotion"
  | "crash-at-expansion"
  | "crash-at-vote"
  | "crash-at-release"
  | "unplugged"
  | "uplink"
  | "target-down"
  | "probe-loss"
  | "wipe"
  | "wipe-standby";

export const ordinaryFaults: readonly FaultKind[] = [
  "crash",
  "crash",
  "crash-agent",
  "crash-witness",
  "power-cut",
  "cut",
  "cut",
  "cut-one-way",
  "cut-one-way",
  "cut-lease",
  "loss",
  "loss-one-way",
  "late",
  "stall",
  "freeze",
  "sleep",
  "clock-rate",
  "wall-clock",
  "exchange-loss",
  "exchange-loss",
  "exchange-late",
  "slow-disk",
  "failing-disk",
  "replay",
  "switchover",
  "switchover",
  "hand-over",
  "maintenance",
  "failover",
  "crash-at-promotion",
  "crash-at-expansion",
  "crash-at-vote",
  "crash-at-release",
];

/** Without a witness, and without an operator who fails over while the other node lives: that one has to be off. */
export const manualFaults = ordinaryFaults.filter((kind) => kind !== "crash-witness" && kind !== "failover");

/** Where the network is the arbiter: its targets too may be out of reach. */
export const reachabilityFaults: readonly FaultKind[] = [
  ...manualFaults,
  "unplugged",
  "unplugged",
  "uplink",
  "uplink",
  "target-down",
  "target-down",
  "probe-loss",
  "crash",
  "crash",
];

/** A vote reaches the disk within this time. */
export const ordinaryPersistMs = 6;

/** One fault begins now; what it does ends by itself, or when the run heals. */
export function strike(world: World, kind: FaultKind): void {
  const { random, network, hosts } = world;
  const { leaseMs } = world.timing;
  const nodes = hosts.filter((host) => host.kind === "node");
  const witness = hosts.filter((host) => host.kind === "witness");
  const leasesMax = world.arbiter === "reachability" ? 6 : 3;
  const lasting = random.between(0.05, random.chance(0.3) ? leasesMax : 1.3) * leaseMs;
  world.faults++;
  world.coverage.hit("fault", kind);
  log(world, () => `FAULT ${kind} for ${lasting.toFixed(0)} ms`);
  switch (kind) {
    case "crash":
      return down(world, favoured(world, nodes), lasting, "host");
    case "crash-agent":
      return down(world, favoured(world, nodes), Math.min(lasting, leaseMs) * random.between(0.1, 1), "agent");
    case "crash-witness":
      return down(world, random.pick(witness), lasting, "host");
    case "power-cut":
      for (const host of hosts) down(world, host, lasting * random.between(0.5, 1), "host");
      return;
    case "cut": {
      const alone = random.pick(hosts);
      const from = hosts.filter((host) => host !== alone);
      const both = random.chance(0.5) ? from : [random.pick(from)];
      for (const other of both) {
        cut(world, alone, other, lasting);
        cut(world, other, alone, lasting);
      }
      return;
    }
    case "cut-one-way": {
      const from = random.pick(hosts);
      return cut(world, from, random.pick(hosts.filter((host) => host !== from)), lasting);
    }
    case "cut-lease": {
      const from = random.pick(hosts);
      const to = random.pick(hosts.filter((host) => host !== from));
      cut(world, from, to, lasting, "lease ");
      if (random.chance(0.5)) cut(world, to, from, lasting, "lease ");
      return;
    }
    case "unplugged": {
      const host = favoured(world, nodes);
      for (const other of nodes.filter((one) => one !== host)) {
        cut(world, host, other, lasting);
        cut(world, other, host, lasting);
      }
      return silence(world, host, targets, lasting);
    }
    case "uplink":
      return silence(world, favoured(world, nodes), targets, lasting);
    case "target-down": {
      const target = random.pick(targets);
      for (const host of random.chance(0.5) ? nodes : [random.pick(nodes)]) silence(world, host, [target], lasting);
      return;
    }
    case "probe-loss": {
      const { uplink } = random.pick(nodes);
      uplink.loss = random.between(0.1, 0.9);
      uplink.lateMs = random.between(8, leaseMs / 2);
      return later(world, lasting, () => calmProbes(uplink));
    }
    case "loss":
      return mood(world, lasting, () => (network.loss = random.between(0.2, 0.9)));
    case "late":
      network.lateMs = random.between(0.2, 1.6) * leaseMs;
      return mood(world, lasting, () => {
        network.late = random.between(0.1, 0.7);
        network.duplication = 0.3;
      });
    case "loss-one-way": {
      const from = random.pick(hosts);
      const path = `${from.name}>${random.pick(hosts.filter((host) => host !== from)).name}`;
      network.lossOf.set(path, random.between(0.3, 0.95));
      world.queue.add(world.nowMs + lasting, () => network.lossOf.delete(path));
      return;
    }
    case "freeze": {
      const host = random.pick(hosts);
      host.frozenUntilMs = Math.max(host.frozenUntilMs, world.nowMs + lasting);
      return;
    }
    case "sleep":
      return fallAsleep(world, favoured(world, hosts), lasting);
    case "clock-rate":
      // Within the error that the timing allows for.
      for (const host of hosts) setRate(host.clock, world.nowMs, random.between(0.995, 1.005));
      return;
    case "wall-clock":
      random.pick(nodes).clock.wallAheadMs += random.between(-3, 3) * leaseMs;
      return;
    case "failing-disk": {
      const { disk } = random.pick(hosts);
      disk.failsUntilMs = world.nowMs + lasting;
      return;
    }
    case "failover": {
      const host = random.pick(nodes);
      if (host.up) inLoop(world, host, world.nowMs, () => failover(world, host, false));
      return;
    }
    case "stall": {
      const host = random.pick(nodes);
      host.stalledUntilMs = Math.max(host.stalledUntilMs, world.nowMs + lasting);
      return;
    }
    case "exchange-loss":
      world.exchange.loss = random.between(0.1, 0.95);
      return later(world, 2 * lasting, () => (world.exchange.loss = 0));
    case "exchange-late":
      world.exchange.lateMs = random.between(100, lateMsMax);
      return later(world, lasting, () => (world.exchange.lateMs = calmLateMs));
    case "slow-disk":
      return mood(world, lasting, () => (world.persistMs = random.between(20, 400)));
    case "replay":
      for (let count = 0; count < 12 && network.sent.length > 0; count++) {
        const { message, atMs } = random.pick(network.sent);
        replay(world, message, atMs, random.between(0, lasting));
      }
      return;
    case "switchover":
    case "hand-over":
      for (const host of nodes)
        if (host.up) switchOver(world, host, kind === "switchover" ? (host.name === "a" ? "b" : "a") : null);
      return;
    case "maintenance":
      setMaintenance(world, random.chance(0.7));
      return;
    case "crash-at-promotion":
      world.armed.add("promotion");
      return;
    case "crash-at-expansion":
      world.armed.add("expansion");
      return;
    case "crash-at-vote":
      world.armed.add("vote");
      return mood(world, lasting, () => (world.persistMs = random.between(20, 400)));
    case "crash-at-release":
      world.armed.add("release");
      return strike(world, "switchover");
    case "wipe-standby": {
      const standby = nodes.find((host) => host.up && host.member?.phase.kind === "standby");
      if (standby === undefined || world.wiped) return;
      return wipe(world, standby, random.between(30, 400));
    }
    case "wipe":
      return wipe(world, random.pick(hosts), lasting);
  }
}

const later = (world: World, afterMs: number, run: () => unknown): void =>
  world.queue.add(world.nowMs + afterMs, () => void run());

/** The primary is the more interesting victim. */
function favoured(world: World, hosts: readonly Host[]): Host {
  const primary = hosts.find((host) => host.member?.phase.kind === "primary");
  return primary !== undefined && world.random.chance(0.6) ? primary : world.random.pick(hosts);
}

export function setMaintenance(world: World, on: boolean): void {
  if (!on) world.ghost.maintenanceEnded = true;
  for (const host of world.hosts)
    if (host.up && host.kind === "node")
      inLoop(world, host, world.nowMs, () => feed(world, host, { kind: "pause", on }));
}

/** Down, and up again by itself: whoever has started it meanwhile. */
export function down(world: World, host: Host, lasting: number, what: "host" | "agent"): void {
  crash(world, host, what);
  const { boots } = host;
  world.queue.add(world.nowMs + lasting, () => {
    if (!host.up && host.boots === boots) boot(world, host);
  });
}

/** Crashes this host soon, if that was waited for. */
export function trip(world: World, host: Host, moment: Moment): void {
  if (!world.armed.delete(moment)) return;
  const { random, network } = world;
  const { leaseMs } = world.timing;
  const { boots } = host;
  const released = moment === "release";
  const lasting = released ? random.between(10, 200) : random.between(0.3, 3) * leaseMs;
  mood(world, random.between(50, 400), () => {
    network.lateMs = 1.6 * leaseMs;
    if (released) network.late = 0.9;
    else network.loss = random.between(0.2, 0.8);
  });
  world.queue.add(world.nowMs + random.between(0.1, moment === "expansion" ? 250 : 60), () => {
    if (host.up && host.boots === boots) down(world, host, lasting, "host");
  });
}

export function wipe(world: World, host: Host, lasting: number): void {
  world.wiped = true;
  crash(world, host, "host");
  log(world, () => `the disk of ${host.name} is lost`);
  host.disk.votes = blankVotes();
  host.disk.ledger = null;
  host.disk.received = null;
  for (const voters of world.ghost.setVoters.values()) voters.delete(host.name);
  down(world, host, lasting, "host");
}

/** The whole machine: its monotonic clock stands still, its boot clock does not. */
function fallAsleep(world: World, host: Host, lasting: number): void {
  if (!host.up || world.nowMs < host.asleepUntilMs) return;
  host.asleepUntilMs = world.nowMs + lasting;
  sleep(host.clock, world.nowMs, host.asleepUntilMs, world.random.between(0, 10));
}

/** `what`: everything, or the lease's datagrams only while the replica passes. */
export function cut(world: World, from: Host, to: Host, lasting: number, what: "" | "lease " = ""): void {
  const { cuts } = world.network;
  const path = `${what}${from.name}>${to.name}`;
  cuts.add(path);
  world.queue.add(world.nowMs + lasting, () => cuts.delete(path));
}

/** These targets do not answer this node. */
export function silence(world: World, { uplink }: Host, which: readonly Target[], lasting: number): void {
  for (const target of which) {
    uplink.silent.add(target);
    later(world, lasting, () => uplink.silent.delete(target));
  }
}

export function mood(world: World, lasting: number, begin: () => unknown): void {
  begin();
  world.queue.add(world.nowMs + lasting, () => {
    Object.assign(world.network, world.network.base);
    world.network.late = 0;
    world.persistMs = ordinaryPersistMs;
  });
}
