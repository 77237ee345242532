import { cpSync, renameSync, rmSync } from "node:fs";
import { z } from "zod";
import { eventually } from "./demo-process.ts";
import type { NetPair } from "./net-pair.ts";
import { processesNaming, traderArgv } from "./net-setting.ts";

/** What a pair of the suite is given back: data directories that were kept, copied or swapped, on any of its machines. */

const AGENT_PORT = 8008;
const LIMIT_MS = 30_000;
const saidSchema = z.looseObject({
  role: z.string(),
  reasons: z.array(z.string()),
  counters: z.record(z.string(), z.int()),
});
type Said = z.infer<typeof saidSchema>;

/** Runs what is in the directory of this name, on this machine. */
export const runOn = (pair: NetPair, machine: string, name: string): void =>
  void pair.spawn(pair.net.machine(machine), `${name}-on-${machine}`, traderArgv("run", "--data", pair.dataDir(name)));

/** Starts the witness with the directory that it has. */
export const runWitness = (pair: NetPair): void =>
  void pair.spawn(pair.net.machine("witness"), "witness", traderArgv("witness", "--data", pair.dataDir("witness")));

/** SIGKILL of whatever runs in the directory of this name; resolves when it is gone. */
export async function end(pair: NetPair, name: string): Promise<void> {
  for (const pid of processesNaming(pair.dataDir(name))) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It died with its agent.
    }
  }
  await eventually(`nothing runs in ${name}`, 10_000, () => processesNaming(pair.dataDir(name)).length === 0);
}

/** Copies a directory while somebody may run in it, as a backup is made; not its sockets and process ids. */
export function copy(pair: NetPair, from: string, to: string): void {
  const run = `${pair.dataDir(from)}/run`;
  remove(pair, to);
  cpSync(pair.dataDir(from), pair.dataDir(to), { recursive: true, filter: (path) => path !== run });
}

export function move(pair: NetPair, from: string, to: string): void {
  remove(pair, to);
  renameSync(pair.dataDir(from), pair.dataDir(to));
}

export const remove = (pair: NetPair, name: string, inside = ""): void =>
  rmSync(`${pair.dataDir(name)}/${inside}`, { recursive: true, force: true });

/** Waits until the agent on this machine says a reason that matches; resolves with all that it said. */
export async function says(pair: NetPair, machine: string, what: RegExp): Promise<Said> {
  let said: Said | null = null;
  const hears = async (): Promise<boolean> => {
    const { status, text } = await pair.inside(machine).ask("GET", `http://127.0.0.1:${AGENT_PORT}/health`);
    said = status === null ? null : saidSchema.parse(JSON.parse(text));
    return said?.reasons.some((reason) => what.test(reason)) ?? false;
  };
  try {
    await eventually(`${machine} says ${String(what)}`, LIMIT_MS, hears);
  } catch (cause) {
    throw new Error(`${machine} said ${JSON.stringify(said)}`, { cause });
  }
  return saidSchema.parse(said);
}
