import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { z } from "zod";
import { type Child, spawnChild } from "../../ha/io/child.ts";
import { readPidFiles } from "../../ha/io/pid-file.ts";
import { identify, isRunning, type ProcessIdentity } from "../../ha/io/proc.ts";
import { parseOrNull } from "./json.ts";
import { DemoError } from "./options.ts";

type Started = { readonly child: Child; readonly lines: string[]; ended: boolean };

const LINES_KEPT = 30;
const ONCE_LIMIT_MS = 60_000;
const GONE_LIMIT_MS = 5_000;
const LOOK_EVERY_MS = 10;
/** A process has no arguments for a moment while it becomes another program (setpriv the node): one look may miss it. */
const QUIET_LOOKS = 3;

/** The processes of a demo; they die with it, however it ends. */
export class DemoProcesses {
  readonly #runDir: string;
  readonly #log: Logger;
  readonly #started = new Map<string, Started>();
  readonly #agentDirs: readonly string[];
  #over = false;

  /** `nodes` are the folders in `dataDir` whose agents keep pid files of their own children. */
  constructor(dataDir: string, nodes: readonly string[], log: Logger) {
    this.#runDir = join(dataDir, "run");
    this.#agentDirs = nodes.map((name) => join(dataDir, name));
    this.#log = log;
    mkdirSync(this.#runDir, { recursive: true, mode: 0o700 });
  }

  /** Starts a process that runs on. */
  start(name: string, argv: readonly string[]): void {
    this.#spawn(name, argv);
  }

  /** Process id of what was started under the name; null when nothing was. */
  pidOf(name: string): number | null {
    return this.#started.get(name)?.child.pid ?? null;
  }

  /** Whether a process that this demo started under the name runs. */
  runs(name: string): boolean {
    const started = this.#started.get(name);
    return started !== undefined && !started.ended;
  }

  /** Throws with the last words of a process that has ended. */
  assertRuns(name: string): void {
    const started = this.#started.get(name);
    if (started?.ended) throw new DemoError(`${name} ended at its start: ${lastWords(started.lines)}`);
  }

  /** Runs a command to its end and gives the lines that it printed; throws with its last words when it failed. */
  async once(name: string, argv: readonly string[]): Promise<readonly string[]> {
    const started = this.#spawn(name, argv);
    const timer = setTimeout(() => void started.child.kill(), ONCE_LIMIT_MS);
    const { code } = await started.child.exited;
    clearTimeout(timer);
    this.#started.delete(name);
    // The last lines may come after the exit.
    await sleep(0);
    if (code !== 0) throw new DemoError(`${name} failed: ${lastWords(started.lines)}`);
    return started.lines;
  }

  /** SIGKILL to everything that belongs to this demo, what was started again by hand included; resolves when it is gone. */
  async killAll(lifelinePid: number): Promise<void> {
    this.#over = true;
    const found = this.#agentDirs.flatMap((dir) => readPidFiles(join(dir, "run"))).map(({ identity }) => identity);
    const ours = [...this.#started.values()].map(({ child }) =>
      child.kill().catch((error: unknown) => this.#complain(error)),
    );
    let left: readonly ProcessIdentity[] = [];
    let quietLooks = 0;
    for (let waitedMs = 0; waitedMs < GONE_LIMIT_MS; waitedMs += LOOK_EVERY_MS) {
      left = [...byLifeline(lifelinePid), ...found].filter(isRunning);
      for (const identity of left) killOne(identity);
      quietLooks = left.length === 0 ? quietLooks + 1 : 0;
      if (quietLooks === QUIET_LOOKS) break;
      await sleep(LOOK_EVERY_MS);
    }
    await Promise.all(ours);
    if (left.length > 0) this.#log.error({ pids: left.map(({ pid }) => pid) }, "some processes survive SIGKILL");
  }

  #complain(error: unknown): void {
    this.#log.error({ err: error }, "a process could not be ended");
  }

  #spawn(name: string, argv: readonly string[]): Started {
    if (this.#over) throw new Error("the demo has ended");
    const [command, ...args] = argv;
    if (command === undefined) throw new Error(`the command of ${name} is empty`);
    const lines: string[] = [];
    const child = spawnChild({
      name,
      command,
      args,
      env: process.env,
      ipc: false,
      runDir: this.#runDir,
      log: this.#log,
      onLine: (line) => {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
      },
    });
    const started: Started = { child, lines, ended: false };
    this.#started.set(name, started);
    void child.exited.then(() => {
      started.ended = true;
    });
    return started;
  }
}

/** Processes of this user that were told to end with `pid`, whoever started them. */
function byLifeline(pid: number): ProcessIdentity[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      const at = argv.indexOf("--lifeline");
      const identity = at >= 0 && argv[at + 1] === String(pid) ? identify(Number(name)) : null;
      return identity === null ? [] : [identity];
    } catch {
      return [];
    }
  });
}

function killOne(identity: ProcessIdentity): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    // Gone by itself, which is as good.
  }
}

const logEntry = z.object({ msg: z.string(), err: z.object({ message: z.string().optional() }).optional() });

/** What a process said last that tells a person something: its log's message, or its last line as it is. */
export function lastWords(lines: readonly string[]): string {
  const last = lines.at(-1);
  if (last === undefined) return "it said nothing";
  const entry = z.preprocess(parseOrNull, logEntry).safeParse(last).data;
  if (entry === undefined) return last.replace(/^trader: /, "");
  return [entry.msg, entry.err?.message].filter((part) => part !== undefined).join(": ");
}
