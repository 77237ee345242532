import type { Logger } from "pino";
import { readPidFiles, removePidFile } from "./pid-file.ts";
import { groupGone, isRunning, killGroup } from "./proc.ts";

const GONE_LIMIT_MS = 10_000;

/**
 * Kills what an earlier agent left running, by the pid files of `runDir`, and resolves with its names when all of it
 * is gone. A reused pid is recognised by its start time and left alone. The caller is the only agent of this directory.
 */
export async function killLeftovers(runDir: string, log: Logger): Promise<string[]> {
  const files = readPidFiles(runDir);
  const alive = files.filter((file) => isRunning(file.identity));
  for (const file of alive) {
    log.warn({ child: file.name, pid: file.identity.pid }, "killing what an earlier run left behind");
    killGroup(file.identity);
  }
  for (const file of alive) await groupGone(file.identity, GONE_LIMIT_MS);
  for (const file of files) removePidFile(file.path);
  return alive.map((file) => file.name);
}
