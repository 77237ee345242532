import { parentPort, workerData } from "node:worker_threads";
import type { DeadlineData } from "./deadline.ts";
import { elapsedSince } from "./elapsed.ts";

/**
 * Ends this process with SIGKILL when the deadline in `workerData` (one BigInt64 cell, nanoseconds of elapsed time,
 * zero for none) has passed, whatever the main thread is doing [HA-8]. Started by `deadline.ts`.
 */
if (!parentPort) throw new Error("only deadline.ts starts this worker");
const { cell: buffer, baseNs }: DeadlineData = workerData;
const cell = new BigInt64Array(buffer);
const elapsed = elapsedSince(baseNs);
/** Upper bound of one sleep: a deadline that was set is noticed by then even if its wake-up was missed. */
const longestWaitMs = 100;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
parentPort.postMessage("watching");
for (;;) {
  const deadlineNs = Atomics.load(cell, 0);
  const leftNs = deadlineNs - elapsed.nowNs();
  if (deadlineNs !== 0n && leftNs <= 0n) process.kill(process.pid, "SIGKILL");
  const leftMs = deadlineNs === 0n ? longestWaitMs : Number(leftNs) / 1e6;
  Atomics.wait(cell, 0, deadlineNs, Math.min(Math.max(leftMs, 0.1), longestWaitMs));
}
