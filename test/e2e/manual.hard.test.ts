import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { presets } from "../../ha/core/timing.ts";
import { eventually } from "./demo-process.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";

const missing = netMissing();
const { leaseMs } = presets.fast;

describe.skipIf(missing !== null)(`two boards and an operator (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  beforeAll(async () => {
    pair = await NetPair.make({ arbiter: "manual", preset: "fast" });
  });
  afterAll(() => pair?.stop());
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails());
  });

  test("a primary without its standby carries on; a standby without its primary waits for the word", async () => {
    const primary = await pair.healed();
    const standby = other(primary);
    pair.net.cutBothWays(primary, standby);
    await pass(6 * leaseMs);
    expect(await pair.leader()).toBe(primary);
    await pair.confirmedProbe(primary);
    expect(await pair.status(standby, "/primary")).toBe(503);
    pair.net.heal();
    expect(await pair.healed()).toBe(primary);
    expect(await pair.lostProbes(primary)).toEqual([]);
  });

  test("[HA-10] the primary dead, nobody leads and the status says the command; it leads there, and the old one follows", async () => {
    const primary = await pair.healed();
    const standby = other(primary);
    await pair.confirmedProbe(primary);
    await pair.kill(primary);
    await pass(6 * leaseMs);
    expect(await pair.leader()).toBeNull();
    expect(await pair.trader(standby, "status")).toMatch(/lead from here: trader failover --accept-data-loss/);
    await expect(pair.trader(standby, "failover", "--yes")).rejects.toThrow(/may have confirmed more alone since/);
    expect(await pair.trader(standby, "failover", "--dry-run", "--accept-data-loss")).toMatch(
      new RegExp(
        `this node is at \\d+/\\d+, ${primary} was last at \\d+/\\d+\\nDry run: ${standby} could take over now`,
      ),
    );
    expect(await pair.leader()).toBeNull();
    await pair.trader(standby, "failover", "--yes", "--accept-data-loss");
    await eventually("it leads", 10_000, async () => (await pair.leader()) === standby);
    pair.run(primary);
    expect(await pair.healed(60_000)).toBe(standby);
    expect(await pair.lostProbes(standby)).toEqual([]);
    expect(pair.violations()).toEqual([]);
  });

  test("maintenance is changed where the primary is, shown on both, and outlives a restart of both nodes and a switchover", async () => {
    const primary = await pair.healed();
    const standby = other(primary);
    await expect(pair.trader(standby, "maintenance", "on")).rejects.toThrow(
      new RegExp(`${primary} leads: run "trader maintenance on" there, at ${pair.net.machine(primary).address}`),
    );
    await pair.trader(primary, "maintenance", "on");
    for (const name of [primary, standby])
      await eventually(`${name} shows it`, 5_000, async () =>
        /Maintenance is on/.test(await pair.trader(name, "status")),
      );
    await Promise.all([pair.kill(primary), pair.kill(standby)]);
    for (const name of [primary, standby]) pair.run(name);
    expect(await pair.healed(60_000)).toBe(primary);
    for (const name of [primary, standby])
      await eventually(`${name} still shows it`, 10_000, async () =>
        /Maintenance is on/.test(await pair.trader(name, "status")),
      );
    await pair.trader(primary, "switchover", "--yes");
    expect(await pair.healed()).toBe(standby);
    expect(await pair.trader(standby, "status")).toMatch(/Maintenance is on/);
    await pair.trader(standby, "maintenance", "off");
    await eventually("it is over", 5_000, async () => !/Maintenance/.test((await pair.health(primary))?.limits ?? ""));
  });
});
