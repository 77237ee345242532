import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { presets } from "../../ha/core/timing.ts";
import { eventually } from "./demo-process.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";

const missing = netMissing();
const { leaseMs } = presets.default;
const boards = ["uno-a", "uno-b"] as const;
const udpTo = (port: number): string[] => ["-p", "udp", "--dport", String(port)];

describe.skipIf(missing !== null)(`a pair on two networks (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let primary: NodeName;
  let standby: NodeName;
  let epoch: number;
  /** Heartbeats that came in on the second network, and mDNS that went out where it is of no use. */
  let secondPath: (() => number)[];
  let toContainers: (() => number)[];

  beforeAll(async () => {
    pair = await NetPair.start("default");
    for (const name of boards) {
      pair.net.idleInterface(name, "docker0", "172.17.0.1");
      pair.net.idleInterface(name, "eth7");
    }
    secondPath = boards.map((name) => pair.net.count(name, "INPUT", "-i", "eth1", ...udpTo(8008)));
    toContainers = boards.map((name) => pair.net.count(name, "OUTPUT", "-o", "docker0", ...udpTo(5353)));
    // Later than the pair, as a dongle that is plugged in.
    pair.net.secondNetwork(boards);
  });
  beforeEach(async () => {
    primary = await pair.healed();
    standby = other(primary);
    epoch = (await pair.health(primary))?.epoch ?? -1;
  });
  afterEach(({ task }) => {
    pair.net.heal();
    if (task.result?.state === "fail") console.log(pair.logTails());
  });
  afterAll(() => pair?.stop());

  /** Waits until each board hears the other on the second network, by what mDNS told them. */
  async function twoPaths(): Promise<void> {
    const before = secondPath.map((count) => count());
    await eventually("both boards are heard on the second network", 15_000, () =>
      secondPath.every((count, at) => count() > (before[at] ?? 0) + 3),
    );
  }

  const setChanges = (): number =>
    readFileSync(join(pair.dataDir(primary), "history.jsonl"), "utf8").split('"set-changed"').length;
  const setOf = async (name: NodeName): Promise<readonly string[]> => (await pair.health(name))?.inSync ?? [];

  /** The lease stays where it is, and the replica reaches the standby by the path that is left. */
  async function carriesOn(): Promise<void> {
    await pass(1.5 * leaseMs);
    const both = async (): Promise<boolean> => (await setOf(primary)).length === 2;
    await eventually("the replica goes on by the other network", 15_000, both);
    await pair.confirmedProbe(primary);
    // Until the standby's silence on the lost path is noticed, the set says what it said before.
    await eventually("both hold everything again", 15_000, both);
    expect(await pair.leader()).toBe(primary);
    expect(await pair.health(primary)).toMatchObject({ epoch, peer: { reachable: true } });
  }

  test("[board 5.7] an interface that comes later is spoken on, and containers' bridges never are", async () => {
    await twoPaths();
    expect(toContainers.map((count) => count())).toEqual([0, 0]);
    for (const name of boards) {
      const reasons = (await pair.health(name))?.reasons;
      expect(reasons).toEqual([]);
    }
  });

  test("the second network lost, nothing happens at all", async () => {
    await twoPaths();
    const before = setChanges();
    for (const name of boards) pair.net.unplugSecond(name);
    await carriesOn();
    expect(setChanges()).toBe(before);
  });

  test("the first network lost between the boards, the lease stays and the replica follows", async () => {
    await twoPaths();
    pair.net.cutBothWays(primary, standby);
    await carriesOn();
    const page = await pair.inside(standby).ask("GET", "http://127.0.0.1:8000/api/status/led/display");
    expect(page.status).toBe(200);
  });

  test("the whole first network lost, and the witness with it: the boards hold the lease between them", async () => {
    await twoPaths();
    for (const name of boards) pair.net.unplug(name);
    await carriesOn();
    expect((await pair.health(primary))?.arbiter?.reachable).toBe(false);
    expect(pair.violations()).toEqual([]);
  });
});
