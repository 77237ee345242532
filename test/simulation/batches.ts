import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { addTallies, emptyTally } from "./tally.ts";
import type { Tally } from "./tally.ts";

/** Seeds `first`, `first + 1`, … `first + runs - 1`. */
export type Batch = { readonly first: number; readonly runs: number };

const batchRuns = 250;

/** Runs a schedule for each seed on so many threads; stops early at a violation. `onProgress` is told after each batch. */
export async function runBatches(whole: Batch, threads: number, onProgress: (tally: Tally) => void): Promise<Tally> {
  let tally = emptyTally;
  let next = whole.first;
  const end = whole.first + whole.runs;
  const take = (): Batch | null => {
    if (next >= end || tally.violations.length > 0) return null;
    const batch = { first: next, runs: Math.min(batchRuns, end - next) };
    next += batch.runs;
    return batch;
  };
  const count = (part: Tally): void => {
    tally = addTallies(tally, part);
    onProgress(tally);
  };
  await Promise.all(Array.from({ length: threads }, () => work(take, count)));
  return tally;
}

async function work(take: () => Batch | null, count: (part: Tally) => void): Promise<void> {
  const worker = new Worker(new URL("./batch-worker.ts", import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  const ended = once(worker, "exit").then(([code]) => {
    throw new Error(`a thread of the simulation ended with ${code}`);
  });
  // Awaited only while a batch runs; its own end at the very end is no failure.
  ended.catch(() => undefined);
  try {
    for (let batch = take(); batch !== null; batch = take()) count(await Promise.race([ask(worker, batch), ended]));
  } finally {
    await worker.terminate();
  }
}

function ask(worker: Worker, batch: Batch): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const onMessage = (tally: Tally): void => {
      worker.off("error", reject);
      resolve(tally);
    };
    worker.once("message", onMessage);
    worker.once("error", reject);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    worker.postMessage(batch);
  });
}
