import type { Logger } from "pino";
import { fromApp } from "./contract.ts";
import type { FromApp, PairView, ToApp } from "./contract.ts";
import { spawnChild } from "./io/child.ts";
import type { Child } from "./io/child.ts";
import { residentMb } from "./io/proc.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { SilenceWatch } from "./silence.ts";

type AppEvents = {
  /** There is no app from now on, whatever ended it, until the next is ready. Not after `stop`. */
  readonly gone: (how: "failed" | "replaced", reason: string) => void;
  /** Warm, and on a primary about to be promoted again. */
  readonly ready: () => void;
  readonly opened: (epoch: number) => void;
  readonly confirmRequest: (n: number) => void;
  readonly cannotRun: (reason: string) => void;
  /** It ended, or was killed because it hung or grew; another one is started. Not after `kill` and `stop`. */
  readonly failed: (how: "ended" | "hung", reason: string) => void;
};

type AppOptions = {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly runDir: string;
  readonly log: Logger;
  readonly leaseMs: number;
  /** An app that occupies more is killed; 512 unless told, several times what one needs, a quarter of a small board. */
  readonly memoryLimitMb?: number;
  readonly events: AppEvents;
};

const memoryLimitMb = 512;
const questionsMax = 32;
const restartAfterMs = [50, 100, 200, 500, 1_000, 2_000, 5_000] as const;
/** It beats twice a second. Until it is warm it loads, and a small board takes its time for that. */
const loadingSilentLimitMs = 15_000;
const warmSilentLimitMsMin = 6_000;
const warmSilentLeases = 3;
/**
 * A promoted one whose loop stands still dies by its own deadline within a lease; one that is stopped as a whole does
 * not, and holds up everything while its agent goes on renewing the lease.
 */
const promotedSilentLeases = 2;
const promotedSilentMinMs = 2_000;
const healthyAfterMs = 10_000;

/** The app process: started warm, promoted by a message, demoted by a kill and a fresh start. */
export class AppChild {
  readonly #options: AppOptions;
  #child: Child | null = null;
  #ready = false;
  #openEpoch: number | null = null;
  #onDrained: (() => void) | null = null;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  #silence: SilenceWatch | null = null;
  #memory: MemoryWatch | null = null;
  #readyMs = 0;
  #promoted = false;
  /** Why it is being killed, when it is not on purpose. */
  #condemned: { readonly how: "ended" | "hung"; readonly reason: string } | null = null;
  #trouble: string | null = null;
  #stopped = false;
  #lastView: PairView | null = null;
  #notes: readonly string[] = [];
  #asked = 0;
  readonly #questions = new Map<number, (answer: { readonly answer: unknown } | null) => void>();

