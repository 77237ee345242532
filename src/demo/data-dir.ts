import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePrivateFolder } from "../../ha/io/durable-file.ts";
import { DemoError } from "./options.ts";

/** Where a demo keeps its data; `remove` deletes what is temporary. */
export type DataDir = { readonly path: string; remove(): void };

const PREFIX = "trader-demo-";
/** The kernel takes 107 bytes for the path of a unix socket, and `/node-a/run/litestream.sock` is the longest here. */
const PATH_BYTES_MAX = 107 - "/node-a/run/litestream.sock".length;

/** Makes the folder of a demo: a temporary one, or `given`, which is kept and must not hold a demo already. */
export function openDataDir(given: string | null): DataDir {
  if (given === null) return temporary();
  if (Buffer.byteLength(given) > PATH_BYTES_MAX) {
    throw new DemoError(
      `--data ${given}: too long for unix sockets (${PATH_BYTES_MAX} bytes at most). Choose a shorter one.`,
    );
  }
  try {
    makePrivateFolder(given);
    accessSync(given, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DemoError(`--data ${given}: cannot be written (${reason(cause)}). Choose another directory.`, { cause });
  }
  for (const name of ["node-a", "node-b", "witness", "exchange"]) {
    if (existsSync(join(given, name))) {
      throw new DemoError(`--data ${given}: holds an earlier demo (${name}). Delete it or choose another directory.`);
    }
  }
  return { path: given, remove: () => undefined };
}

function temporary(): DataDir {
  const parent = tmpdir();
  removeLeftovers(parent);
  try {
    const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
    return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
  } catch (cause) {
    throw new DemoError(`${parent}: cannot be written (${reason(cause)}). Name a directory with --data or TMPDIR.`, {
      cause,
    });
  }
}

/** A demo that was killed could not clean up; the next one does. */
function removeLeftovers(parent: string): void {
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split("-")[0]) : Number.NaN;
    if (!Number.isInteger(pid) || existsSync(`/proc/${pid}`)) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's.
    }
  }
}

const reason = (error: unknown): string =>
  error instanceof Error ? ("code" in error ? String(error.code) : error.message) : String(error);
