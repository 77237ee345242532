import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Machine } from "./net-namespaces.ts";

const answerSchema = z.object({ kind: z.literal("answer"), id: z.int(), status: z.int().nullable(), text: z.string() });
const sampleSchema = z.object({
  kind: z.literal("sample"),
  sentMs: z.number(),
  heardMs: z.number(),
  leads: z.boolean(),
  epoch: z.int(),
});
const lineSchema = z.discriminatedUnion("kind", [answerSchema, sampleSchema]);

/** One look at `/primary` from the node's own machine, on the clock of `hostNowMs`. */
export type Sample = z.infer<typeof sampleSchema>;
export type Answer = { readonly status: number | null; readonly text: string };

const program = fileURLToPath(new URL("./net-inside.ts", import.meta.url));
const ANSWER_LIMIT_MS = 3_000;

/** Monotonic milliseconds, the same in every process of this host. */
export const hostNowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** `command` as a process on this machine, that dies with this one. */
export const commandOn = (machine: Machine, command: readonly string[]): { command: string; args: string[] } => ({
  command: "setpriv",
  args: ["--pdeathsig", "KILL", "--", ...machine.exec, ...command],
});

/** Asks from within a machine; with a health port it also looks at `/primary` all the time. */
export class InsideAgent {
  readonly samples: Sample[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  constructor(machine: Machine, healthPort = 0) {
    const { command, args } = commandOn(machine, [process.execPath, program, String(healthPort)]);
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error("no stdout");
    createInterface({ input: this.#child.stdout }).on("line", (text) => {
      const line = lineSchema.parse(JSON.parse(text));
      if (line.kind === "sample") this.samples.push(line);
      else this.#waiting.get(line.id)?.(line);
    });
  }

  /** One request from within; `status` is null when nobody answers in time. */
  async ask(method: "GET" | "POST", url: string, body?: object, limitMs = ANSWER_LIMIT_MS): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const line = { id, method, url, limitMs, ...(body !== undefined && { body: JSON.stringify(body) }) };
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
    try {
      return await answered;
    } finally {
      this.#waiting.delete(id);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/**
 * Looks that contradict each other: an answer of 200 that was asked for after the other node had answered 200 with a
 * higher epoch, or two nodes with one epoch.
 */
export function primaryViolations(all: ReadonlyMap<string, readonly Sample[]>): string[] {
  const yes = [...all]
    .flatMap(([node, samples]) => samples.filter(({ leads }) => leads).map((sample) => ({ node, ...sample })))
    .toSorted((one, other) => one.heardMs - other.heardMs);
  const found: string[] = [];
  let highest: (typeof yes)[number] | null = null;
  for (const look of yes) {
    const contradicts = highest !== null && highest.node !== look.node && look.epoch <= highest.epoch;
    if (contradicts && highest !== null && look.sentMs > highest.heardMs) {
      found.push(`${look.node} led epoch ${look.epoch} after ${highest.node} led epoch ${highest.epoch}`);
    }
    if (highest === null || look.epoch > highest.epoch) highest = look;
  }
  return found.slice(0, 5);
}
