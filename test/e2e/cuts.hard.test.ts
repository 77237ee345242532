import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { presets } from "../../ha/core/timing.ts";
import { eventually, runs } from "./demo-process.ts";
import { hostNowMs } from "./net-agent.ts";
import { NetLoad } from "./net-load.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";

const missing = netMissing();
const { leaseMs } = presets.default;
/** Every promise that stood at the cut has ended by then. */
const holdMs = 1.5 * leaseMs;

describe.skipIf(missing !== null)(`a pair on three machines (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let load: NetLoad;
  let primary: NodeName;
  let standby: NodeName;
  let epoch: number;

  beforeAll(async () => {
    pair = await NetPair.start("default");
  });
  afterAll(() => pair?.stop());

  beforeEach(async () => {
    primary = await pair.healed();
    standby = other(primary);
    epoch = (await pair.health(primary))?.epoch ?? -1;
    load = new NetLoad(pair);
    await pair.confirmedProbe(primary);
  });

  afterEach(async ({ task }) => {
    pair.net.heal();
    await load.stop();
    if (task.result?.state === "fail") console.log(pair.logTails());
  });

  /** After every cut: one primary at any time, nothing confirmed is lost, and all is well again by itself. */
  async function healsWithout(loss: "failover" | "primary"): Promise<void> {
    pair.net.heal();
    const leads = await pair.healed();
    expect(leads).toBe(loss === "failover" ? primary : standby);
    await pair.confirmedProbe(leads);
    await load.stop();
    expect(await pair.lostProbes(leads)).toEqual([]);
    expect(pair.violations()).toEqual([]);
    const now = (await pair.health(leads))?.epoch ?? -1;
    if (loss === "failover") expect(now).toBe(epoch);
    else expect(now).toBeGreaterThan(epoch);
  }

  const setOf = async (name: NodeName): Promise<readonly string[]> => (await pair.health(name))?.inSync ?? [];

  /** The primary carries on alone, and what it confirms alone counts. */
  async function goesOnAlone(): Promise<void> {
    await eventually("the set shrinks", 2 * leaseMs, async () => (await setOf(primary)).join() === primary);
    await pair.confirmedProbe(primary);
    await pass(holdMs);
    expect(await pair.leader()).toBe(primary);
    expect(await setOf(primary)).toEqual([primary]);
  }

  /** Nobody but a look at the status notices anything: the standby stays in the set. */
  async function nothingHappens(): Promise<void> {
    await pass(holdMs);
    expect(await pair.leader()).toBe(primary);
    expect(await setOf(primary)).toEqual(["uno-a", "uno-b"]);
    await pair.confirmedProbe(primary);
  }

  test("[HA-1] two nodes that see the witness only: the primary stays, alone in the set", async () => {
    pair.net.cutBothWays(primary, standby);
    await goesOnAlone();
    await healsWithout("failover");
  });

  test("[HA-6] a primary that is cut from all is succeeded, and its app is dead before", async () => {
    const appPid = (await pair.health(primary))?.pids.app ?? 0;
    const atticBefore = pair.attic(primary);
    pair.net.unplug(primary);
    const cutMs = hostNowMs();
    let deadMs = Number.POSITIVE_INFINITY;
    await eventually("the app of the one that was cut off is dead", 2 * leaseMs, () => {
      if (!runs(appPid)) deadMs = Math.min(deadMs, hostNowMs());
      return !runs(appPid);
    });
    await eventually("the standby leads", 3 * leaseMs, () => pair.ledSinceMs(standby, epoch) !== null);
    const ledMs = pair.ledSinceMs(standby, epoch) ?? 0;
    const after = { appDeadMs: Math.round(deadMs - cutMs), leadsMs: Math.round(ledMs - cutMs) };
    console.log(`primary cut from all, milliseconds after the cut: ${JSON.stringify(after)}`);
    expect(deadMs).toBeLessThan(ledMs);
    expect(after.leadsMs).toBeLessThanOrEqual(leaseMs + 2_000);
    await pair.confirmedProbe(standby);
    await healsWithout("primary");
    // Five probes a second were written to it that nobody could confirm: it has a tail.
    await eventually("the tail is set aside", 20_000, () => pair.attic(primary).length === atticBefore.length + 1);
  });

  test("an interface that goes down and comes back is a cut like any other", async () => {
    pair.net.interfaceDown(primary);
    await eventually("the standby leads", 3 * leaseMs, () => pair.ledSinceMs(standby, epoch) !== null);
    await healsWithout("primary");
  });

  test("a standby that is cut from all leaves the set and comes back to it", async () => {
    pair.net.unplug(standby);
    await goesOnAlone();
    expect(await pair.status(standby, "/primary")).toBe(503);
    await healsWithout("failover");
  });

  test("[complaint 3] without the witness nothing happens", async () => {
    pair.net.unplug("witness");
    await nothingHappens();
    expect((await pair.health(primary))?.arbiter?.reachable).toBe(false);
    expect(await pair.status(primary, "/cluster")).toBe(503);
    await healsWithout("failover");
  });

  test("a standby that hears nothing of the primary leaves the set, and does not take over", async () => {
    pair.net.cutOneWay(primary, standby);
    await goesOnAlone();
    await healsWithout("failover");
  });

  test("a primary that hears nothing of the standby goes on with the witness", async () => {
    pair.net.cutOneWay(standby, primary);
    await goesOnAlone();
    await healsWithout("failover");
  });

  test("a witness that hears nothing of the primary is not needed", async () => {
    pair.net.cutOneWay(primary, "witness");
    await nothingHappens();
    await healsWithout("failover");
  });

  test("a primary that hears nothing of the witness does not need it", async () => {
    pair.net.cutOneWay("witness", primary);
    await nothingHappens();
    await healsWithout("failover");
  });

  test("[HA-1] a primary that is heard and hears nobody gives up, and is succeeded", async () => {
    pair.net.deafen(primary);
    await eventually("the standby leads", 4 * leaseMs, () => pair.ledSinceMs(standby, epoch) !== null);
    expect(await pair.status(primary, "/primary")).toBe(503);
    await healsWithout("primary");
  });

  test("after DHCP moved the standby, and then the primary, the pair is one again", async () => {
    pair.net.moveTo(standby, "10.77.0.22");
    await eventually("the set shrinks", 2 * leaseMs, async () => (await setOf(primary)).join() === primary);
    await healsWithout("failover");
    pair.net.moveTo(primary, "10.77.0.21");
    await pass(2 * leaseMs);
    const both = async (): Promise<boolean> => (await setOf(primary)).length === 2;
    await eventually("the replica goes on from the new address", 2 * leaseMs, both);
    await healsWithout("failover");
    const page = await pair.inside(standby).ask("GET", "http://127.0.0.1:8000/api/status/led/display");
    expect(page.status).toBe(200);
  });

  test("after DHCP moved both at once they find each other by mDNS", async () => {
    pair.net.moveTo(standby, "10.77.0.32");
    pair.net.moveTo(primary, "10.77.0.31");
    await eventually("the set shrinks", 2 * leaseMs, async () => (await setOf(primary)).join() === primary);
    await healsWithout("failover");
  });
});
