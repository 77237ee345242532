import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";

/** Fsyncs a folder, so that the names in it survive a power cut. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Creates a folder (and its parents) for this user only, 0700; each name made is durable afterwards. */
export function makePrivateFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  // Not `recursive`: where names cannot be made at all, as in /proc, that never returns.
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      // Another process may have made it meanwhile.
      if (errorCode(error) !== "EEXIST") throw error;
    }
    syncFolder(dirname(folder));
  }
  if (!statSync(path).isDirectory()) throw new Error(`${path}: is not a directory`);
}

/** Replaces `path` as a whole: temporary file, fsync, rename, fsync of the folder. Readers see the old or the new. */
export function writeFileDurably(path: string, data: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, "w", mode);
    try {
      fchmodSync(fd, mode);
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** The system's code of a failure ("ENOENT", "ECONNREFUSED"), or null when it has none. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

const LOCK_WAIT_MS = 10;
const LOCK_TRIES = 200;
const LOCK_STALE_MS = 10_000;

function isStale(lock: string): boolean {
  try {
    return Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS;
  } catch {
    return false;
  }
}

/**
 * Runs a short synchronous `work` while no other process runs one under the same lock (a folder at `lock`).
 * Waits two seconds at most, then throws; a lock left by a killed process is broken after ten seconds.
 */
export function withFolderLock<T>(lock: string, work: () => T): T {
  for (let tries = 0; ; tries += 1) {
    try {
      mkdirSync(lock, { mode: 0o700 });
      break;
    } catch (cause) {
      if (errorCode(cause) !== "EEXIST") throw cause;
      if (isStale(lock)) rmSync(lock, { recursive: true, force: true });
      else if (tries >= LOCK_TRIES) throw new Error(`${lock} is held by another process; try again`, { cause });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
    }
  }
  try {
    return work();
  } finally {
    rmdirSync(lock);
  }
}
