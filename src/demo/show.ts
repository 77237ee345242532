import { setTimeout as sleep } from "node:timers/promises";
import { painter } from "./text.ts";
import { Keys } from "./keys.ts";
import { Notes } from "./notes.ts";
import { observe, type Snapshot } from "./observe.ts";
import type { DemoPlan } from "./plan.ts";
import type { DemoProcesses } from "./processes.ts";
import { screenLines } from "./screen.ts";
import { Terminal } from "./terminal.ts";

/** What the live screen shows and what its keys act on. */
export type Show = {
  readonly plan: DemoPlan;
  readonly processes: DemoProcesses;
  readonly title: string;
  readonly leaseMs: number;
  /** Aborted when the demo ends: the terminal is given back. */
  readonly signal: AbortSignal;
  readonly quit: () => void;
};

const DRAW_MS = 100;
const LOOK_MS = 200;

/** Draws the live screen and hears the keys until the signal says so; the terminal is then as it was. */
export function showDemo(show: Show): void {
  const { plan, processes, title, leaseMs, signal, quit } = show;
  const notes = new Notes();
  const keys = new Keys(plan, processes, notes);
  const colour = process.env["NO_COLOR"] === undefined || process.env["NO_COLOR"] === "";
  const paint = painter(colour);
  const terminal = new Terminal(process.stdout, process.stdin, (key) => (key === "quit" ? quit() : keys.press(key)));
  let snapshot: Snapshot = {
    nodes: [dark(plan.nodes[0].name), dark(plan.nodes[1].name)],
    orders: null,
    appTime: null,
    cycles: [],
  };
  let tick = 0;
  const timer = setInterval(() => {
    tick += 1;
    const starting = plan.nodes.map(({ name }) => name).filter((name) => processes.runs(name));
    const scene = { snapshot, title, leaseMs, starting, notes: notes.list, tick };
    terminal.draw(screenLines(scene, terminal.rows, terminal.columns, paint));
  }, DRAW_MS);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    terminal.restore();
  });
  const look = async (): Promise<void> => {
    while (!signal.aborted) {
      snapshot = await observe(plan);
      await sleep(LOOK_MS);
    }
  };
  look().catch((error: unknown) => notes.add(`the screen cannot look any more: ${String(error)}`));
}

const dark = (name: string): Snapshot["nodes"][0] => ({ name, view: null, led: null });
