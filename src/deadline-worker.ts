import { parentPort, workerData } from "node:worker_threads";

/**
 * Ends this process with SIGKILL when the deadline in `workerData` (one BigInt64 cell, hrtime nanoseconds,
 * zero for none) has passed, whatever the main thread is doing [HA-8]. Started by `deadline.ts`.
 */
if (!(workerData instanceof SharedArrayBuffer) || !parentPort) throw new Error("only deadline.ts starts this worker");
const cell = new BigInt64Array(workerData);
/** Upper bound of one sleep: a deadline that was set is noticed by then even if its wake-up was missed. */
const longestWaitMs = 100;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
parentPort.postMessage("watching");
for (;;) {
  const deadlineNs = Atomics.load(cell, 0);
  const leftNs = deadlineNs - process.hrtime.bigint();
  if (deadlineNs !== 0n && leftNs <= 0n) process.kill(process.pid, "SIGKILL");
  const leftMs = deadlineNs === 0n ? longestWaitMs : Number(leftNs) / 1e6;
  Atomics.wait(cell, 0, deadlineNs, Math.min(Math.max(leftMs, 0.1), longestWaitMs));
}
