import { setTimeout as sleep } from "node:timers/promises";
import { askAgent } from "../cli/agent-call.ts";
import { handoverSchema } from "../cli/agent-view.ts";
import { oneLine } from "../cli/exit.ts";
import { HANDOVER_LIMIT_MS } from "../cli/handover.ts";
import type { Notes } from "./notes.ts";
import { says, viewOf } from "./observe.ts";
import type { DemoPlan, NodePlan } from "./plan.ts";
import type { DemoProcesses } from "./processes.ts";
import type { Key } from "./terminal.ts";

const TAKEOVER_LIMIT_MS = 20_000;
const LOOK_MS = 10;

/** What the keys of the live screen do; each says on the screen what it did and what came of it. */
export class Keys {
  readonly #plan: DemoPlan;
  readonly #processes: DemoProcesses;
  readonly #notes: Notes;
  #busy = false;

  constructor(plan: DemoPlan, processes: DemoProcesses, notes: Notes) {
    this.#plan = plan;
    this.#processes = processes;
    this.#notes = notes;
  }

  /** One thing at a time: a key that is pressed meanwhile does nothing. */
  press(key: Exclude<Key, "quit">): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#act(key)
      .catch((error: unknown) => this.#notes.add(oneLine(error)))
      .finally(() => (this.#busy = false));
  }

  #act(key: Exclude<Key, "quit">): Promise<void> {
    switch (key) {
      case "kill":
        return this.#kill();
      case "switch":
        return this.#switchOver();
      case "restart":
        return this.#restart();
    }
  }

  async #primary(): Promise<NodePlan | null> {
    const leads = await Promise.all(this.#plan.nodes.map((node) => says(node, "/primary")));
    return this.#plan.nodes.find((_, at) => leads[at]) ?? null;
  }

  async #kill(): Promise<void> {
    const node = await this.#primary();
    const pids = node === null ? undefined : (await viewOf(node))?.pids;
    if (node === null || pids === undefined) return this.#notes.add("Nobody leads: there is nothing to kill.");
    const [a, b] = this.#plan.nodes;
    const other = node === a ? b : a;
    const hasOther = await says(other, "/health/live");
    for (const pid of Object.values(pids)) if (pid !== null) killNow(pid);
    const killedMs = performance.now();
    this.#notes.add(`SIGKILL to all of ${node.name}: agent, link, app and Litestream.`);
    if (hasOther) void this.#awaitTakeover(other, killedMs);
    else this.#notes.add("Now both are dead. Start them again: r, r.");
  }

  /** Says how long it took, as seen from outside; meanwhile the other keys work. */
  async #awaitTakeover(other: NodePlan, killedMs: number): Promise<void> {
    while (performance.now() - killedMs < TAKEOVER_LIMIT_MS) {
      if (await says(other, "/primary")) {
        const seconds = ((performance.now() - killedMs) / 1000).toFixed(2);
        return this.#notes.add(`${other.name} leads, ${seconds} s after the kill.`);
      }
      await sleep(LOOK_MS);
    }
    this.#notes.add(`${other.name} has not taken over; it says why: trader status --data ${other.dataDir}`);
  }

  async #switchOver(): Promise<void> {
    const node = await this.#primary();
    if (node === null) return this.#notes.add("Nobody leads: there is nothing to hand over.");
    const request = {
      dataDir: node.dataDir,
      method: "POST",
      route: "/switchover",
      limitMs: HANDOVER_LIMIT_MS,
    } as const;
    const { outcome, message } = await askAgent({ ...request, body: { dryRun: false } }, handoverSchema);
    this.#notes.add(`Switchover ${outcome === "in-progress" ? "in progress" : outcome}: ${message}`);
  }

  async #restart(): Promise<void> {
    for (const node of this.#plan.nodes) {
      if (this.#processes.runs(node.name) || (await says(node, "/health/live"))) continue;
      this.#processes.start(node.name, node.start);
      return this.#notes.add(`${node.name} starts again.`);
    }
    this.#notes.add("Both nodes run: there is nothing to start.");
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Dead already, with its agent.
  }
}
