import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { litestreamPath } from "../../src/cli/fetch-litestream.ts";
import { demoClock } from "../../src/demo/clock.ts";
import { startPair } from "../../src/demo/pair.ts";
import { planDemo } from "../../src/demo/plan.ts";
import type { DemoPlan } from "../../src/demo/plan.ts";
import { freeBasePort } from "../../src/demo/ports.ts";
import { DemoProcesses } from "../../src/demo/processes.ts";
import { viewOf } from "../../src/demo/observe.ts";
import { eventually, statusOf } from "../e2e/demo-process.ts";
import { OwnDisk } from "./own-disk.ts";

const START_LIMIT_MS = 60_000;
const MINUTE_MS = 60_000;
/** A demo's clock begins two minutes before a slot with everything in it; this leaves four before the next, small one. */
const AFTER_THAT_MS = 3.5 * MINUTE_MS;

/** The process ids of a part's processes by what they are. */
export type Pids = Readonly<Record<string, number>>;

/** Two nodes, a witness and an exchange on loopback, as in the demo, but a minute takes a minute. */
export class RealTimePair {
  readonly #dir: string;
  readonly #plan: DemoPlan;
  readonly #processes: DemoProcesses;
  readonly #disks: readonly (OwnDisk | null)[];

  private constructor(dir: string, plan: DemoPlan, disks: readonly (OwnDisk | null)[]) {
    this.#dir = dir;
    this.#plan = plan;
    this.#disks = disks;
    const log = pino(pino.destination(join(dir, "log")));
    this.#processes = new DemoProcesses(
      dir,
      plan.nodes.map(({ name }) => name),
      log,
    );
  }

  /** Resolves when the pair is protected. What a node runs with is what this process was started with. */
  static async start(): Promise<RealTimePair> {
    await litestreamPath((line) => void process.stderr.write(`${line}\n`));
    const dir = mkdtempSync(join(tmpdir(), "trader-bench-"));
    const clock = demoClock(0, Date.now());
    const planAt = (basePort: number): DemoPlan =>
      planDemo({
        basePort,
        dataDir: dir,
        preset: "default",
        acceptDuplicates: false,
        clock: { ...clock, originAppMs: clock.originAppMs + AFTER_THAT_MS, scale: 1 },
        lifelinePid: process.pid,
        node: [process.execPath, ...process.execArgv],
        root: fileURLToPath(new URL("../../", import.meta.url)),
      });
    const plan = planAt(await freeBasePort(process.pid, (base) => planAt(base).ports));
    const disks = plan.nodes.map(({ dataDir }) => OwnDisk.make(dataDir));
    const pair = new RealTimePair(dir, plan, disks);
    try {
      await startPair(plan, pair.#processes, () => undefined, new AbortController().signal);
      await eventually("the pair is protected", START_LIMIT_MS, async () => {
        const answers = await Promise.all(plan.nodes.map(({ agentPort }) => statusOf(agentPort, "/cluster")));
        return answers.every((status) => status === 200);
      });
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#processes.killAll(process.pid);
    for (const disk of this.#disks) disk?.remove();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Every process of the two nodes and the witness; throws when one of them does not run. */
  async pids(): Promise<{ readonly primary: Pids; readonly standby: Pids; readonly witness: Pids }> {
    const views = await Promise.all(this.#plan.nodes.map((node) => viewOf(node)));
    const of = (role: string): Pids => {
      const { agent, link, app, litestream } = views.find((view) => view?.role === role)?.pids ?? {};
      if (!agent || !link || !app || !litestream) throw new Error(`not everything of a ${role} runs`);
      return { agent, link, app, litestream };
    };
    const witness = this.#processes.pidOf("witness");
    if (witness === null) throw new Error("the witness does not run");
    return { primary: of("primary"), standby: of("standby"), witness: { witness } };
  }

  /** What the disks of primary and standby were given to write so far; null where they have none of their own. */
  async diskBytes(): Promise<{ readonly primary: number; readonly standby: number } | null> {
    const [a, b] = this.#disks;
    const first = await viewOf(this.#plan.nodes[0]);
    if (!a || !b || first === null) return null;
    const [ofA, ofB] = [a.writtenBytes(), b.writtenBytes()];
    return first.role === "primary" ? { primary: ofA, standby: ofB } : { primary: ofB, standby: ofA };
  }
}
