import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { litestreamPath } from "../../src/cli/fetch-litestream.ts";
import { eventually } from "./demo-process.ts";
import { InsideAgent, commandOn, primaryViolations } from "./net-agent.ts";
import { Net } from "./net-namespaces.ts";
import type { Machine } from "./net-namespaces.ts";
import { exchangeAt, processesNaming, tail, thirdOf, traderArgv } from "./net-setting.ts";
import type { NetArbiter, NetPairSetting } from "./net-setting.ts";

const pid = z.int().nullable();
const healthSchema = z.looseObject({
  node: z.string(),
  role: z.string(),
  epoch: z.int(),
  inSync: z.array(z.string()),
  reasons: z.array(z.string()),
  protection: z.string(),
  limits: z.string(),
  history: z.array(z.looseObject({ text: z.string() })),
  peer: z.looseObject({ reachable: z.boolean() }).nullable(),
  arbiter: z.looseObject({ reachable: z.boolean() }).nullable(),
  counters: z.record(z.string(), z.int()),
  pids: z.object({ agent: pid, link: pid, app: pid, litestream: pid }),
});
export type NetHealth = z.infer<typeof healthSchema>;

const initSchema = z.object({ nodeToken: z.string(), witnessToken: z.string().nullable() });
const probeAnswer = z.object({ n: z.int(), confirmed: z.boolean() });
const probeRows = z.array(z.object({ n: z.int(), value: z.string() }));

export type NodeName = "uno-a" | "uno-b";
const nodeNames = ["uno-a", "uno-b"] as const;
const APP_PORT = 8000;
const AGENT_PORT = 8008;
const COMMAND_LIMIT_MS = 30_000;
const START_LIMIT_MS = 60_000;
const PROBE_LIMIT_MS = 12_000;

/** `trader` of real data directories on machines of the suite: two nodes, what its arbiter needs, and further machines. */
export class NetPair {
  readonly net: Net;
  /** Value of each confirmed probe by its number. */
  readonly confirmed = new Map<number, string>();
  readonly #dir: string;
  readonly #inside = new Map<string, InsideAgent>();
  readonly #running: ChildProcess[] = [];
  readonly #nodes = new Map<NodeName, ChildProcess>();
  readonly #arbiter: NetArbiter;
  #exchange: ReturnType<typeof exchangeAt> | null = null;
  #env: NodeJS.ProcessEnv = {};
  #written = 0;

  private constructor(net: Net, dir: string, arbiter: NetArbiter) {
    this.net = net;
    this.#arbiter = arbiter;
    this.#dir = dir;
  }

  /** Founds, joins and runs everything by the commands of the README; resolves when the pair is protected. */
  static start(preset: NetPairSetting["preset"] = "default", more: readonly string[] = []): Promise<NetPair> {
    return NetPair.make({ preset, more });
  }

