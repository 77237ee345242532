import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Demo, Ready, ReadyNode } from "./demo-process.ts";
import { eventually, getJson, ready, runs, spawnDemo, statusOf } from "./demo-process.ts";

const pid = z.int();
const healthSchema = z.looseObject({
  node: z.string(),
  role: z.string(),
  epoch: z.int(),
  inSync: z.array(z.string()),
  reasons: z.array(z.string()),
  appNotes: z.array(z.string()),
  position: z.object({ epoch: z.int(), txid: z.int() }),
  pids: z.object({ agent: pid, link: pid.nullable(), app: pid.nullable(), litestream: pid.nullable() }),
});
export type Health = z.infer<typeof healthSchema>;

const probeAnswer = z.object({ n: z.int(), confirmed: z.boolean(), epoch: z.int() });
const probeRows = z.array(z.object({ n: z.int(), value: z.string() }));
const displaySchema = z.looseObject({ drawn_by: z.object({ node: z.string(), epoch: z.int() }) });

/** What a command of `trader` printed and how it ended. */
export type CommandResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const PROBE_LIMIT_MS = 12_000;
const PROTECTED_LIMIT_MS = 60_000;
const COMMAND_LIMIT_MS = 60_000;
const LOG_LINES = 40;
const LOG_CHARS = 400;

/** A demo's two nodes as they look and answer from outside, with a memory of every probe that was confirmed. */
export class Pair {
  readonly line: Ready;
  /** Value of each confirmed probe by its number. */
  readonly confirmed = new Map<number, string>();
  readonly #demo: Demo;
  readonly #byHand: { readonly name: string; readonly child: ChildProcess }[] = [];
  #written = 0;

  private constructor(demo: Demo, line: Ready) {
    this.#demo = demo;
    this.line = line;
  }

  /** Starts `trader demo --headless` with these arguments; resolves when the pair is protected and trades. */
  static async start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Pair> {
    const demo = spawnDemo(args, [], env);
    try {
      return new Pair(demo, await ready(demo));
    } catch (error) {
      demo.child.kill("SIGKILL");
      throw error;
    }
  }

