import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { litestreamPath } from "../../src/cli/fetch-litestream.ts";
import { freePort } from "../support/free-port.ts";
import { eventually, getJson, processesNaming, statusOf } from "./demo-process.ts";

const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const START_LIMIT_MS = 60_000;
const pidsSchema = z.looseObject({ pids: z.looseObject({ app: z.int().nullable() }) });

/** `trader run` of a cluster of one board, with an environment of the test's own. */
export class LoneNode {
  readonly dir: string;
  readonly ports: { readonly app: number; readonly agent: number; readonly link: number };
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;

  private constructor(ports: LoneNode["ports"], env: NodeJS.ProcessEnv) {
    this.dir = mkdtempSync(join(tmpdir(), "trader-lone-"));
    this.ports = ports;
    this.#env = env;
  }

  /** Founds it; `run` starts it. */
  static async found(env: NodeJS.ProcessEnv): Promise<LoneNode> {
    const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
    const base = { PATH, HOME, NODE_COMPILE_CACHE, LITESTREAM_BIN: await litestreamPath(() => undefined) };
    const ports = { app: await freePort(), agent: await freePort(), link: await freePort() };
    const node = new LoneNode(ports, { ...base, ...env });
    const place = ["--name", "uno-a", "--host", "127.0.0.1", "--arbiter", "standalone", "--preset", "fast"];
    const { app, agent, link } = ports;
    const given = [`--app-port=${app}`, `--agent-port=${agent}`, `--link-port=${link}`];
    const init = node.trader("init", ...place, ...given);
    const [code] = await once(init, "close");
    if (code !== 0) throw new Error(`trader init ended with ${String(code)}: ${node.log()}`);
    return node;
  }

  /** Starts it; resolves when it leads and its ledger is open. */
  async run(): Promise<void> {
    this.#child = this.trader("run");
    await eventually("it leads", START_LIMIT_MS, async () => (await statusOf(this.ports.agent, "/primary")) === 200);
  }

  /** Ends the agent by this signal; resolves when everything of it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    }
    await eventually("its children are dead", 10_000, () => processesNaming(this.dir).length === 0);
  }

  /** Stops the agent where it is (SIGSTOP). */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  async appPid(): Promise<number | null> {
    return (await getJson(this.ports.agent, "/health", pidsSchema)).pids.app;
  }

  async remove(): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Starts a command of `trader` for this node; its output goes to `log`. */
  trader(command: string, ...args: readonly string[]): ChildProcess {
    const file = openSync(join(this.dir, "node.log"), "a");
    const argv = ["--pdeathsig", "KILL", "--", process.execPath, traderMain, command, "--data", join(this.dir, "data")];
    const child = spawn("setpriv", [...argv, ...args], { env: this.#env, stdio: ["ignore", file, file] });
    closeSync(file);
    return child;
  }

  log(): string {
    return readFileSync(join(this.dir, "node.log"), "utf8").split("\n").slice(-40).join("\n");
  }
}