  constructor(options: AppOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Epoch whose ledger the app has open; null while it has none. */
  get openEpoch(): number | null {
    return this.#openEpoch;
  }

  /** Why there is no app, or how the one before ended; null since one is warm for long. */
  get trouble(): string | null {
    return this.#trouble;
  }

  start(): void {
    if (this.#stopped || this.#child !== null) return;
    const { log } = this.#options;
    const startedMs = performance.now();
    const child = this.#spawn();
    if (child === null) return this.#startLater();
    this.#child = child;
    child.onMessage((raw) => {
      const parsed = fromApp.safeParse(raw);
      if (!parsed.success)
        log.warn({ issues: parsed.error.issues.slice(0, 3) }, "the app sent a message that is not in the contract");
      else if (this.#child === child) this.#hear(parsed.data);
    });
    this.#expectLife(child);
    void child.exited.then(({ code, signal }) => {
      if (this.#child !== child) return;
      if (performance.now() - startedMs > healthyAfterMs) this.#restarts = 0;
      const { how, reason } = this.#condemned ?? {
        how: "ended" as const,
        reason: `the app ended by ${signal ?? `itself with code ${code}`}`,
      };
      this.#trouble = `${reason}; it is started again`;
      this.#forget();
      this.#startLater();
      this.#options.events.gone("failed", reason);
      this.#options.events.failed(how, reason);
    });
  }

  /** Null when it could not be started, for want of disk space for instance. */
  #spawn(): Child | null {
    const [command, ...args] = this.#options.command;
    if (command === undefined) throw new Error("the app's command is empty");
    const { env, runDir, log } = this.#options;
    try {
      return spawnChild({ name: "app", command, args, env, ipc: true, runDir, log });
    } catch (error) {
      log.error({ err: error }, "the app cannot be started");
      this.#trouble = `the app cannot be started: ${error instanceof Error ? error.message : "unknown"}`;
      this.#options.events.gone("failed", "the app cannot be started");
      return null;
    }
  }

  send(message: ToApp): void {
    if (message.kind === "view") this.#lastView = message.view;
    if (message.kind === "promote" && this.#child !== null) this.#promoted = true;
    this.#child?.send(message);
  }

  /** True when the app said that it is drained, false after the limit. */
  drain(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (drained: boolean): void => {
        clearTimeout(timer);
        this.#onDrained = null;
        resolve(drained);
      };
      const timer = setTimeout(() => settle(false), limitMs);
      this.#onDrained = () => settle(true);
      this.send({ kind: "drain" });
    });
  }

  /** What the app wants known of its work; empty while it has not said. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Asks the app; null when there is none, when too much is asked already, or when it did not answer in time. */
  ask(request: unknown, limitMs: number): Promise<{ readonly answer: unknown } | null> {
    if (this.#child === null || this.#questions.size >= questionsMax) return Promise.resolve(null);
    const n = ++this.#asked;
    return new Promise((resolve) => {
      const settle = (answer: { readonly answer: unknown } | null): void => {
        clearTimeout(timer);
        this.#questions.delete(n);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(null), limitMs);
      this.#questions.set(n, settle);
      this.send({ kind: "ask", n, request });
    });
  }

  /** SIGKILL; resolves when it is really gone. Starts a fresh, warm one afterwards unless stopped. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#forget();
    if (child !== null && !this.#stopped) this.#options.events.gone("replaced", "the app is started afresh");
    if (child !== null) await child.kill();
    this.#restarts = 0;
    this.#startLater();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    await this.kill();
  }

  #forget(): void {
    this.#child = null;
    this.#notes = [];
    for (const settle of this.#questions.values()) settle(null);
    this.#ready = false;
    this.#openEpoch = null;
    this.#promoted = false;
    this.#condemned = null;
    this.#silence?.stop();
    this.#silence = null;
    this.#memory?.stop();
    this.#memory = null;
  }

  #startLater(): void {
    if (this.#stopped || this.#restartTimer !== null) return;
    const delayMs = restartAfterMs[Math.min(this.#restarts, restartAfterMs.length - 1)];
    this.#restarts += 1;
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      this.start();
    }, delayMs);
  }

  #expectLife(child: Child): void {
    const { leaseMs } = this.#options;
    const promotedLimitMs = Math.max(promotedSilentLeases * leaseMs, promotedSilentMinMs);
    const warmLimitMs = Math.max(warmSilentLeases * leaseMs, warmSilentLimitMsMin);
    this.#silence = new SilenceWatch(
      () => (this.#promoted ? promotedLimitMs : this.#ready ? warmLimitMs : loadingSilentLimitMs),
      (silentMs) => this.#condemn(child, "hung", `the app said nothing for ${silentMs} ms`),
    );
    this.#memory = new MemoryWatch(
      () => residentMb(child.pid),
      this.#options.memoryLimitMb ?? memoryLimitMb,
      (heldMb) => this.#condemn(child, "ended", `the app had grown to ${heldMb} MB`),
    );
  }

  #condemn(child: Child, how: "ended" | "hung", reason: string): void {
    const { log } = this.#options;
    log.error({ pid: child.pid }, `${reason}; killing it`);
    this.#condemned = { how, reason };
    child.kill().catch((error: unknown) => log.error({ err: error }, "the app could not be killed"));
  }

  #hear(message: FromApp): void {
    this.#silence?.heard();
    switch (message.kind) {
      case "ready":
        this.#ready = true;
        this.#readyMs = performance.now();
        if (this.#lastView !== null) this.send({ kind: "view", view: this.#lastView });
        return this.#options.events.ready();
      case "alive":
        if (this.#ready && performance.now() - this.#readyMs > healthyAfterMs) this.#trouble = null;
        return;
      case "opened":
        this.#openEpoch = message.epoch;
        return this.#options.events.opened(message.epoch);
      case "drained":
        return this.#onDrained?.();
      case "confirm-request":
        return this.#options.events.confirmRequest(message.n);
      case "answer":
        return this.#questions.get(message.n)?.({ answer: message.answer });
      case "notes":
        this.#notes = message.notes;
        return;
      case "cannot-run":
        return this.#options.events.cannotRun(message.reason);
    }
  }
}