  /** SIGTERM, and SIGKILL when it does not end; nothing that was started through this object stays behind. */
  async stop(): Promise<void> {
    const { child } = this.#demo;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    }
    for (const each of this.#byHand) each.child.kill("SIGKILL");
  }

  other(node: ReadyNode): ReadyNode {
    const [a, b] = this.line.nodes;
    return node === a ? b : a;
  }

  health(node: ReadyNode): Promise<Health> {
    return getJson(node.agentPort, "/health", healthSchema);
  }

  /** The node that answers 200 on `/primary`; waits for it. */
  async primary(limitMs = PROTECTED_LIMIT_MS): Promise<ReadyNode> {
    let found: ReadyNode | null = null;
    await eventually("a node answers 200 on /primary", limitMs, async () => {
      const { exitCode, signalCode } = this.#demo.child;
      if (exitCode !== null || signalCode !== null) throw new Error(`the demo has ended (${exitCode ?? signalCode})`);
      for (const node of this.line.nodes) if ((await statusOf(node.agentPort, "/primary")) === 200) found = node;
      return found !== null;
    });
    if (found === null) throw new Error("no primary");
    return found;
  }

  /** Waits until both nodes say that the pair is protected. */
  async protected(): Promise<{ readonly primary: ReadyNode; readonly standby: ReadyNode }> {
    let primary = await this.primary();
    await eventually("the pair is protected", PROTECTED_LIMIT_MS, async () => {
      primary = await this.primary();
      const standby = this.other(primary);
      return (
        (await statusOf(primary.agentPort, "/cluster")) === 200 &&
        (await statusOf(standby.agentPort, "/standby")) === 200
      );
    });
    return { primary, standby: this.other(primary) };
  }

  /** Writes one probe; remembers it when it was confirmed. Null: nobody answered, or it was refused. */
  async probe(node: ReadyNode): Promise<{ readonly value: string; readonly confirmed: boolean } | null> {
    this.#written += 1;
    const value = `probe-${this.#written}`;
    try {
      const response = await fetch(`http://127.0.0.1:${node.appPort}/api/probe`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ value }),
        signal: AbortSignal.timeout(PROBE_LIMIT_MS),
      });
      const answer = probeAnswer.safeParse(await response.json()).data;
      if (answer === undefined) return null;
      if (answer.confirmed) this.confirmed.set(answer.n, value);
      return { value, confirmed: answer.confirmed };
    } catch {
      return null;
    }
  }

  /** Writes probes one after the other until one is confirmed. */
  async confirmedProbe(node: ReadyNode, limitMs: number): Promise<void> {
    await eventually(
      `${node.name} confirms a probe`,
      limitMs,
      async () => (await this.probe(node))?.confirmed === true,
    );
  }

  /** The probes that this node's ledger holds. */
  probes(node: ReadyNode): Promise<z.infer<typeof probeRows>> {
    return getJson(node.appPort, "/api/probe", probeRows);
  }

  /** Who draws this node's LED display. */
  async drawnBy(node: ReadyNode): Promise<{ readonly node: string; readonly epoch: number }> {
    return (await getJson(node.appPort, "/api/status/led/display", displaySchema)).drawn_by;
  }

  /** SIGKILL to every process of a node at once; resolves with the instant of the first when all are gone. */
  async killWhole(node: ReadyNode): Promise<number> {
    const { pids } = await this.health(node);
    const all = Object.values(pids).filter((each) => each !== null);
    const killedMs = performance.now();
    for (const each of all) killQuietly(each);
    await eventually(`${node.name} is dead`, 10_000, () => all.every((each) => !runs(each)));
    return killedMs;
  }

  /** Starts a dead node again by the command line of the ready line, with `more` and nothing of the demo's environment. */
  start(node: ReadyNode, more: Readonly<Record<string, string>> = {}): void {
    const [command = "", ...args] = node.start;
    const { PATH, HOME, LITESTREAM_BIN, TRADER_CACHE, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, HOME, LITESTREAM_BIN, TRADER_CACHE, NODE_COMPILE_CACHE, ...more };
    const log = openSync(this.logs(node.name)[1], "a");
    const argv = ["--pdeathsig", "KILL", "--", command, ...args];
    const child = spawn("setpriv", argv, { cwd: "/", env, stdio: ["ignore", log, log] });
    closeSync(log);
    this.#byHand.push({ name: node.name, child });
  }

  /** Runs a command of `trader` for this node. */
  async trader(node: ReadyNode, command: string, ...args: readonly string[]): Promise<CommandResult> {
    const argv = [traderMain, command, ...args, "--data", node.dataDir];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"], timeout: COMMAND_LIMIT_MS });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const [code] = await once(child, "close");
    return { code: typeof code === "number" ? code : null, stdout, stderr };
  }

  /** The newest lines of everybody's log, for a failure's report. */
  logTails(): string {
    const { exitCode, signalCode } = this.#demo.child;
    const said = `== the demo (${exitCode ?? signalCode ?? "runs"})\n${this.#demo.output().slice(-1_000)}`;
    const files = new Set(this.line.nodes.flatMap(({ name }) => this.logs(name)));
    return [said, ...[...files].map((file) => `== ${file}\n${tail(file)}`)].join("\n");
  }

  /** Files with what the node logged: as a part of the demo, and since it was started by hand. */
  logs(name: string): readonly [string, string] {
    const folder = dirname(this.line.nodes[0].dataDir);
    return [join(folder, "demo.log"), join(folder, `${name}-by-hand.log`)];
  }
}

/** SIGKILL; a process that is gone already is as good. */
export function killQuietly(each: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(each, signal);
  } catch {
    // Gone by itself.
  }
}

/** Ten probes a second at whoever `target` names, whether or not the earlier ones are answered. */
export class Load {
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<unknown>>();
  confirmed = 0;
  sent = 0;

  constructor(pair: Pair, target: () => ReadyNode) {
    this.#timer = setInterval(() => {
      this.sent += 1;
      const answer = pair.probe(target()).then((outcome) => {
        if (outcome?.confirmed === true) this.confirmed += 1;
      });
      this.#underWay.add(answer);
      void answer.finally(() => this.#underWay.delete(answer));
    }, 100);
  }

  /** Resolves when the last probe was answered, or its connection was lost. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.#underWay);
  }
}

function tail(file: string): string {
  if (!existsSync(file)) return "(none)";
  const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(-LOG_LINES);
  return lines.map((text) => readable(text).slice(0, LOG_CHARS)).join("\n");
}

const logLine = z.looseObject({
  time: z.union([z.number(), z.string()]).optional(),
  msg: z.string(),
  child: z.string().optional(),
  name: z.string().optional(),
});

/** A line of a log without what every line has; those of children are lines within lines. */
function readable(text: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch {
    return text;
  }
  const line = logLine.safeParse(entry);
  if (!line.success) return text;
  const { time, msg, level: _level, pid: _pid, hostname: _hostname, stream: _stream, child, name, ...rest } = line.data;
  if (msg.startsWith("{")) return `${child ?? ""} ${readable(msg)}`;
  const at = time === undefined ? "" : new Date(time).toISOString().slice(11, 23);
  const details = Object.keys(rest).length === 0 ? "" : ` ${JSON.stringify(rest)}`;
  return [at, child ?? name ?? "", msg].filter((part) => part !== "").join(" ") + details;
}

/** Waits for a while that is part of what is tested: a moment of the cycle, or that something stays as it is. */
export const pass = (ms: number): Promise<void> => sleep(ms);
