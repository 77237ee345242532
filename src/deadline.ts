import { Worker } from "node:worker_threads";

/**
 * The instant (process.hrtime nanoseconds) at which this process must no longer live.
 * One cell of shared memory: the main thread moves it, the worker enforces it.
 */
export class Deadline {
  readonly #cell = new BigInt64Array(new SharedArrayBuffer(8));
  #worker: Worker | null = null;

  /** Resolves once the worker watches. Without a deadline it only waits. Its end is this process's end. */
  async watch(): Promise<void> {
    const worker = new Worker(new URL("./deadline-worker.ts", import.meta.url), {
      workerData: this.#cell.buffer,
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

  /** Present deadline in hrtime nanoseconds; null when there is none. */
  get atNs(): bigint | null {
    const atNs = Atomics.load(this.#cell, 0);
    return atNs === 0n ? null : atNs;
  }

  /** Moves the deadline later; an earlier instant changes nothing (a renewal that was overtaken). */
  extendTo(atNs: bigint): void {
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
