import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { makePrivateFolder, writeFileDurably } from "./durable-file.ts";
import { type TableTail, tableTailSchema } from "./compare-ledgers.ts";
import { ledgerPath, putAside } from "./ledger-files.ts";
import { lastLine, runCommand } from "./run-command.ts";

/**
 * What a returning node's own ledger has and the newer one has not. `unknown`: they could not be compared, so that a
 * tail must be assumed [HA-9].
 */
export type Tail =
  | { kind: "none" }
  | { kind: "tail"; rows: number; tables: TableTail[] }
  | { kind: "unknown"; reason: string };

/** `newer` is a restored file that nobody has open, never the one being followed. */
export type CompareOptions = { ledgerDir: string; newer: string; limitMs: number; env: NodeJS.ProcessEnv };

const answer = z.object({ tables: z.array(tableTailSchema) });

/** Rows of a table that were written apart: its own keys, and counted keys that both sides gave to different rows. */
const apart = (table: TableTail): number => table.only + (table.counted ? table.changed : 0);

/**
 * Compares the ledger in `ledgerDir`, which nobody has open, with a newer one by primary key, in a process of its own.
 * Rows that both have and that only differ in content are no tail: the newer one went on with them.
 */
export async function compareWithNewer(options: CompareOptions): Promise<Tail> {
  const { ledgerDir, newer, limitMs, env } = options;
  if (!existsSync(ledgerPath(ledgerDir))) return { kind: "none" };
  const scratch = mkdtempSync(join(dirname(newer), "compare-"));
  try {
    const worker = join(import.meta.dirname, "compare-worker.ts");
    const args = [worker, ledgerPath(ledgerDir), newer, scratch];
    const { code, stdout, stderr } = await runCommand({ command: process.execPath, args, env, limitMs });
    if (code === null) return { kind: "unknown", reason: "the comparison took too long" };
    const error = /^\w*Error: .*$/m.exec(stderr)?.[0];
    if (code !== 0) return { kind: "unknown", reason: lastLine(error ?? stderr) };
    const { tables } = answer.parse(JSON.parse(stdout));
    const rows = tables.reduce((sum, table) => sum + apart(table), 0);
    return rows === 0 ? { kind: "none" } : { kind: "tail", rows, tables };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `epoch` is the lineage of the ledger that is set aside; `summary` says why, in JSON. */
export type SetAsideOptions = {
  ledgerDir: string;
  atticDir: string;
  nowMs: number;
  epoch: number | null;
  summary: Exclude<Tail, { kind: "none" }>;
};

/** A new folder of the attic, named after the instant and the epoch of what goes there. */
function placeIn(atticDir: string, nowMs: number, epoch: number | null): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
  const base = join(atticDir, `${time}-e${epoch ?? "unknown"}`);
  let place = base;
  for (let n = 2; existsSync(place); n += 1) place = `${base}-${n}`;
  makePrivateFolder(place);
  return place;
}

export type CopyToSetAside = {
  /** What was received, and the file that was made from it; each may be missing. */
  replicaDir: string;
  warmCopy: string;
  /** A ledger that this node led with before, where it has one still. */
  ledgerDir: string;
  atticDir: string;
  nowMs: number;
  at: { epoch: number; txid: number };
};

/** Moves a standby's whole copy into the attic [HA-9]; nobody uses it any more. Answers where it is now. */
export function setCopyAside({ replicaDir, warmCopy, ledgerDir, atticDir, nowMs, at }: CopyToSetAside): string {
  const place = placeIn(atticDir, nowMs, at.epoch);
  const summary = { atMs: nowMs, kind: "replaced", ...at };
  writeFileDurably(join(place, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  if (existsSync(replicaDir)) putAside(replicaDir, { kind: "move-to", path: join(place, "replica") });
  if (existsSync(ledgerDir)) putAside(ledgerDir, { kind: "move-to", path: join(place, "ledger") });
  else if (existsSync(warmCopy)) {
    makePrivateFolder(join(place, "ledger"));
    renameSync(warmCopy, ledgerPath(join(place, "ledger")));
  }
  return place;
}

/** Moves a ledger folder, with all that is beside the database, into the attic [HA-9]; answers where it is now. */
export function setAside(options: SetAsideOptions): string {
  const { ledgerDir, atticDir, nowMs, epoch, summary } = options;
  const place = placeIn(atticDir, nowMs, epoch);
  writeFileDurably(join(place, "summary.json"), `${JSON.stringify({ atMs: nowMs, epoch, ...summary }, null, 2)}\n`);
  putAside(ledgerDir, { kind: "move-to", path: join(place, "ledger") });
  return place;
}
