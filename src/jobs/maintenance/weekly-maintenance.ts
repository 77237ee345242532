import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { Job } from "../../app-ports.ts";

const workerFile = new URL("./integrity-worker.ts", import.meta.url);
const findingsSchema = z.array(z.string());

/**
 * Every week: do the ledger's tables and indexes hold together? On a thread and a connection of its own, so that
 * nobody waits for it. A finding fails the run and shows; it does not end this node's work: the other one would find
 * the same where the pages were replicated, and what makes a ledger unusable is noticed when it is opened or written.
 */
export const weeklyMaintenanceJob = (ledgerPath: string): Job => ({
  name: "weekly-maintenance",
  cron: "0 4 * * 0",
  catchUp: "newest",
  async run(_slot, signal) {
    const findings = await checkIntegrity(ledgerPath, signal);
    if (findings.length > 0) throw new Error(`the ledger does not hold together: ${findings.join("; ")}`);
    return "the ledger holds together";
  },
});

async function checkIntegrity(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const worker = new Worker(workerFile, { workerData: path });
  try {
    const [findings] = (await once(worker, "message", { signal })) as unknown[];
    return findingsSchema.parse(findings);
  } finally {
    await worker.terminate();
  }
}