  static async make(setting: NetPairSetting): Promise<NetPair> {
    const { arbiter = "witness", more = [] } = setting;
    const net = new Net([...nodeNames, ...thirdOf[arbiter], ...more]);
    const pair = new NetPair(net, mkdtempSync(join(tmpdir(), "trader-net-")), arbiter);
    try {
      await pair.#found(setting);
      await pair.healed(START_LIMIT_MS);
      return pair;
    } catch (error) {
      const logs = pair.logTails();
      await pair.stop();
      throw new Error(`the pair did not come up\n${logs}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    for (const agent of this.#inside.values()) await agent.stop();
    // The children of a killed agent die with it, a moment later.
    await eventually("everything on the machines has ended", 10_000, () => processesNaming(this.#dir).length === 0);
    this.net.remove();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  dataDir(name: string): string {
    return join(this.#dir, name);
  }

  /** File with what a member logged. */
  log(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  /** Asks from within the node's own machine; null when there is no answer. */
  async health(name: NodeName): Promise<NetHealth | null> {
    const { status, text } = await this.inside(name).ask("GET", `http://127.0.0.1:${AGENT_PORT}/health`);
    return status === null ? null : healthSchema.parse(JSON.parse(text));
  }

  async status(name: NodeName, path: string): Promise<number | null> {
    return (await this.inside(name).ask("GET", `http://127.0.0.1:${AGENT_PORT}${path}`)).status;
  }

  /** Who answers 200 on `/primary` now; null: nobody does. */
  async leader(): Promise<NodeName | null> {
    for (const name of nodeNames) if ((await this.status(name, "/primary")) === 200) return name;
    return null;
  }

  /** Waits until both nodes say that the pair is protected; resolves with who leads. */
  async healed(limitMs = 30_000): Promise<NodeName> {
    let leads: NodeName | null = null;
    await eventually("the pair is protected", limitMs, async () => {
      leads = await this.leader();
      if (leads === null) return false;
      const standby = other(leads);
      // By hand is never protected.
      const whole = this.#arbiter === "manual" ? "/primary" : "/cluster";
      return (await this.status(leads, whole)) === 200 && (await this.status(standby, "/standby")) === 200;
    });
    if (leads === null) throw new Error("nobody leads");
    return leads;
  }

  /** Writes one probe at this node's own app; remembers it when it was confirmed. */
  async probe(name: NodeName): Promise<"confirmed" | "unconfirmed" | "refused"> {
    this.#written += 1;
    const value = `probe-${this.#written}`;
    const url = `http://127.0.0.1:${APP_PORT}/api/probe`;
    const { status, text } = await this.inside(name).ask("POST", url, { value }, PROBE_LIMIT_MS);
    if (status !== 200 && status !== 202) return "refused";
    const { n, confirmed } = probeAnswer.parse(JSON.parse(text));
    if (confirmed) this.confirmed.set(n, value);
    return confirmed ? "confirmed" : "unconfirmed";
  }

  /** Writes probes at this node until one is confirmed. */
  confirmedProbe(name: NodeName, limitMs = 15_000): Promise<void> {
    return eventually(`${name} confirms a probe`, limitMs, async () => (await this.probe(name)) === "confirmed");
  }

  /** Confirmed probes that this node, which leads, does not hold as they were confirmed. */
  async lostProbes(name: NodeName): Promise<string[]> {
    const { text } = await this.inside(name).ask("GET", `http://127.0.0.1:${APP_PORT}/api/probe`);
    const rows = new Map(probeRows.parse(JSON.parse(text)).map(({ n, value }) => [n, value]));
    return [...this.confirmed]
      .filter(([n, value]) => rows.get(n) !== value)
      .map(([n, value]) => `probe ${n} (${value}) is ${rows.get(n) ?? "missing"} on ${name}`);
  }

  /** Two primaries at one time, as far as the looks from within show. */
  violations(): string[] {
    return primaryViolations(new Map(nodeNames.map((name) => [name, this.inside(name).samples])));
  }

  /** When this node first led in an epoch above `epoch`, on the host's clock; null while it has not. */
  ledSinceMs(name: NodeName, epoch: number): number | null {
    return this.inside(name).samples.find((look) => look.leads && look.epoch > epoch)?.heardMs ?? null;
  }

  /** What the node has set aside. */
  attic(name: NodeName): string[] {
    const folder = join(this.dataDir(name), "attic");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  inside(name: string): InsideAgent {
    const found = this.#inside.get(name);
    if (found !== undefined) return found;
    const isNode = name === "uno-a" || name === "uno-b";
    const agent = new InsideAgent(this.net.machine(name), isNode ? AGENT_PORT : 0);
    this.#inside.set(name, agent);
    return agent;
  }

  /** Runs a command of `trader` for this node on its machine; rejects when it fails. */
  trader(name: NodeName, command: string, ...args: readonly string[]): Promise<string> {
    return this.command(this.net.machine(name), traderArgv(command, "--data", this.dataDir(name), ...args));
  }

  /** Runs a command on a machine to its end; rejects when it fails. */
  async command(on: Machine, argv: readonly string[], limitMs = COMMAND_LIMIT_MS): Promise<string> {
    const { command, args } = commandOn(on, argv);
    const child = spawn(command, args, { env: this.#env, stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${String(code)}: ${stderr}${stdout}`);
    return stdout;
  }

  /** SIGKILL of the node's agent, with which all that it started dies; resolves when nothing of it runs any more. */
  async kill(name: NodeName): Promise<void> {
    this.#nodes.get(name)?.kill("SIGKILL");
    await eventually(`${name} is dead`, 10_000, () => processesNaming(this.dataDir(name)).length === 0);
  }

  /** Starts a node, or starts it again. */
  run(name: NodeName): void {
    const sentTo = this.#exchange?.runArgs ?? [];
    const argv = traderArgv("run", "--data", this.dataDir(name), ...sentTo);
    this.#nodes.set(name, this.spawn(this.net.machine(name), name, argv));
  }

  /** The exchange goes down, and comes back with its book and other manners. */
  async exchangeAnew(...args: readonly string[]): Promise<void> {
    const exchange = this.#exchange;
    if (exchange === null) throw new Error("this pair has no exchange");
    for (const pid of processesNaming(exchange.dataDir)) process.kill(pid, "SIGTERM");
    await eventually("the exchange is down", 10_000, () => processesNaming(exchange.dataDir).length === 0);
    this.spawn(this.net.machine("gateway"), "exchange", [...exchange.start, ...args]);
    const answers = async (): Promise<boolean> =>
      (await this.inside("gateway").ask("GET", `${exchange.url}/journal`)).status === 200;
    await eventually("the exchange answers", START_LIMIT_MS, answers);
  }

  /** Every attempt of an order that reached the exchange. */
  async journal(): Promise<unknown> {
    return JSON.parse((await this.inside("gateway").ask("GET", `${this.#exchange?.url ?? ""}/journal`)).text);
  }

  /** Starts a program on a machine that runs until the pair is stopped; its output goes to a log of this name. */
  spawn(on: Machine, log: string, argv: readonly string[]): ChildProcess {
    const { command, args } = commandOn(on, argv);
    const file = openSync(this.log(log), "a");
    const child = spawn(command, args, { cwd: "/", env: this.#env, stdio: ["ignore", file, file] });
    closeSync(file);
    this.#running.push(child);
    return child;
  }

  /** The newest lines of everybody's log, for a failure's report. */
  logTails(lines = 30): string {
    return readdirSync(this.#dir)
      .filter((name) => name.endsWith(".log"))
      .map((name) => `== ${name}\n${tail(join(this.#dir, name), lines)}`)
      .join("\n");
  }

  async #found({ preset = "default", exchange = false, prepare }: NetPairSetting): Promise<void> {
    const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
    // There is no way out of these machines: what is fetched at the first need is fetched here.
    this.#env = { PATH, HOME, NODE_COMPILE_CACHE, LITESTREAM_BIN: await litestreamPath(() => undefined) };
    if (exchange) {
      const gateway = this.net.machine("gateway");
      this.#exchange = exchangeAt(gateway.address, this.dataDir("exchange"));
      this.spawn(gateway, "exchange", this.#exchange.start);
    }
    prepare?.(this);
    const place = (name: string): string[] => ["--name", name, "--host", this.net.machine(name).address];
    const [founder, joiner] = nodeNames;
    const a = this.net.machine(founder);
    const targets = this.#arbiter === "reachability" ? ["--target", this.net.machine("gateway").address] : [];
    const shape = ["--preset", preset, "--arbiter", this.#arbiter, ...targets, ...(this.#exchange?.initArgs ?? [])];
    const options = ["--data", this.dataDir(founder), ...shape, "--json"];
    const founded = await this.command(a, traderArgv("init", ...place(founder), ...options));
    const { nodeToken, witnessToken } = initSchema.parse(JSON.parse(founded));
    this.run(founder);
    await eventually("the founder answers", START_LIMIT_MS, async () => (await this.health(founder)) !== null);
    const b = this.net.machine(joiner);
    const joining = traderArgv("join", nodeToken, ...place(joiner), "--data", this.dataDir(joiner), "--no-copy");
    // Its agent answers a moment before its link does.
    await eventually("the founder admits the second node", START_LIMIT_MS, () =>
      this.command(b, joining).then(
        () => true,
        (error: unknown) => {
          // Through a relay a refusal is a connection that ends.
          if (/ECONNREFUSED|ECONNRESET|socket hang up|disconnected/.test(String(error))) return false;
          throw error;
        },
      ),
    );
    this.run(joiner);
    if (witnessToken === null) return;
    const join = ["--join", witnessToken, "--data", this.dataDir("witness"), ...place("witness")];
    await eventually("the founder admits the witness", START_LIMIT_MS, async () => {
      const witness = this.spawn(this.net.machine("witness"), "witness", traderArgv("witness", ...join));
      // On a busy machine its lease may have ended before the second vote came: it admits nobody until it leads again.
      const isHeard = async (): Promise<boolean> => (await this.health(founder))?.arbiter?.reachable === true;
      await eventually("the witness is heard", START_LIMIT_MS, async () => witness.exitCode !== null || isHeard());
      return witness.exitCode === null;
    });
  }
}

export const other = (name: NodeName): NodeName => (name === "uno-a" ? "uno-b" : "uno-a");
