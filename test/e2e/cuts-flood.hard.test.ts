import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { getJson } from "./demo-process.ts";
import type { ReadyNode } from "./demo-process.ts";
import { Load, Pair } from "./pair.ts";
import { lostProbes } from "./pair-checks.ts";
import { PrimaryWatch } from "./primary-watch.ts";

const program = fileURLToPath(new URL("./net-flood.ts", import.meta.url));
const perSecond = 10_000;
const floodMs = 3_000;
const grownKbMax = 64 * 1024;

const countersSchema = z.looseObject({ counters: z.record(z.string(), z.number()) });
const nodeSchema = z.looseObject({ cluster: z.string() });

let pair: Pair;
beforeAll(async () => {
  pair = await Pair.start([]);
});
afterAll(() => pair?.stop());
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

const clusterOf = (node: ReadyNode): string =>
  nodeSchema.parse(JSON.parse(readFileSync(join(node.dataDir, "node.json"), "utf8"))).cluster;

async function refusedBy(node: ReadyNode): Promise<number> {
  const { counters } = await getJson(node.agentPort, "/health", countersSchema);
  return Object.entries(counters).reduce((sum, [name, n]) => sum + (name.startsWith("refused:") ? n : 0), 0);
}

const residentKb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0");

test.each(["primary", "standby"] as const)(
  "ten thousand foreign datagrams a second at the %s for three seconds: the lease stays where it is",
  async (role) => {
    const { primary, standby } = await pair.protected();
    const target = role === "primary" ? primary : standby;
    const { epoch, pids } = await pair.health(primary);
    const agent = (await pair.health(target)).pids.agent;
    const before = { refused: await refusedBy(target), residentKb: residentKb(agent) };
    const watch = new PrimaryWatch(pair);
    const load = new Load(pair, () => primary);
    const argv = [program, target.agentPort, perSecond, floodMs, clusterOf(target)].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 30_000 });
    await load.stop();
    await watch.stop();
    const refused = (await refusedBy(target)) - before.refused;
    const grownKb = residentKb(agent) - before.residentKb;
    console.log(`flood at the ${role}: ${stdout.trim()} sent, ${refused} refused, memory grew by ${grownKb} KB`);
    expect(refused).toBeGreaterThan(Number(stdout) / 2);
    expect(grownKb).toBeLessThan(grownKbMax);
    expect(watch.violations).toEqual([]);
    expect(watch.leader).toBe(primary);
    const after = await pair.health(primary);
    expect({ epoch: after.epoch, app: after.pids.app }).toEqual({ epoch, app: pids.app });
    expect(load.confirmed).toBeGreaterThan(0);
    expect(await lostProbes(pair, primary)).toEqual([]);
  },
);
