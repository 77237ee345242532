import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "./durable-file.ts";
import type { ProcessIdentity } from "./proc.ts";

const content = z.object({
  name: z.string(),
  pid: z.int().min(2),
  startTicks: z.string().regex(/^\d+$/),
  bootId: z.string(),
});

/** One child as its pid file names it. */
export type PidFile = { path: string; name: string; identity: ProcessIdentity };

/** Records a child in `runDir`, whole or not at all; answers the file's path. Not fsynced: no child outlives the boot. */
export function writePidFile(runDir: string, name: string, identity: ProcessIdentity): string {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const path = join(runDir, `${name}.${identity.pid}.pid`);
  writeFileSync(`${path}.tmp`, JSON.stringify({ name, ...identity }), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
  return path;
}

/** Every child that a pid file of `runDir` names; files that cannot be understood are removed. */
export function readPidFiles(runDir: string): PidFile[] {
  let names: string[];
  try {
    names = readdirSync(runDir);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  const found: PidFile[] = [];
  for (const file of names.filter((name) => name.endsWith(".pid"))) {
    const path = join(runDir, file);
    try {
      const { name, ...identity } = content.parse(JSON.parse(readFileSync(path, "utf8")));
      found.push({ path, name, identity });
    } catch {
      removePidFile(path);
    }
  }
  return found;
}

/** Forgets a child; a file that is gone already is no error. */
export function removePidFile(path: string): void {
  rmSync(path, { force: true });
}
