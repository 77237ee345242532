import { parentPort } from "node:worker_threads";
import type { Batch } from "./batches.ts";
import { runSchedule, scheduleOf } from "./run.ts";
import { addTallies, emptyTally, tallyOf } from "./tally.ts";
import type { Tally } from "./tally.ts";

/** One thread of the simulation: runs the batches that `batches.ts` sends, and answers each with its tally. */
if (parentPort === null) throw new Error("only batches.ts starts this worker");
const port = parentPort;

async function run({ first, runs }: Batch): Promise<Tally> {
  let tally = emptyTally;
  for (let seed = first; seed < first + runs && tally.violations.length === 0; seed++) {
    tally = addTallies(tally, tallyOf(await runSchedule(scheduleOf(seed))));
  }
  return tally;
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
port.on("message", (batch: Batch) => void run(batch).then((tally) => port.postMessage(tally)));
