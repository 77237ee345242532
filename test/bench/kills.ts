import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { doubleIntentions, killNode, pair, probe, probesOf, scheduleFaults } from "../e2e/demo-client.ts";
import { eventually, type Ready, type ReadyNode, ready, spawnDemo, statusOf } from "../e2e/demo-process.ts";

/**
 * Kills the primary's whole node again and again, at random moments of the cycle, and starts it again:
 * `node src/cli/launch.js test/bench/kills.ts [KILLS] [options of the demo]`. Prints what was measured from outside,
 * and ends with 1 when anything confirmed was lost, an order doubled, or a slot left out.
 */
const CYCLE_MS = 4_000;
const LIMIT_MS = 60_000;

type Measured = { readonly primaryMs: number; readonly confirmedMs: number; readonly backMs: number };

const isOk = async (port: number, path: string): Promise<boolean> => (await statusOf(port, path)) === 200;

async function leaderFirst(line: Ready): Promise<readonly [ReadyNode, ReadyNode]> {
  let found: Awaited<ReturnType<typeof pair>> = null;
  await eventually("somebody leads", LIMIT_MS, async () => (found = await pair(line)) !== null);
  if (found === null) throw new Error("nobody leads");
  return found;
}

/** Probes one after another until `over` says so; those that were confirmed are added. */
async function load(node: ReadyNode, name: string, confirmed: Set<string>, over: AbortSignal): Promise<void> {
  for (let n = 0; !over.aborted; n += 1) {
    const value = `${name}-${n}`;
    if (await probe(node, value)) confirmed.add(value);
    await sleep(20);
  }
}

async function killOnce(line: Ready, name: string, confirmed: Set<string>): Promise<Measured> {
  const [primary, standby] = await leaderFirst(line);
  await eventually("the pair is protected", LIMIT_MS, () => isOk(primary.agentPort, "/cluster"));
  const over = new AbortController();
  const loading = load(primary, name, confirmed, over.signal);
  await sleep(500 + Math.random() * CYCLE_MS);
  await killNode(primary);
  const killedMs = performance.now();
  over.abort();
  await eventually(`${standby.name} leads`, LIMIT_MS, () => isOk(standby.agentPort, "/primary"));
  const primaryMs = performance.now() - killedMs;
  await eventually("a probe is confirmed", LIMIT_MS, () => probe(standby, `${name}-after`));
  const confirmedMs = performance.now() - killedMs;
  await loading;
  const [command = "", ...args] = primary.start;
  spawn("setpriv", ["--pdeathsig", "KILL", "--", command, ...args], { cwd: "/", stdio: "ignore" });
  await eventually(`${primary.name} is in sync again`, LIMIT_MS, () => isOk(primary.agentPort, "/standby"));
  return { primaryMs, confirmedMs, backMs: performance.now() - killedMs };
}

const quantile = (values: readonly number[], share: number): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0);

async function main(kills: number, options: readonly string[]): Promise<boolean> {
  const demo = spawnDemo(options);
  try {
    const line = await ready(demo);
    const confirmed = new Set<string>();
    const all: Measured[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      const measured = await killOnce(line, `kill-${kill}`, confirmed);
      all.push(measured);
      console.log(
        `${kill}: ${JSON.stringify(measured, (_, value) => (typeof value === "number" ? Math.round(value) : value))}`,
      );
    }
    const [primary] = await leaderFirst(line);
    const kept = await probesOf(primary);
    const lost = [...confirmed].filter((value) => !kept.has(value));
    const faults = { lost, doubleIntentions: await doubleIntentions(line), schedule: scheduleFaults(primary) };
    const of = (key: keyof Measured) => all.map((measured) => measured[key]);
    const figures = (["primaryMs", "confirmedMs", "backMs"] as const).map((key) => [
      key,
      { p50: quantile(of(key), 0.5), p99: quantile(of(key), 0.99) },
    ]);
    console.log(JSON.stringify({ kills, confirmed: confirmed.size, ...Object.fromEntries(figures), faults }));
    return Object.values(faults).every((list) => list.length === 0);
  } finally {
    const ended = once(demo.child, "exit");
    demo.child.kill("SIGTERM");
    await ended;
  }
}

const [kills = "20", ...options] = process.argv.slice(2);
process.exit((await main(Number(kills), options)) ? 0 : 1);
