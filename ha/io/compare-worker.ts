import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { compareLedgers } from "./compare-ledgers.ts";

/**
 * `node compare-worker.ts OLD NEWER SCRATCH`: one line of JSON, the tables of OLD (with its -wal) that NEWER does not
 * hold completely. Works on copies in SCRATCH, so that both stay as they are; its caller removes SCRATCH.
 */
const [older, newer, scratch] = process.argv.slice(2);
if (older === undefined || newer === undefined || scratch === undefined)
  throw new Error("usage: compare-worker.ts OLD NEWER SCRATCH");

function copied(path: string, name: string): string {
  const target = join(scratch ?? "", name);
  copyFileSync(path, target);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${target}-wal`);
  return target;
}

const db = new Database(copied(older, "older.db"), { fileMustExist: true });
db.pragma("temp_store = FILE");
db.prepare("ATTACH ? AS newer").run(copied(newer, "newer.db"));
process.stdout.write(`${JSON.stringify({ tables: compareLedgers(db) })}\n`);
db.close();
