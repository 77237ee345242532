import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { errorCode, makePrivateFolder, syncFolder, writeFileDurably } from "./durable-file.ts";
import { syncFile } from "./sync-file.ts";

/** Which epoch's history a ledger continues. */
export type Lineage = { epoch: number };

const lineageSchema = z.object({ epoch: z.int().nonnegative() });
const LINEAGE = "lineage.json";
const LEDGER = "ledger.db";
/** Litestream's own record of what it has uploaded, beside the database. */
const LITESTREAM_FOLDER = ".ledger.db-litestream";

/** The ledger's file in its folder. */
export const ledgerPath = (ledgerDir: string): string => join(ledgerDir, LEDGER);

/** The lineage of a ledger folder; null when there is none. Throws when it cannot be understood. */
export function readLineage(ledgerDir: string): Lineage | null {
  let text: string;
  try {
    text = readFileSync(join(ledgerDir, LINEAGE), "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
  try {
    return lineageSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${join(ledgerDir, LINEAGE)} cannot be understood`, { cause: error });
  }
}

/** Writes the lineage durably, making the folder if need be. */
export function writeLineage(ledgerDir: string, lineage: Lineage): void {
  makePrivateFolder(ledgerDir);
  writeFileDurably(join(ledgerDir, LINEAGE), `${JSON.stringify(lineage)}\n`);
}

/** What becomes of the ledger folder that is in the way: deleted, or moved to a path that does not exist yet. */
export type OldLedger = { kind: "discard" } | { kind: "move-to"; path: string };

/** `from` is a database file that nobody has open; it is moved, so it must be on the same file system. */
export type AdoptOptions = { from: string; ledgerDir: string; epoch: number; old: OldLedger };

/**
 * Makes `from` the ledger of `epoch`: durable, with its lineage, and with no -wal, -shm or Litestream folder of another
 * history beside it. The new folder is complete before the old one moves; after a crash between the two renames there
 * is no ledger folder, never a mixed one.
 */
export function adoptLedger(options: AdoptOptions): void {
  const { from, ledgerDir, epoch, old } = options;
  const staging = `${ledgerDir}.adopting`;
  // A promotion that was cut short; its epoch is over.
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  syncFile(from);
  renameSync(from, ledgerPath(staging));
  writeLineage(staging, { epoch });
  syncFolder(staging);
  if (existsSync(ledgerDir)) putAside(ledgerDir, old);
  renameSync(staging, ledgerDir);
  syncFolder(dirname(ledgerDir));
}

/**
 * Makes the ledger that is in place, which nobody has open, that of a new epoch. Its -wal stays, for it holds commits;
 * Litestream's folder goes, or it would upload the old epoch's files, or fail on a missing first one.
 */
export function continueLedger(ledgerDir: string, epoch: number): void {
  rmSync(join(ledgerDir, LITESTREAM_FOLDER), { recursive: true, force: true });
  writeLineage(ledgerDir, { epoch });
}

/** Deletes a ledger folder, or moves it; durable when it returns. */
export function putAside(ledgerDir: string, old: OldLedger): void {
  if (old.kind === "discard") {
    rmSync(ledgerDir, { recursive: true, force: true });
  } else {
    if (existsSync(old.path)) throw new Error(`in the way: ${old.path}`);
    makePrivateFolder(dirname(old.path));
    renameSync(ledgerDir, old.path);
    syncFolder(dirname(old.path));
  }
  syncFolder(dirname(ledgerDir));
}
