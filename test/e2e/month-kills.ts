import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { eventually, processesNaming, type ReadyNode, runs, statusOf } from "./demo-process.ts";
import { killQuietly, type Pair, pass } from "./pair.ts";

/** Where `fixtures/kill-hook.js` lets an app die. */
export const POINTS = [
  "plan written",
  "plan confirmed",
  "before the call",
  "inside the call",
  "after the call",
  "before the outcome is written",
  "after the outcome is written",
] as const;
const passedSchema = z.object({
  point: z.enum(POINTS),
  whole: z.boolean(),
  pid: z.int(),
  agent: z.int(),
  argv: z.array(z.string()),
});

const WHOLE = ", whole node";
const DEAD_LIMIT_MS = 10_000;
const LOOK_MS = 40;
/** While points are still to be passed, an app is left alone for longer: it has to come to one. */
const CALM_MS = { min: 1_000, max: 6_000 };
const BUSY_MS = { min: 700, max: 2_200 };
/** An agent waits ever longer before it starts an app that keeps dying; a node that takes over does not wait yet. */
const APPS_FOR_A_NODE = 4;

/** What is enough: deaths in all, and of them at each point, and of whole nodes. */
type Wanted = { readonly deaths: number; readonly atEachPoint: number; readonly wholeNodes: number };

/** Lets whoever leads die, at named points and at any moment, the app alone or the whole node with it. */
export class Kills {
  /** Deaths at each point and at any moment; those of whole nodes are marked so. */
  readonly counts: Record<string, number> = {};
  readonly #pair: Pair;
  readonly #folder: string;
  readonly #random: () => number;
  /** Apps and agents that died so: nobody is counted twice. */
  readonly #dead = new Set<number>();
  #appsInARow = 0;
  #armed: string | null = null;

  constructor(pair: Pair, folder: string, random: () => number) {
    this.#pair = pair;
    this.#folder = folder;
    this.#random = random;
  }

  /** Environment of the nodes that are to die by a file in this folder. */
  static env(folder: string): Readonly<Record<string, string>> {
    const hook = fileURLToPath(new URL("fixtures/kill-hook.js", import.meta.url));
    return { NODE_OPTIONS: `--import ${hook}`, TRADER_KILL_FILE: join(folder, "points") };
  }

  get deaths(): number {
    return this.#dead.size;
  }

  at(point: string): number {
    return (this.counts[point] ?? 0) + (this.counts[point + WHOLE] ?? 0);
  }

  get wholeNodes(): number {
    const names = Object.entries(this.counts).filter(([name]) => name.endsWith(WHOLE));
    return names.reduce((sum, [, times]) => sum + times, 0);
  }

  /** Resolves when there were enough deaths; whatever died is started again then. */
  async until({ deaths, atEachPoint, wholeNodes }: Wanted): Promise<void> {
    const open = (): readonly string[] => POINTS.filter((point) => this.at(point) < atEachPoint);
    let atMs = this.#momentMs(true);
    while (this.deaths < deaths || this.wholeNodes < wholeNodes || open().length > 0) {
      await this.#arm(open());
      if (await this.#passed()) atMs = this.#momentMs(open().length > 0);
      else if (performance.now() >= atMs) {
        await this.#killNow();
        atMs = this.#momentMs(open().length > 0);
      }
      await pass(LOOK_MS);
    }
    rmSync(this.#file, { force: true });
  }

  get #file(): string {
    return Kills.env(this.#folder)["TRADER_KILL_FILE"] ?? "";
  }

  #momentMs(calm: boolean): number {
    const { min, max } = calm ? CALM_MS : BUSY_MS;
    return performance.now() + min + this.#random() * (max - min);
  }

  async #arm(points: readonly string[]): Promise<void> {
    const text = JSON.stringify({ points, whole: await this.#isNodesTurn() });
    if (this.#armed === text) return;
    const written = `${this.#file}.new`;
    writeFileSync(written, text);
    renameSync(written, this.#file);
    this.#armed = text;
  }

  /** Only where the other node could lead. */
  async #isNodesTurn(): Promise<boolean> {
    if (this.#appsInARow < APPS_FOR_A_NODE) return false;
    const [a, b] = await Promise.all(this.#pair.line.nodes.map(({ agentPort }) => statusOf(agentPort, "/standby")));
    return a === 200 || b === 200;
  }

  /** Whether somebody has died at a point since the last look; a whole node is started again. */
  async #passed(): Promise<boolean> {
    const file = `${this.#file}.passed`;
    if (existsSync(this.#file) || !existsSync(file)) return false;
    const { point, whole, pid, agent, argv } = passedSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    rmSync(file);
    this.#armed = null;
    await eventually(`the app dies at: ${point}`, DEAD_LIMIT_MS, () => !runs(pid));
    this.#count(point, whole, whole ? agent : pid);
    const node = this.#pair.line.nodes.find(({ dataDir }) => argv.includes(dataDir));
    if (node === undefined) throw new Error(`nobody's app died: ${argv.join(" ")}`);
    if (whole) await this.#startAgain(node);
    return true;
  }

  async #killNow(): Promise<void> {
    const primary = await this.#pair.primary();
    const whole = await this.#isNodesTurn();
    // Nobody dies at a point from here on; whoever has done so just now is found by the next look.
    rmSync(this.#file, { force: true });
    this.#armed = null;
    const health = await this.#pair.health(primary).catch(() => null);
    if (health === null || existsSync(`${this.#file}.passed`)) return;
    const { agent, app } = health.pids;
    if (app === null || !runs(app)) return;
    const dying = whole ? Object.values(health.pids).filter((each) => each !== null) : [app];
    for (const each of dying) killQuietly(each);
    await eventually(`${primary.name} is dead`, DEAD_LIMIT_MS, () => dying.every((each) => !runs(each)));
    this.#count("any moment", whole, whole ? agent : app);
    if (whole) await this.#startAgain(primary);
  }

  async #startAgain(node: ReadyNode): Promise<void> {
    const gone = (): boolean => processesNaming(node.dataDir).length === 0;
    await eventually(`${node.name} is gone`, DEAD_LIMIT_MS, gone);
    this.#pair.start(node, Kills.env(this.#folder));
  }

  #count(where: string, whole: boolean, pid: number): void {
    if (this.#dead.has(pid)) return;
    this.#dead.add(pid);
    this.#appsInARow = whole ? 0 : this.#appsInARow + 1;
    const name = whole ? where + WHOLE : where;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}
