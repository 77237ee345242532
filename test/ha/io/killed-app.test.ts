import { execFileSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreOnce } from "../../../ha/io/litestream-restore.ts";
import { ReplicationFixture, valuesOf } from "./replication-fixture.ts";

/** Both copies of the header of SQLite's index of its log: what a commit writes last. */
const HEADER_BYTES = 96;

let it: ReplicationFixture;
beforeEach(async () => {
  it = new ReplicationFixture();
  await it.open();
});
afterEach(() => it.close());

/** An app that inserts one row and is killed; it closes nothing. */
function appWrites(value: string): void {
  const program = `
    const db = new (require("better-sqlite3"))(process.argv[1]);
    db.pragma("synchronous = FULL");
    db.prepare("INSERT INTO rows (value) VALUES (?)").run(process.argv[2]);
    process.kill(process.pid, "SIGKILL");`;
  try {
    execFileSync(process.execPath, ["-e", program, it.ledger, value], { cwd: import.meta.dirname, stdio: "pipe" });
  } catch {
    // It was killed, as it should be.
  }
}

/** What `appWrites` does, but the kill comes after the log was written and before its index was: within the commit. */
function appDiesWithinACommit(value: string): void {
  const index = openSync(`${it.ledger}-shm`, "r+");
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(index, header, 0, HEADER_BYTES, 0);
    appWrites(value);
    writeSync(index, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(index);
  }
}

async function restored(): Promise<string[]> {
  await it.killReplication();
  const output = join(it.dir, "restored.db");
  const { binary } = it;
  await restoreOnce({ binary, replicaDir: it.replicaDir(3), output, limitMs: 20_000, env: process.env });
  return valuesOf(output);
}

/** A ledger whose first rows are in its file and not in its log any more, and Litestream on it. */
async function begun() {
  for (let n = 0; n < 200; n += 1) it.write("x".repeat(1_000));
  it.db().pragma("wal_checkpoint(TRUNCATE)");
  const replication = it.replicate(3);
  await it.synced(replication);
  it.write("before");
  await it.synced(replication);
  return replication;
}

test("[litestream 12] as it is with Litestream alive: what is written after an app died within a commit is not replicated", async () => {
  const replication = await begun();
  it.closeDb();
  appDiesWithinACommit("within");
  await it.synced(replication);
  appWrites("after");
  // It says that it is synced, or that it cannot be.
  let outcome = await replication.sync(5_000);
  for (let more = 0; more < 5 && outcome.kind === "unknown"; more += 1) outcome = await replication.sync(5_000);
  const values = await restored();
  expect(values.length).toBeGreaterThanOrEqual(200);
  expect(values).not.toContain("after");
});

test("[litestream 12] Litestream ends with the app and starts when the next one has the ledger open: nothing is lost", async () => {
  const replication = await begun();
  it.closeDb();
  appDiesWithinACommit("within");
  await it.synced(replication);
  await it.killReplication();
  const next = new Database(it.ledger);
  try {
    // What Litestream had taken is found by the next one to open it.
    expect(next.prepare("SELECT value FROM rows ORDER BY n DESC LIMIT 2").pluck().all()).toEqual(["within", "before"]);
    next.prepare("INSERT INTO rows (value) VALUES (?)").run("after");
    await it.synced(it.replicate(3));
    expect((await restored()).slice(-3)).toEqual(["before", "within", "after"]);
  } finally {
    next.close();
  }
});
