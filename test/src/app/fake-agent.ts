import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { fromApp, type FromApp, type PairView, type ToApp } from "../../../ha/contract.ts";
import { clockArgv, type ClockArgs } from "../../../src/clock.ts";
import { quietPair } from "../../support/pair-view.ts";

const source = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url));
const underUs = (script: string, args: readonly string[]): string[] =>
  ["--pdeathsig", "KILL", "--", process.execPath, source(script)].concat(args);
const isKind =
  <Kind extends FromApp["kind"]>(kind: Kind) =>
  (message: FromApp): message is Extract<FromApp, { kind: Kind }> =>
    message.kind === kind;
const inNs = (ms: number): string => String(process.hrtime.bigint() + BigInt(Math.round(ms * 1e6)));

export type AppGiven = {
  readonly dataDir: string;
  readonly name: string;
  readonly clock: ClockArgs;
  readonly exchangeUrl?: string;
  readonly port?: number;
};

/** A real app process and, in this process, an agent that says what a test wants it to say. */
export class FakeAgent {
  readonly child: ChildProcess;
  readonly heard: FromApp[] = [];
  /** Answers confirm-requests when set. */
  answer: "confirmed" | "unknown" | null = "confirmed";
  #renewals: NodeJS.Timeout | null = null;
  #listeners = new Set<() => void>();
  port = 0;
  log = "";

  constructor({ dataDir, name, clock, exchangeUrl, port = 0 }: AppGiven) {
    mkdirSync(join(dataDir, "ledger"), { recursive: true });
    const node = { name, cluster: "t", host: "127.0.0.1", ports: { app: port, agent: 1, link: 2 } };
    writeFileSync(join(dataDir, "node.json"), JSON.stringify(node));
    const env = { ...process.env, ...(exchangeUrl ? { TRADER_EXCHANGE_URL: exchangeUrl } : {}) };
    this.child = spawn("setpriv", underUs("main.ts", ["--data", dataDir, ...clockArgv(clock)]), {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env,
    });
    this.child.stderr?.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    this.child.on("message", (raw) => {
      const message = fromApp.parse(raw);
      this.heard.push(message);
      if (message.kind === "ready") this.port = message.port;
      if (message.kind === "confirm-request" && this.answer) {
        this.say({ kind: "confirmed", n: message.n, outcome: this.answer });
      }
      for (const listener of this.#listeners) listener();
    });
    this.child.on("exit", () => {
      this.#stopRenewing();
      for (const listener of this.#listeners) listener();
    });
  }

  say(message: ToApp): void {
    this.child.send(message, () => {});
  }

  /** Resolves with the next message of this kind that was not waited for before. */
  async hear<Kind extends FromApp["kind"]>(kind: Kind): Promise<Extract<FromApp, { kind: Kind }>> {
    for (;;) {
      const message = this.heard.find(isKind(kind));
      if (message) {
        this.heard.splice(this.heard.indexOf(message), 1);
        return message;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`the app ended: ${this.log}`);
      await new Promise<void>((resolve) => {
        const listener = (): void => {
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      });
    }
  }

  /** Promotes it and renews its lease until `stopRenewing`. */
  promote(epoch: number, ledger: string, leaseMs: number): void {
    this.say({ kind: "promote", epoch, ledger, validUntilNs: inNs(leaseMs) });
    this.raise(epoch, leaseMs);
  }

  /** The same lease goes on under this epoch. */
  raise(epoch: number, leaseMs: number): void {
    this.#stopRenewing();
    this.#renewals = setInterval(() => this.say({ kind: "lease", epoch, validUntilNs: inNs(leaseMs) }), leaseMs / 8);
  }

  #stopRenewing(): void {
    if (this.#renewals) clearInterval(this.#renewals);
  }

  /** No renewal from now on; resolves with the signal or code that ended the app. */
  async letLeaseEnd(): Promise<string | number | null> {
    this.#stopRenewing();
    return this.ended();
  }

  async ended(): Promise<string | number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
    return this.child.signalCode ?? this.child.exitCode;
  }

  view(view: Partial<PairView>): void {
    this.say({ kind: "view", view: { ...quietPair, ...view } });
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended();
  }
}

/** The real exchange simulator as a process of its own, with these more arguments. */
export async function startExchange(
  dataDir: string,
  clock: ClockArgs,
  more: readonly string[] = [],
): Promise<{ url: string; stop: () => Promise<void> }> {
  mkdirSync(dataDir, { recursive: true });
  const args = ["--port", "0", "--data", dataDir, ...clockArgv(clock), ...more];
  const child = spawn("setpriv", underUs("exchange/main.ts", args), { stdio: ["ignore", "pipe", "inherit"] });
  const line = await once(child.stdout, "data");
  const { port } = z.object({ port: z.int() }).parse(JSON.parse(String(line[0])));
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}
