import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { type Child, spawnChild } from "./child.ts";
import { newestReceived, parseTxid, removeRestored } from "./litestream-restore.ts";

/** Limits of a follower; real time, in milliseconds. */
export type FollowerTiming = {
  /** How often Litestream looks for new files, and we at how far it is. */
  intervalMs: number;
  /** Behind for so long without any progress: thrown away and restored again. */
  stallMs: number;
  /** The same, while the first restore still writes its file. */
  restoreMs: number;
  /** Pause before the n-th restart in a row: `backoffMs * 2^n`, at most `backoffMaxMs`. */
  backoffMs: number;
  backoffMaxMs: number;
};

const DEFAULT_FOLLOWER_TIMING: FollowerTiming = {
  intervalMs: 100,
  stallMs: 5000,
  restoreMs: 120_000,
  backoffMs: 200,
  backoffMaxMs: 10_000,
};

/** `received` tells the newest txid that is durable in `replicaDir`; null while there is none. */
export type FollowerOptions = {
  binary: string;
  replicaDir: string;
  /** The follower's own folder: what is in it is thrown away. */
  outputDir: string;
  received: () => number | null;
  env: NodeJS.ProcessEnv;
  runDir: string;
  log: Logger;
  timing?: FollowerTiming;
};

/** A file that nobody writes any more, and exactly the txid that it holds. */
export type Frozen = { path: string; txid: number };

/**
 * A warm copy of one epoch's received folder by `litestream restore -f`. Judged by its txid, never by its being alive:
 * it may stall silently, and it cannot be restarted on its own output. Nothing else may open its file while it runs.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #timing: FollowerTiming;
  readonly #path: string;
  readonly #stopping = new AbortController();
  #child: Child | null = null;
  #loop: Promise<void> | null = null;
  #txid: number | null = null;
  #restarts = 0;
  /** Whether what is in the folder is this run's: an earlier epoch's file must never pass for ours. */
  #own = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#timing = options.timing ?? DEFAULT_FOLLOWER_TIMING;
    this.#path = join(options.outputDir, "ledger.db");
  }

  /** Starts following; once. */
  run(): void {
    this.#loop ??= this.#keepFollowing();
  }

  /** Of the Litestream that follows; null while none does. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** What the copy has applied, at most one interval ago; null while there is none. */
  txid(): number | null {
    return this.#txid;
  }

  /** How often its output was thrown away since the start. */
  restarts(): number {
    return this.#restarts;
  }

  /** Ends following for good and leaves the file where it is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#child?.kill();
    await this.#loop;
  }

  /**
   * Stops and answers its file; null when there is none, or when anything newer had been received: its txid is written
   * after its pages, so a file that was just being changed is behind, and may be half of each.
   */
  async freeze(): Promise<Frozen | null> {
    await this.stop();
    const txid = this.#own ? await this.#readTxid() : null;
    if (txid === null) return null;
    const newest = await newestReceived(this.#options.replicaDir);
    if (newest !== txid) {
      this.#options.log.info({ txid, newest }, "follower was not at the newest, so its file is not used");
      return null;
    }
    return { path: this.#path, txid };
  }

  async #keepFollowing(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      await this.#until(() => this.#options.received() !== null);
      if (this.#stopping.signal.aborted) return;
      try {
        if (await this.#followOnce()) failures = 0;
      } catch (error) {
        this.#options.log.warn({ err: error }, "follower cannot run");
      }
      if (this.#stopping.signal.aborted) return;
      this.#restarts += 1;
      this.#txid = null;
      const pauseMs = Math.min(this.#timing.backoffMs * 2 ** failures, this.#timing.backoffMaxMs);
      failures = Math.min(failures + 1, 16);
      this.#options.log.warn({ pauseMs, restarts: this.#restarts }, "follower thrown away, restoring again");
      await this.#pause(pauseMs);
    }
  }

  /** One restore and what follows, until it ends or stalls; true when it had made progress beyond the restore. */
  async #followOnce(): Promise<boolean> {
    await mkdir(this.#options.outputDir, { recursive: true, mode: 0o700 });
    await removeRestored(this.#path);
    this.#own = true;
    if (this.#stopping.signal.aborted) return false;
    const child = this.#spawn();
    this.#child = child;
    const ended = new AbortController();
    void child.exited.then(() => ended.abort());
    let progressed = false;
    let behindSinceMs: number | null = null;
    try {
      while (!ended.signal.aborted && !this.#stopping.signal.aborted) {
        await this.#pause(this.#timing.intervalMs);
        const txid = await this.#readTxid();
        if (txid !== this.#txid) {
          progressed ||= this.#txid !== null;
          this.#txid = txid;
          behindSinceMs = null;
        }
        const behind = (this.#options.received() ?? 0) > (txid ?? 0);
        behindSinceMs = behind ? (behindSinceMs ?? performance.now()) : null;
        const limitMs = txid === null ? this.#timing.restoreMs : this.#timing.stallMs;
        if (behindSinceMs !== null && performance.now() - behindSinceMs > limitMs) {
          this.#options.log.warn({ txid, received: this.#options.received() }, "follower stalled");
          return progressed;
        }
      }
      return progressed;
    } finally {
      await child.kill();
      this.#child = null;
    }
  }

  #spawn(): Child {
    const { binary, replicaDir, env, runDir, log } = this.#options;
    const interval = `${this.#timing.intervalMs}ms`;
    return spawnChild({
      name: "follower",
      command: binary,
      args: ["restore", "-f", "-follow-interval", interval, "-o", this.#path, `file://${replicaDir}`],
      env,
      ipc: false,
      runDir,
      log,
      // It says one line for every file it applies.
      lineLevel: "debug",
    });
  }

  async #readTxid(): Promise<number | null> {
    try {
      return parseTxid((await readFile(`${this.#path}-txid`, "utf8")).trim());
    } catch {
      return null;
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!this.#stopping.signal.aborted && !condition()) await this.#pause(this.#timing.intervalMs);
  }

  /** Waits, but no longer than until a stop. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
    });
  }
}
