import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { restoreOnce } from "../../../ha/io/litestream-restore.ts";
import { CONFIG_PATH, ReplicationFixture, valuesOf } from "./replication-fixture.ts";

let it: ReplicationFixture;
beforeEach(async () => {
  it = new ReplicationFixture();
  await it.open();
});
afterEach(() => it.close());

test("[litestream 7] [node new-epoch] a new epoch is confirmed after one upload of the ledger, and keeps two more levels, not four", async () => {
  const insert = it.db().prepare("INSERT INTO rows (value) VALUES (hex(randomblob(2000)))");
  for (let n = 0; n < 500; n += 1) insert.run();
  it.db().pragma("wal_checkpoint(TRUNCATE)");
  const ledgerBytes = statSync(it.ledger).size;
  await it.synced(it.replicate(3));
  expect(it.receiver.bytes).toBeGreaterThan(ledgerBytes / 4);
  expect(it.receiver.bytes).toBeLessThan(1.2 * ledgerBytes);
  expect(readFileSync(CONFIG_PATH, "utf8").match(/^ {2}- interval:/gm)).toHaveLength(2);
});

test("[litestream 8] while the target refuses, commits go on and SQLite may begin its log anew; one sync brings everything", async () => {
  it.write("before");
  const replication = it.replicate(3);
  const first = await it.synced(replication);
  it.receiver.mode = "refuse";
  const value = "x".repeat(64_000);
  for (let n = 0; n < 200; n += 1) it.write(value);
  const behind = await replication.sync(5_000);
  expect(behind.kind).toBe("unknown");
  it.receiver.mode = "serve";
  expect(await it.synced(replication)).toBeGreaterThan(first);
  await it.killReplication();
  const output = join(it.dir, "restored.db");
  const { binary } = it;
  await restoreOnce({ binary, replicaDir: it.replicaDir(3), output, limitMs: 20_000, env: process.env });
  expect(valuesOf(output)).toHaveLength(201);
  const copy = new Database(output, { readonly: true });
  expect(copy.pragma("integrity_check", { simple: true })).toBe("ok");
  copy.close();
});

test("[litestream 10] [litestream 11] neither S3 nor its lease is used: what S3 reads of the environment changes nothing", async () => {
  const config = readFileSync(CONFIG_PATH, "utf8").replaceAll(/#.*/g, "");
  expect(config.match(/type: (\w+)$/gm)).toEqual(["type: webdav", "type: json"]);
  expect(config).not.toMatch(/s3|lease|bucket/i);
  it.write("one");
  const replication = it.replicate(3, { AWS_CA_BUNDLE: "/nowhere", AWS_REGION: "nowhere" });
  expect(await it.synced(replication)).toBeGreaterThan(0);
});
