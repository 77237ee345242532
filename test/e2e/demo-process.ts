import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const count = z.int().positive();
const start = z.array(z.string()).min(3);
const service = z.strictObject({ pid: count, port: count, start });

const node = z.strictObject({
  name: z.string(),
  agentPid: count,
  appPid: count,
  litestreamPid: count,
  appPort: count,
  agentPort: count,
  dataDir: z.string(),
  start,
});

/** The one line of `trader demo --headless`. */
const readySchema = z.strictObject({
  ready: z.literal(true),
  nodes: z.tuple([node, node]),
  witness: service,
  exchange: service,
});
export type Ready = z.infer<typeof readySchema>;
export type ReadyNode = z.infer<typeof node>;

const launcher = fileURLToPath(new URL("../../src/cli/trader.js", import.meta.url));

/** A demo as a process: `child` is what was spawned, `output` what it and its launcher said on stderr. */
export type Demo = { readonly child: ChildProcess; readonly output: () => string };

/** Spawns `command` around `trader demo --headless`; it dies with this process. */
export function spawnDemo(
  args: readonly string[] = [],
  around: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Demo {
  const command = [...around, process.execPath, launcher, "demo", "--headless", ...args];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  return { child, output: () => stderr };
}

/** The ready line; throws when the demo ends before it. */
export async function ready(demo: Demo): Promise<Ready> {
  const { stdout } = demo.child;
  if (stdout === null) throw new Error("no stdout");
  const line = once(createInterface({ input: stdout }), "line").then(([text]) => String(text));
  const ended = once(demo.child, "exit").then(([code]) => {
    throw new Error(`the demo ended with code ${code}: ${demo.output()}`);
  });
  ended.catch(() => undefined);
  return readySchema.parse(JSON.parse(await Promise.race([line, ended])));
}

/** Asks again until it is true; throws with the name after the limit. */
export async function eventually(
  what: string,
  limitMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}

/** Status of a GET on loopback; null when nobody answers. */
export async function statusOf(port: number, path: string): Promise<number | null> {
  try {
    return (await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(1_000) })).status;
  } catch {
    return null;
  }
}

/** JSON of a GET on loopback, parsed; throws when it is not what was expected. */
export async function getJson<T>(port: number, path: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(3_000) });
  return schema.parse(await response.json());
}

/** Whether a process runs; one that is dead and not reaped does not. */
export function runs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Every process that the ready line names. */
export function pidsOf(ready: Ready): number[] {
  const nodes = ready.nodes.flatMap(({ agentPid, appPid, litestreamPid }) => [agentPid, appPid, litestreamPid]);
  return [...nodes, ready.witness.pid, ready.exchange.pid];
}

/** Every port of a demo that listens for TCP. */
export const portsOf = (ready: Ready): number[] => [
  ...ready.nodes.flatMap(({ appPort, agentPort }) => [appPort, agentPort, agentPort + 1]),
  ready.exchange.port,
];

/** A process with its command line. */
export type Found = { readonly pid: number; readonly argv: readonly string[] };

/** Every living process whose command line names this directory. */
export function processesNaming(directory: string): readonly Found[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return argv.some((word) => word.includes(directory)) && runs(Number(name)) ? [{ pid: Number(name), argv }] : [];
    } catch {
      return [];
    }
  });
}
