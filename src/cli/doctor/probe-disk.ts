import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { freeBytes } from "../../../ha/io/disk-space.ts";
import type { Facts } from "./facts.ts";

const writesMax = 40;
const writeBytes = 4_096;
const budgetMs = 3_000;

/** Room, and the slowest of a few durable writes in the data directory; stops early on a disk that takes its time. */
export async function probeDisk(path: string): Promise<Facts["disk"]> {
  const free = await freeBytes(path);
  const file = join(path, `.doctor-${process.pid}`);
  let slowestMs: number | null = null;
  let writes = 0;
  try {
    const handle = await open(file, "w", 0o600);
    try {
      const beganMs = performance.now();
      while (writes < writesMax && performance.now() - beganMs < budgetMs) {
        const startedMs = performance.now();
        await handle.write(Buffer.alloc(writeBytes, writes));
        await handle.sync();
        slowestMs = Math.max(slowestMs ?? 0, performance.now() - startedMs);
        writes += 1;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { path, freeBytes: free, slowestMs: null, writes, error: reason };
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
  return { path, freeBytes: free, slowestMs, writes, error: null };
}
