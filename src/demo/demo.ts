import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { presets } from "../../ha/core/timing.ts";
import { litestreamPath } from "../cli/fetch-litestream.ts";
import { watchAncestors } from "./ancestors.ts";
import { demoClock } from "./clock.ts";
import { openDataDir } from "./data-dir.ts";
import { DemoError, type DemoOptions } from "./options.ts";
import { startPair } from "./pair.ts";
import { type DemoPlan, type DemoSetting, planDemo } from "./plan.ts";
import { freeBasePort, takenPort } from "./ports.ts";
import { DemoProcesses } from "./processes.ts";
import { readyLine, waitUntilReady } from "./ready.ts";
import { showDemo } from "./show.ts";

/** How a demo came to its end; `reason` is null when somebody asked for it. */
type Ending = { readonly code: number; readonly reason: string | null };

type Stage = {
  readonly options: DemoOptions;
  readonly seed: number;
  readonly dataDir: string;
  readonly processes: DemoProcesses;
  /** Aborted when the demo ends. */
  readonly signal: AbortSignal;
  readonly quit: () => void;
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const SEED_MAX = 2 ** 31 - 1;
const FOREVER_MS = 2 ** 31 - 1;

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs the demo until somebody ends it; resolves with the exit code when nothing of it is left, throws likewise. */
export async function runDemo(options: DemoOptions): Promise<number> {
  if (!options.headless && !process.stdout.isTTY) {
    throw new DemoError("the live screen needs a terminal: add --headless, or run it in one.");
  }
  const ending = Promise.withResolvers<Ending>();
  const quit = (): void => ending.resolve({ code: 0, reason: null });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, quit);
  const unwatch = watchAncestors((reason) => ending.resolve({ code: 1, reason }));
  process.stderr.on("error", () => undefined);
  const over = new AbortController();
  const data = openDataDir(options.data);
  const log = pino({ level: "debug" }, pino.destination({ dest: join(data.path, "demo.log"), sync: true }));
  const processes = new DemoProcesses(data.path, ["node-a", "node-b"], log);
  try {
    const seed = options.seed ?? Math.floor(Math.random() * SEED_MAX);
    const stage: Stage = { options, seed, dataDir: data.path, processes, signal: over.signal, quit };
    const { code, reason } = await Promise.race([ending.promise, play(stage)]);
    if (reason !== null) progress(`trader: ${reason}; the demo ends with it.`);
    return code;
  } finally {
    over.abort();
    unwatch();
    await processes.killAll(process.pid);
    data.remove();
  }
}

/** The demo itself, from the first check on. Only a failure ends it from inside. */
async function play(stage: Stage): Promise<never> {
  const { options, seed, dataDir, processes, signal, quit } = stage;
  await litestreamPath(progress);
  const plan = await planWithPorts(stage);
  signal.throwIfAborted();
  progress(`Demo with seed ${seed} on ports ${plan.nodes[0].appPort} to ${plan.witness.port}, data in ${dataDir}`);
  await startPair(plan, processes, progress, signal);
  if (options.headless) {
    process.stdout.on("error", () => undefined);
    const snapshot = await waitUntilReady(plan, processes, progress, signal);
    process.stdout.write(`${JSON.stringify(readyLine(plan, snapshot, processes))}\n`);
  } else {
    const { leaseMs } = presets[options.preset];
    showDemo({ plan, processes, title: `Arduino Trader · demo · seed ${seed}`, leaseMs, signal, quit });
  }
  for (;;) await sleep(FOREVER_MS, undefined, { signal });
}

async function planWithPorts({ options, seed, dataDir }: Stage): Promise<DemoPlan> {
  const setting: Omit<DemoSetting, "basePort"> = {
    dataDir,
    preset: options.preset,
    acceptDuplicates: options.acceptDuplicates,
    clock: demoClock(seed, Date.now()),
    lifelinePid: process.pid,
    node: [process.execPath, ...process.execArgv],
    root,
  };
  const planAt = (basePort: number): DemoPlan => planDemo({ ...setting, basePort });
  if (options.basePort === null) return planAt(await freeBasePort(process.pid, (base) => planAt(base).ports));
  const plan = planAt(options.basePort);
  const taken = await takenPort(plan.ports);
  if (taken === null) return plan;
  throw new DemoError(`port ${taken.port}, for ${taken.use}, is in use: choose another --base-port, or leave it out.`);
}
