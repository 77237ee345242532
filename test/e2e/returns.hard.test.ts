import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { presets } from "../../ha/core/timing.ts";
import { eventually } from "./demo-process.ts";
import { netMissing } from "./net-namespaces.ts";
import { NetPair, other } from "./net-pair.ts";
import type { NodeName } from "./net-pair.ts";
import { copy, end, move, remove, runOn, runWitness, says } from "./net-returns.ts";
import { traderArgv } from "./net-setting.ts";

const missing = netMissing();
const { leaseMs } = presets.fast;

describe.skipIf(missing !== null)(`what comes back (${missing ?? "namespaces"})`, () => {
  let pair: NetPair;
  let primary: NodeName;
  let standby: NodeName;
  let epoch: number;

  beforeAll(async () => {
    pair = await NetPair.make({ preset: "fast", more: ["third"] });
  });
  afterAll(() => pair?.stop());

  beforeEach(async () => {
    primary = await pair.healed();
    standby = other(primary);
    epoch = (await pair.health(primary))?.epoch ?? -1;
    await pair.confirmedProbe(primary);
  });

  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails(60));
  });

  const place = (name: NodeName): string[] => {
    return ["--data", pair.dataDir(name), "--name", name, "--host", pair.net.machine(name).address];
  };
  const token = async (kind: "node" | "witness"): Promise<string> =>
    /at1\.[\w-]+/.exec(await pair.trader(primary, "token", "--kind", kind))?.[0] ?? "";
  const witnessStatus = (): Promise<string> =>
    pair.command(pair.net.machine("witness"), traderArgv("status", "--data", pair.dataDir("witness")));
  const isProtected = (status: number): Promise<void> =>
    eventually(`/cluster is ${status}`, 30_000, async () => (await pair.status(primary, "/cluster")) === status);

  /** The primary carries on without the other, and confirms what the other has not. */
  async function goesOnAlone(): Promise<void> {
    await eventually("the set shrinks", 30_000, async () => (await pair.health(primary))?.inSync.join() === primary);
    await pair.confirmedProbe(primary);
  }

  const saysNoMore = (name: NodeName, what: RegExp): Promise<void> =>
    eventually(`${name} says no more ${String(what)}`, 30_000, async () => {
      const { reasons } = (await pair.health(name)) ?? {};
      return reasons !== undefined && !reasons.some((reason) => what.test(reason));
    });

  /** All is well again, and whoever was the standby has everything: it leads now, and shows it. */
  async function provesWhole(): Promise<void> {
    expect(await pair.healed()).toBe(primary);
    await pair.confirmedProbe(primary);
    await pair.trader(primary, "switchover", "--yes");
    expect(await pair.healed()).toBe(standby);
    expect(await pair.lostProbes(standby)).toEqual([]);
    expect(pair.violations()).toEqual([]);
  }

  test("[HA-6] a peer with an older ledger: everything is sent to it anew", async () => {
    const app = (await pair.health(primary))?.pids.app;
    copy(pair, standby, "older");
    for (let n = 0; n < 3; n += 1) await pair.confirmedProbe(primary);
    await pair.kill(standby);
    move(pair, "older", standby);
    pair.run(standby);
    expect(await pair.healed()).toBe(primary);
    const { epoch: now = -1, pids } = (await pair.health(primary)) ?? {};
    expect(now).toBeGreaterThan(epoch);
    // The ledger stays open meanwhile.
    expect(pids?.app).toBe(app);
    await provesWhole();
  });

  test("[HA-7] a peer with an older ledger while the primary is away: it waits, and says for whom", async () => {
    copy(pair, standby, "older");
    await pair.kill(standby);
    await goesOnAlone();
    await pair.kill(primary);
    move(pair, "older", standby);
    pair.run(standby);
    await says(
      pair,
      standby,
      new RegExp(`^Only ${primary} holds everything confirmed. Start ${primary}, or lead from`),
    );
    expect(await pair.leader()).toBeNull();
    pair.run(primary);
    await provesWhole();
  });

  test("a peer with another cluster's data, of this name or another: refused, counted, and it says so itself", async () => {
    await pair.kill(standby);
    move(pair, standby, "own");
    const on = pair.net.machine(standby);
    for (const [cluster, counter, said] of [
      ["barn", "foreign-cluster", /^Heartbeats of another cluster arrive here.*wrong data directory/],
      ["home", "bad-signature", /^Heartbeats of a cluster of this name arrive here.*wrong data directory/],
    ] as const) {
      await pair.command(on, traderArgv("init", ...place(standby), "--cluster", cluster, "--preset", "fast"));
      pair.run(standby);
      expect((await says(pair, standby, said)).counters[`refused:${counter}`]).toBeGreaterThan(0);
      await says(pair, primary, /^The standby does not take the replica: .*self-signed certificate/);
      await goesOnAlone();
      await pair.kill(standby);
      remove(pair, standby);
    }
    move(pair, "own", standby);
    pair.run(standby);
    await provesWhole();
  });

  test("[complaint 14] a peer with an empty disk joins anew under its name; then its old disk comes back, with keys of its own", async () => {
    await pair.kill(standby);
    move(pair, standby, "old");
    await expect(pair.trader(standby, "run")).rejects.toThrow(
      /set this directory up with "trader init" or "trader join"/,
    );
    await goesOnAlone();
    const on = pair.net.machine(standby);
    const join = async (): Promise<string> =>
      pair.command(on, traderArgv("join", await token("node"), ...place(standby)));
    await expect(join()).rejects.toThrow(new RegExp(`retire the old one first: trader retire ${standby}`));
    await pair.trader(primary, "retire", standby, "--yes");
    await join();
    pair.run(standby);
    expect(await pair.healed()).toBe(primary);

    runOn(pair, "third", "old");
    await says(pair, "third", new RegExp(`^another board has the name ${standby} now .* join with another directory`));
    expect((await pair.health(primary))?.counters["refused:not-a-member"]).toBeGreaterThan(0);
    await provesWhole();
    await end(pair, "old");
  });

  test("[HA-1] rule 16: a copy of the primary beside it leads nothing; all say that two machines have one name", async () => {
    copy(pair, primary, "clone");
    runOn(pair, "third", "clone");
    await says(pair, "third", new RegExp(`^Another machine runs as ${primary}, with the same keys`));
    await says(pair, standby, new RegExp(`^Two machines run as ${primary}, with the same keys. Stop the copy`));
    await pair.confirmedProbe(primary);
    expect(await pair.status(primary, "/primary")).toBe(200);
    expect((await pair.health(primary))?.epoch).toBe(epoch);
    expect((await pair.inside("third").ask("GET", "http://127.0.0.1:8008/primary")).status).toBe(503);
    await end(pair, "clone");
    await saysNoMore(standby, /Two machines/);
    await provesWhole();
  });

  test("[HA-6] rule 16: a copy of the standby beside it, and nobody leads before one of the two is stopped; all say so", async () => {
    copy(pair, standby, "clone");
    runOn(pair, "third", "clone");
    await says(pair, primary, new RegExp(`^Two machines run as ${standby}, with the same keys. Stop the copy`));
    await pair.confirmedProbe(primary);
    expect((await pair.health(primary))?.epoch).toBe(epoch);
    await pair.kill(primary);
    for (const machine of ["third", standby])
      await says(
        pair,
        machine,
        new RegExp(`^Another machine runs as ${standby}, with the same keys. Stop one of the two`),
      );
    expect(await pair.leader()).toBeNull();
    await end(pair, "clone");
    await eventually("the standby leads", 30_000, async () => (await pair.leader()) === standby);
    pair.run(primary);
    expect(await pair.healed()).toBe(standby);
    expect(await pair.lostProbes(standby)).toEqual([]);
    expect(pair.violations()).toEqual([]);
  });

  test("[lease-model 3] the witness gone and back, and back without its vote: enrolled again, and until then no vote", async () => {
    await end(pair, "witness");
    await isProtected(503);
    await pair.confirmedProbe(primary);
    runWitness(pair);
    await isProtected(200);

    await end(pair, "witness");
    remove(pair, "witness", "home/votes");
    const before = readFileSync(pair.log("witness"), "utf8").length;
    runWitness(pair);
    const enrolled = new RegExp(`"blank":true[^]*"epoch":${epoch},"holder":"${primary}"[^]*"msg":"recorded"`);
    await eventually("it was blank, and has a record", 30_000, () =>
      enrolled.test(readFileSync(pair.log("witness"), "utf8").slice(before)),
    );
    await isProtected(200);
    expect(await witnessStatus()).toMatch(new RegExp(`epoch ${epoch}, led by ${primary}`));
    expect((await pair.health(primary))?.epoch).toBe(epoch);
    expect(await pair.leader()).toBe(primary);
  });

  test("the witness with an empty disk joins anew, and moves to another address: its vote makes the standby lead", async () => {
    await end(pair, "witness");
    remove(pair, "witness");
    await isProtected(503);
    await pair.trader(primary, "retire", "witness", "--yes");
    const at = ["--name", "witness", "--host", pair.net.machine("witness").address, "--data", pair.dataDir("witness")];
    pair.spawn(pair.net.machine("witness"), "witness", traderArgv("witness", "--join", await token("witness"), ...at));
    await isProtected(200);

    pair.net.moveTo("witness", "10.77.0.33");
    await eventually("it is heard at its new address", 30_000, async () =>
      /witness .*10\.77\.0\.33/.test(await pair.trader(primary, "members")),
    );
    await isProtected(200);
    expect((await pair.health(primary))?.epoch).toBe(epoch);
    await pair.kill(primary);
    await eventually("the standby leads", 10 * leaseMs, async () => (await pair.leader()) === standby);
    pair.run(primary);
    expect(await pair.healed()).toBe(standby);
    expect(await pair.lostProbes(standby)).toEqual([]);
    expect(pair.violations()).toEqual([]);
  });
});
