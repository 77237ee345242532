import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ledDisplay } from "../../src/led/display.ts";
import { commandOn, hostNowMs } from "./net-agent.ts";
import type { Machine } from "./net-namespaces.ts";

const lineSchema = z.object({
  kind: z.enum(["fresh", "stale", "none"]),
  ageMs: z.number(),
  display: ledDisplay.nullable(),
});
/** What was shown from `atMs` on, on the clock of `hostNowMs`. */
export type ShownLine = z.infer<typeof lineSchema> & { readonly atMs: number };

const traderMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** The machine that the suite itself runs on. */
export const here: Machine = { name: "here", address: "127.0.0.1", exec: [] };

/** `trader display --json` on a machine of the suite, with everything that it ever showed. */
export class NetDisplay {
  readonly lines: ShownLine[] = [];
  readonly #child: ChildProcess;

  constructor(on: Machine, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    const { command, args: argv } = commandOn(on, [process.execPath, traderMain, "display", "--json", ...args]);
    // Nothing of the trader is on this machine: no data directory, no environment but what a display is told.
    const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, HOME, NODE_COMPILE_CACHE, ...more };
    this.#child = spawn(command, argv, { cwd: "/", env, stdio: ["ignore", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error("no stdout");
    createInterface({ input: this.#child.stdout }).on("line", (text) =>
      this.lines.push({ ...lineSchema.parse(JSON.parse(text)), atMs: hostNowMs() }),
    );
  }

  get newest(): ShownLine | null {
    return this.lines.at(-1) ?? null;
  }

  /** The epoch of what is shown as fresh now; null when nothing is. */
  get freshEpoch(): number | null {
    return this.newest?.kind === "fresh" ? (this.newest.display?.drawn_by.epoch ?? null) : null;
  }

  /** Until when something of this epoch or an older one was shown as fresh; it still is: positive infinity. */
  freshUntilMs(epoch: number): number {
    const last = this.lines.findLastIndex(
      ({ kind, display }) => kind === "fresh" && (display?.drawn_by.epoch ?? 0) <= epoch,
    );
    return this.lines[last + 1]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
