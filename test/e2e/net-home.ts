import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { litestreamPath } from "../../src/cli/fetch-litestream.ts";
import { parseToken } from "../../ha/io/tokens.ts";
import { eventually } from "./demo-process.ts";
import { InsideAgent, commandOn } from "./net-agent.ts";
import { Net } from "./net-namespaces.ts";
import { processesNaming, tail } from "./net-setting.ts";
import { killQuietly } from "./pair.ts";

/** Kills every process that names this folder, and waits for their end. */
async function killNaming(folder: string): Promise<void> {
  for (const pid of processesNaming(folder)) killQuietly(pid);
  await eventually(`nothing runs below ${folder}`, 10_000, () => processesNaming(folder).length === 0);
}

/** How a command ended; `text` is everything that it said. */
export type Ended = { readonly code: number; readonly text: string };

const launcher = fileURLToPath(new URL("../../src/cli/trader.js", import.meta.url));
const COMMAND_LIMIT_MS = 60_000;
const AGENT_PORT = 8008;

/**
 * Machines on which commands of the documents are typed as they stand there: each with the address that the documents
 * give it, a home of its own for `~`, and an `npx` and `sudo` that need no network and no other user.
 */
export class Homes {
  readonly net: Net;
  /** What was typed, as it stands in the documents. */
  readonly typed: string[] = [];
  readonly #dir: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #inside = new Map<string, InsideAgent>();
  readonly #running: ChildProcess[] = [];
  readonly #tokens = new Map<string, string>();

  private constructor(net: Net, dir: string, env: NodeJS.ProcessEnv) {
    this.net = net;
    this.#dir = dir;
    this.#env = env;
  }

  /** `addresses` by machine; the one called gateway is everybody's default route. */
  static async make(addresses: Readonly<Record<string, string>>, more: NodeJS.ProcessEnv = {}): Promise<Homes> {
    const dir = mkdtempSync(join(tmpdir(), "trader-home-"));
    const tools = join(dir, "tools");
    mkdirSync(tools);
    writeFileSync(join(tools, "npx"), `#!/bin/sh\nshift\nexec ${process.execPath} ${launcher} "$@"\n`, { mode: 0o755 });
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const binary = await litestreamPath(() => undefined);
    writeFileSync(join(tools, "litestream"), `#!/bin/sh\nexec ${binary} "$@"\n`, { mode: 0o755 });
    const net = new Net(Object.keys(addresses));
    // There is no way out of these machines: what is fetched at the first need is fetched here.
    const env = { PATH: `${tools}:${PATH ?? ""}`, NODE_COMPILE_CACHE, LITESTREAM_BIN: binary, ...more };
    const homes = new Homes(net, dir, env);
    for (const [name, address] of Object.entries(addresses)) {
      mkdirSync(homes.home(name));
      net.moveTo(name, address);
      if (name !== "gateway" && addresses["gateway"] !== undefined) net.routeBy(name, addresses["gateway"]);
    }
    return homes;
  }

  home(name: string): string {
    return join(this.#dir, name);
  }

  get folder(): string {
    return this.#dir;
  }

  /** The newest token of this kind that any command printed. */
  token(kind: "node" | "witness"): string {
    const found = this.#tokens.get(kind);
    if (found === undefined) throw new Error(`nobody printed a token for a ${kind}`);
    return found;
  }

  /** Types a line of a document on a machine, with the newest token for TOKEN, and waits for its end; `reply` answers its question. */
  async type(name: string, line: string, env: NodeJS.ProcessEnv = {}, reply?: string): Promise<Ended> {
    // A question is asked on a terminal only.
    const typed =
      reply === undefined ? this.#spelled(name, line) : `script -qec '${this.#spelled(name, line)}' /dev/null`;
    const child = this.#spawn(name, typed, ["pipe", "pipe", "pipe"], env);
    let text = "";
    child.stdout?.on("data", (chunk) => {
      const asked = /\[y\/N\] |to agree: /.test(text);
      text += String(chunk);
      if (!asked && /\[y\/N\] |to agree: /.test(text)) child.stdin?.write(`${reply ?? ""}\n`);
    });
    if (reply === undefined) child.stdin?.end();
    child.stderr?.on("data", (chunk) => (text += String(chunk)));
    const late = setTimeout(() => child.kill("SIGKILL"), COMMAND_LIMIT_MS);
    const [code] = await once(child, "close");
    clearTimeout(late);
    for (const [token] of text.matchAll(/at1\.[\w-]+/g)) {
      const role = parseToken(token)?.role;
      if (role !== undefined) this.#tokens.set(role, token);
    }
    return { code: typeof code === "number" ? code : -1, text };
  }

  /** Types a line that goes on until the suite ends; what it says goes to a log. */
  start(name: string, line: string): ChildProcess {
    const log = openSync(this.log(name), "a");
    const child = this.#spawn(name, `exec ${this.#spelled(name, line)}`, ["ignore", log, log], {});
    closeSync(log);
    this.#running.push(child);
    return child;
  }

  log(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  /** Status of the health endpoint of a machine's own node; null when nobody answers. */
  async status(name: string, path: string): Promise<number | null> {
    return (await this.inside(name).ask("GET", `http://127.0.0.1:${AGENT_PORT}${path}`)).status;
  }

  answers(name: string, path: string, limitMs: number): Promise<void> {
    return eventually(`${name} answers 200 on ${path}`, limitMs, async () => (await this.status(name, path)) === 200);
  }

  inside(name: string): InsideAgent {
    const found = this.#inside.get(name) ?? new InsideAgent(this.net.machine(name));
    this.#inside.set(name, found);
    return found;
  }

  /** Pulls the plug of a machine: everything of it dies at once. */
  async kill(name: string): Promise<void> {
    await killNaming(`${this.home(name)}/`);
  }

  async stop(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    for (const agent of this.#inside.values()) await agent.stop();
    await killNaming(this.#dir);
    this.net.remove();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  logTails(lines = 30): string {
    return readdirSync(this.#dir)
      .filter((name) => name.endsWith(".log"))
      .map((name) => `== ${name}\n${tail(join(this.#dir, name), lines)}`)
      .join("\n");
  }

  #spelled(name: string, line: string): string {
    this.typed.push(line);
    return line
      .replace(/\bTOKEN\b/, () => this.token(line.includes("witness") ? "witness" : "node"))
      .replace(/\bEPOCH\b/, () => String(Math.max(...this.#received(name))));
  }

  /** Epochs of which this machine's node has received something. */
  #received(name: string): readonly number[] {
    return readdirSync(join(this.home(name), "trader", "replica", "e"))
      .map(Number)
      .filter(Number.isFinite);
  }

  #spawn(
    name: string,
    line: string,
    stdio: ["ignore" | "pipe", "pipe" | number, "pipe" | number],
    env: NodeJS.ProcessEnv,
  ): ChildProcess {
    const { command, args } = commandOn(this.net.machine(name), ["sh", "-c", line]);
    return spawn(command, args, { cwd: this.home(name), env: { ...this.#env, HOME: this.home(name), ...env }, stdio });
  }
}
