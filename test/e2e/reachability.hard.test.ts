import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { presets } from "../../ha/core/timing.ts";
import { eventually, runs } from "./demo-process.ts";
import { hostNowMs } from "./net-agent.ts";
import { NetLoad } from "./net-load.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";
import { attempts, doubled, takenTwice, triedFromAll } from "./pair-checks.ts";

const missing = netMissing();
const { leaseMs } = presets.default;
const summarySchema = z.looseObject({
  kind: z.literal("tail"),
  rows: z.int().positive(),
  tables: z.array(z.looseObject({ table: z.string(), onlyKeys: z.array(z.string()) })).min(1),
});

describe.skipIf(missing !== null)(`two boards and a gateway (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let load: NetLoad;
  let primary: NodeName;
  let standby: NodeName;
  let epoch: number;

  beforeAll(async () => {
    pair = await NetPair.make({ arbiter: "reachability", exchange: true });
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

  const standbyLeads = (limitMs = 3 * leaseMs): Promise<void> =>
    eventually("the standby leads", limitMs, () => pair.ledSinceMs(standby, epoch) !== null);
  const says = async (name: NodeName, what: RegExp): Promise<boolean> =>
    (await pair.health(name))?.reasons.some((reason) => what.test(reason)) ?? false;

  /** The pair is one again: this node leads, nothing confirmed is lost, and no two led at a time. */
  async function oneAgain(leads: NodeName): Promise<void> {
    expect(await pair.healed(60_000)).toBe(leads);
    await load.stop();
    expect(await pair.lostProbes(leads)).toEqual([]);
    expect(pair.violations()).toEqual([]);
    expect(doubled(attempts.parse(await pair.journal()))).toEqual([]);
  }

  test("protection is heuristic, and says what it cannot survive", async () => {
    const health = await pair.health(standby);
    expect(health).toMatchObject({
      protection: "heuristic",
      limits: expect.stringMatching(/Cut only from each other/),
    });
    expect(health?.arbiter?.reachable).toBe(true);
  });

  test("a primary that is killed is succeeded within a lease and a second", async () => {
    const killedMs = hostNowMs();
    await pair.kill(primary);
    await standbyLeads();
    const tookMs = (pair.ledSinceMs(standby, epoch) ?? Number.POSITIVE_INFINITY) - killedMs;
    console.log(`reachability, primary killed: the standby leads after ${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThanOrEqual(leaseMs + 1_000);
    pair.run(primary);
    await oneAgain(standby);
  });

  test("a primary that is cut from everything has stopped before the standby leads", async () => {
    const app = (await pair.health(primary))?.pids.app ?? 0;
    pair.net.unplug(primary);
    let deadMs = Number.POSITIVE_INFINITY;
    await eventually("its app is dead", 2 * leaseMs, () => {
      if (!runs(app)) deadMs = Math.min(deadMs, hostNowMs());
      return !runs(app);
    });
    await standbyLeads();
    expect(deadMs).toBeLessThan(pair.ledSinceMs(standby, epoch) ?? 0);
    pair.net.heal();
    await oneAgain(standby);
  });

  test("without the gateway nothing happens; both say that it is silent", async () => {
    pair.net.unplug("gateway");
    await pass(3 * leaseMs);
    expect(await pair.leader()).toBe(primary);
    expect((await pair.health(primary))?.epoch).toBe(epoch);
    for (const name of [primary, standby]) expect(await says(name, /No answer from 10\.77\.0\.3/)).toBe(true);
    await pair.confirmedProbe(primary);
    pair.net.heal();
    await oneAgain(primary);
  });

  test("a gateway that drops TCP is asked by ping", async () => {
    pair.net.filter(
      "gateway",
      "-I",
      "INPUT",
      "-p",
      "tcp",
      "--syn",
      "-m",
      "multiport",
      "--dports",
      "53,80,443",
      "-j",
      "DROP",
    );
    await pass(2 * leaseMs);
    expect((await pair.health(standby))?.arbiter?.reachable).toBe(true);
    await pair.kill(primary);
    await standbyLeads();
    pair.run(primary);
    pair.net.heal();
    await oneAgain(standby);
  });

  test("after a power cut the old primary goes on alone and says its risk; the old standby alone does not, and says what to do", async () => {
    await load.stop();
    await Promise.all([pair.kill(primary), pair.kill(standby)]);
    pair.run(standby);
    await eventually("the old standby says which command", 60_000, () =>
      says(standby, /lead from here: trader failover --accept-data-loss/),
    );
    await pass(2 * leaseMs);
    expect(await pair.leader()).toBeNull();
    await pair.kill(standby);
    pair.run(primary);
    await eventually("the old primary leads", 60_000, async () => (await pair.leader()) === primary);
    expect(await says(primary, /went on alone/)).toBe(true);
    pair.run(standby);
    await oneAgain(primary);
    expect(await says(primary, /went on alone/)).toBe(false);
    await Promise.all([pair.kill(primary), pair.kill(standby)]);
    pair.run(standby);
    pair.run(primary);
    await oneAgain(primary);
  });

  // The last ones: from here on the looks show two primaries.
  test("[HA-9] boards cut only from each other try the same slots: one order for each place, the higher epoch stays, the tail is set aside with its orders and jobs named", async () => {
    const before = attempts.parse(await pair.journal()).length;
    await partOf(before, async (since) => {
      // They may want different things there: each decides by its own ledger.
      expect(takenTwice(since)).toEqual([]);
      // Of each place that both tried, the exchange took one and refused the other.
      for (const id of triedFromAll(since, both()))
        expect(since.filter(({ clientOrderId }) => clientOrderId === id).map(({ outcome }) => outcome)).toEqual(
          expect.arrayContaining(["accepted", "rejected: client_order_id must be unique"]),
        );
    });
    expect(takenTwice(attempts.parse(await pair.journal()))).toEqual([]);
  });

  // A broker that does not keep ids apart, which this arbiter does not go with: what is guaranteed then.
  test("[HA-9] the same with an exchange that takes an id twice: each board sends its order, so two for a place, and never more", async () => {
    await pair.exchangeAnew("--accept-duplicates");
    const before = attempts.parse(await pair.journal()).length;
    await partOf(before, async (since) => {
      const sent = new Map<string, string[]>();
      for (const { clientOrderId: id, from = "", outcome } of since)
        if (outcome === "accepted") sent.set(id, [...(sent.get(id) ?? []), from]);
      const twice = [...sent.values()].filter((from) => from.length > 1);
      expect(twice.length).toBeGreaterThan(0);
      for (const from of twice) expect(from.toSorted()).toEqual(both());
    });
  });

  const both = (): string[] => ["uno-a", "uno-b"].map((name) => pair.net.machine(name).address).toSorted();

  /** Cuts the boards from each other until both have tried one place, judges the journal since `before`, and heals. */
  async function partOf(before: number, judge: (since: z.infer<typeof attempts>) => Promise<void>): Promise<void> {
    const atticBefore = pair.attic(primary);
    pair.net.cutBothWays(primary, standby);
    await standbyLeads();
    let since: z.infer<typeof attempts> = [];
    await eventually("both have tried one place", 60_000, async () => {
      since = attempts.parse(await pair.journal()).slice(before);
      return triedFromAll(since, both()).length > 0;
    });
    expect(await pair.status(primary, "/primary")).toBe(200);
    expect(await pair.status(standby, "/primary")).toBe(200);
    await pair.confirmedProbe(standby, 30_000);
    await load.stop();
    await judge(since);
    const [place = ""] = triedFromAll(since, both());
    pair.confirmed.clear();
    pair.net.heal();
    await eventually("the one of the lower epoch says why it stepped down", 4 * leaseMs, async () =>
      ((await pair.health(primary))?.history ?? []).some(({ text }) => /leads with epoch/.test(text)),
    );
    await eventually("the tail is set aside", 60_000, () => pair.attic(primary).length === atticBefore.length + 1);
    expect(await pair.healed(60_000)).toBe(standby);
    expect((await pair.health(standby))?.epoch).toBeGreaterThan(epoch);
    const folder = pair.attic(primary).find((name) => !atticBefore.includes(name)) ?? "";
    const inside = join(pair.dataDir(primary), "attic", folder);
    const file = readdirSync(inside).find((name) => name.endsWith(".json")) ?? "";
    const { tables } = summarySchema.parse(JSON.parse(readFileSync(join(inside, file), "utf8")));
    const named = (table: string): string => JSON.stringify(tables.find((tail) => tail.table === table) ?? null);
    expect(named("order_intents")).toContain(place.split("-").at(-2));
    expect(named("job_runs")).toContain("rebalance");
  }
});
