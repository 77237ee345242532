import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "./durable-file.ts";
import { lastLine, runCommand } from "./run-command.ts";

/** `txid` is what the restored file holds; `nothing` means that no complete history is there. */
export type RestoreOutcome = { kind: "restored"; txid: number } | { kind: "nothing" };

export type RestoreOptions = {
  binary: string;
  /** `replica/e/<epoch>`, of which nobody writes any more, or whose newest files may be missed. */
  replicaDir: string;
  output: string;
  /** Exactly up to there; the newest when left out. */
  txid?: number;
  limitMs: number;
  env: NodeJS.ProcessEnv;
};

const result = z.object({ txid: z.string().regex(/^[0-9a-f]{16}$/) });

/** A txid as Litestream writes it: 16 hex digits; null for anything else or beyond what a number holds. */
export function parseTxid(text: string): number | null {
  if (!/^[0-9a-f]{16}$/.test(text)) return null;
  const txid = Number.parseInt(text, 16);
  return Number.isSafeInteger(txid) ? txid : null;
}

/** Removes a restored file with everything that Litestream and SQLite put beside it. */
export async function removeRestored(output: string): Promise<void> {
  for (const end of ["", "-wal", "-shm", "-journal", "-txid", "-txid.tmp", ".tmp"])
    await rm(output + end, { force: true });
}

/** One-shot restore of a received folder into `output`, replacing it. Rejects when Litestream fails or takes too long. */
export async function restoreOnce(options: RestoreOptions): Promise<RestoreOutcome> {
  await removeRestored(options.output);
  const upTo = options.txid === undefined ? [] : ["-txid", options.txid.toString(16).padStart(16, "0")];
  const { code, stdout, stderr } = await runCommand({
    command: options.binary,
    args: ["restore", "-json", ...upTo, "-o", options.output, `file://${options.replicaDir}`],
    env: options.env,
    limitMs: options.limitMs,
  });
  if (code === 0) {
    const txid = parseTxid(result.parse(JSON.parse(stdout)).txid);
    if (txid !== null) return { kind: "restored", txid };
  }
  await removeRestored(options.output);
  if (/no matching backup files available/.test(stderr)) return { kind: "nothing" };
  throw new Error(`litestream restore ${code === null ? "took too long" : `failed: ${lastLine(stderr)}`}`);
}

const LTX_NAME = /^[0-9a-f]{16}-([0-9a-f]{16})\.ltx$/;

/** The newest txid of a received folder, by the names of its files at any level; null when there is none. */
export async function newestReceived(replicaDir: string): Promise<number | null> {
  const levelsDir = join(replicaDir, "ltx");
  let newest: number | null = null;
  for (const level of await namesIn(levelsDir)) {
    for (const name of await namesIn(join(levelsDir, level))) {
      const txid = parseTxid(LTX_NAME.exec(name)?.[1] ?? "");
      if (txid !== null && (newest === null || txid > newest)) newest = txid;
    }
  }
  return newest;
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    // Files come and go, and a level may not be there yet.
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}
