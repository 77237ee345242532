import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { adoptLedger, continueLedger, readLineage, writeLineage } from "../../../ha/io/ledger-files.ts";
import { newestReceived, restoreOnce } from "../../../ha/io/litestream-restore.ts";
import { ReplicationFixture, valuesOf } from "./replication-fixture.ts";

let it: ReplicationFixture;
beforeEach(async () => {
  it = new ReplicationFixture();
  await it.open();
});
afterEach(() => it.close());

const restored = async (epoch: number): Promise<string> => {
  const output = join(it.dir, "restored.db");
  const limitMs = 20_000;
  await restoreOnce({ binary: it.binary, replicaDir: it.replicaDir(epoch), output, limitMs, env: process.env });
  return output;
};

test("a promotion's file becomes the ledger alone, with its lineage, and replicates from the start of its own epoch", async () => {
  it.write("one");
  await it.synced(it.replicate(3));
  await it.killReplication();
  it.write("never sent");
  const from = await restored(3);
  // As a crash leaves it: -wal, -shm and Litestream's folder are still there.
  const crashed = join(it.dir, "crashed");
  mkdirSync(crashed);
  for (const name of ["ledger.db", "ledger.db-wal", "ledger.db-shm"])
    copyFileSync(join(it.ledgerDir, name), join(crashed, name));
  it.closeDb();
  for (const name of readdirSync(crashed)) copyFileSync(join(crashed, name), join(it.ledgerDir, name));
  expect(existsSync(join(it.ledgerDir, ".ledger.db-litestream"))).toBe(true);

  adoptLedger({ from, ledgerDir: it.ledgerDir, epoch: 4, old: { kind: "discard" } });
  expect(readdirSync(it.ledgerDir).sort()).toEqual(["ledger.db", "lineage.json"]);
  expect(statSync(it.ledgerDir).mode & 0o777).toBe(0o700);
  expect(readLineage(it.ledgerDir)).toEqual({ epoch: 4 });
  expect(existsSync(from)).toBe(false);
  it.write("two");
  await it.synced(it.replicate(4));
  await it.killReplication();
  expect(valuesOf(await restored(4))).toEqual(["one", "two"]);
});

test("[litestream 5] a ledger that goes on under a new epoch is uploaded from its first txid, its -wal included", async () => {
  it.write("one");
  await it.synced(it.replicate(3));
  it.write("two");
  await it.killReplication();
  continueLedger(it.ledgerDir, 4);
  expect(readLineage(it.ledgerDir)).toEqual({ epoch: 4 });
  await it.synced(it.replicate(4));
  await it.killReplication();
  expect(readdirSync(join(it.replicaDir(4), "ltx", "0"))[0]).toMatch(/^0000000000000001-/);
  expect(await newestReceived(it.replicaDir(4))).toBe(1);
  expect(valuesOf(await restored(4))).toEqual(["one", "two"]);
});

test("[litestream 5] as it is without that: with the old epoch's Litestream folder a new epoch is never synced", async () => {
  it.write("one");
  await it.synced(it.replicate(3));
  it.write("two");
  await it.synced(it.replicate(3));
  await it.killReplication();
  rmSync(join(it.ledgerDir, ".ledger.db-litestream", "ltx", "0", "0000000000000001-0000000000000001.ltx"));
  const replication = it.replicate(4);
  for (let tries = 0; tries < 100 && (await replication.position()) === null; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await replication.sync(5000)).kind).toBe("unknown");
});

test("the old ledger folder can be kept as a whole, and what is in the way there is not overwritten", () => {
  const from = join(it.dir, "new.db");
  writeFileSync(from, "new");
  writeFileSync(it.ledger, "old");
  writeFileSync(`${it.ledger}-wal`, "old wal");
  const path = join(it.dir, "attic", "it");
  adoptLedger({ from, ledgerDir: it.ledgerDir, epoch: 9, old: { kind: "move-to", path } });
  expect(readdirSync(path).sort()).toEqual(["ledger.db", "ledger.db-wal"]);
  writeFileSync(from, "newer");
  expect(() => adoptLedger({ from, ledgerDir: it.ledgerDir, epoch: 10, old: { kind: "move-to", path } })).toThrow(
    /in the way/,
  );
  expect(readLineage(it.ledgerDir)).toEqual({ epoch: 9 });
});

test("what a promotion that was cut short left behind is replaced by the next one", () => {
  mkdirSync(`${it.ledgerDir}.adopting`);
  writeFileSync(join(`${it.ledgerDir}.adopting`, "ledger.db-wal"), "of an earlier try");
  const from = join(it.dir, "new.db");
  writeFileSync(from, "new");
  adoptLedger({ from, ledgerDir: it.ledgerDir, epoch: 2, old: { kind: "discard" } });
  expect(readdirSync(it.dir).filter((name) => name.startsWith("ledger"))).toEqual(["ledger"]);
  expect(readdirSync(it.ledgerDir).sort()).toEqual(["ledger.db", "lineage.json"]);
});

test("no lineage is null, one that cannot be understood is an error", () => {
  expect(readLineage(it.ledgerDir)).toBeNull();
  writeFileSync(join(it.ledgerDir, "lineage.json"), "{");
  expect(() => readLineage(it.ledgerDir)).toThrow(/cannot be understood/);
  writeLineage(it.ledgerDir, { epoch: 1 });
  expect(readLineage(it.ledgerDir)).toEqual({ epoch: 1 });
});
