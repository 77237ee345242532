import { Worker } from "node:worker_threads";
import { bootAheadNs, elapsedSince, type Elapsed } from "./elapsed.ts";

/** What the worker is handed: the cell, and where its elapsed time counts from. */
export type DeadlineData = { readonly cell: SharedArrayBuffer; readonly baseNs: bigint };

/**
 * The instant at which this process must no longer live: process.hrtime nanoseconds, and what the machine has slept.
 * One cell of shared memory: the main thread moves it, the worker enforces it.
 */
export class Deadline {
  readonly #buffer = new SharedArrayBuffer(8);
  readonly #cell = new BigInt64Array(this.#buffer);
  readonly #baseNs = bootAheadNs();
  readonly #elapsed: Elapsed = elapsedSince(this.#baseNs);
  #worker: Worker | null = null;

  /** Resolves once the worker watches. Without a deadline it only waits. Its end is this process's end. */
  async watch(): Promise<void> {
    const worker = new Worker(new URL("./deadline-worker.ts", import.meta.url), {
      workerData: { cell: this.#buffer, baseNs: this.#baseNs } satisfies DeadlineData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker = worker;
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", (cause) => reject(new Error("the deadline worker did not start", { cause })));
    });
    // Unwatched, this process could act after its lease: it must not go on.
    worker.on("exit", () => process.kill(process.pid, "SIGKILL"));
    worker.unref();
  }

  /** The time that the deadline is compared with. */
  readonly nowNs = (): bigint => this.#elapsed.nowNs();

  /** Present deadline, an instant of `nowNs`; null when there is none. */
  get atNs(): bigint | null {
    const atNs = Atomics.load(this.#cell, 0);
    return atNs === 0n ? null : atNs;
  }

  /** Moves the deadline to this process.hrtime; an earlier instant changes nothing (a renewal that was overtaken). */
  extendTo(hrtimeNs: bigint): void {
    const atNs = hrtimeNs + this.#elapsed.sleptNs();
    if (atNs <= Atomics.load(this.#cell, 0)) return;
    Atomics.store(this.#cell, 0, atNs);
    Atomics.notify(this.#cell, 0);
  }

  /** Ends the watch; only for tests, a real app is killed instead. */
  async stop(): Promise<void> {
    this.#worker?.removeAllListeners("exit");
    await this.#worker?.terminate();
  }
}
