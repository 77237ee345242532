import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentOf } from "../../ha/io/ledger-digest.ts";
import { LedgerReader } from "../../ha/ledger-reader.ts";

let folder: string;
let db: Database.Database;
let reader: LedgerReader;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trader-reader-"));
  db = new Database(join(folder, "ledger.db"));
  db.pragma("journal_mode = WAL");
  db.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
  const ledgerPath = join(folder, "ledger.db");
  reader = new LedgerReader({ runDir: folder, ledgerPath, log: pino({ level: "silent" }) });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});
const write = (b: string): void => void db.prepare("INSERT INTO t (b) VALUES (?)").run(b);

test("a commit during the sync makes it read again: what it answers is what the ledger was at that position", async () => {
  write("before");
  let syncs = 0;
  const read = await reader.read(() => {
    syncs += 1;
    // A writer waits for nobody while the ledger is read.
    if (syncs <= 2) write(`during ${syncs}`);
    return Promise.resolve(syncs);
  });
  expect(syncs).toBe(3);
  expect(read).toEqual({ kind: "read", txid: 3, content: contentOf(db) });
});

test("without a sync it answers nothing", async () => {
  const read = await reader.read(() => Promise.resolve(null));
  expect(read).toEqual({ kind: "refused", reason: "the standby did not take a sync" });
});

test("stopped in the middle it ends, has the ledger open no more, and can read again", async () => {
  const stopped = await reader.read(async () => {
    await reader.stop();
    return 1;
  });
  expect(stopped.kind).toBe("refused");
  expect((await reader.read(() => Promise.resolve(9))).kind).toBe("read");
});

test("one at a time", async () => {
  const second = Promise.withResolvers<unknown>();
  await reader.read(async () => {
    second.resolve(await reader.read(() => Promise.resolve(1)));
    return 1;
  });
  expect(await second.promise).toEqual({ kind: "refused", reason: "the ledger is being read already" });
});
