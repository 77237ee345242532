import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newestReceived, parseTxid, restoreOnce } from "../../../ha/io/litestream-restore.ts";
import { replicationEnv } from "../../../ha/io/litestream.ts";
import { CONFIG_PATH, ReplicationFixture, valuesOf } from "./replication-fixture.ts";

let it: ReplicationFixture;
beforeEach(async () => {
  it = new ReplicationFixture();
  await it.open();
});
afterEach(() => it.close());

const restore = (epoch: number) =>
  restoreOnce({
    binary: it.binary,
    replicaDir: it.replicaDir(epoch),
    output: join(it.dir, "restored.db"),
    limitMs: 20_000,
    env: process.env,
  });

test("[HA-6] what a sync confirmed is in a restore, and a sync with nothing new is a success too", async () => {
  it.write("one");
  const replication = it.replicate(3);
  const first = await it.synced(replication);
  it.write("two");
  const outcome = await replication.sync(5000);
  expect(outcome).toEqual({ kind: "synced", txid: first + 1, replicatedTxid: first + 1 });
  expect(await replication.sync(5000)).toEqual(outcome);
  expect(await replication.position()).toBe(first + 1);
  await replication.child.kill();
  expect(await newestReceived(it.replicaDir(3))).toBe(first + 1);
  expect(await restore(3)).toEqual({ kind: "restored", txid: first + 1 });
  expect(valuesOf(join(it.dir, "restored.db"))).toEqual(["one", "two"]);
});

test("[litestream 1] Litestream ends by itself when its target refuses or is down at the start", async () => {
  it.write("one");
  it.receiver.mode = "refuse";
  expect((await it.replicate(3).child.exited).code).toBe(1);
  await it.receiver.close();
  expect((await it.replicate(3).child.exited).code).toBe(1);
});

test("[HA-5] a receiver that refuses makes a sync unknown, Litestream lives on, and the next sync brings all of it", async () => {
  it.write("one");
  const replication = it.replicate(3);
  const first = await it.synced(replication);
  it.receiver.mode = "refuse";
  it.write("two");
  expect((await replication.sync(5000)).kind).toBe("unknown");
  it.receiver.mode = "serve";
  expect(await it.synced(replication)).toBe(first + 1);
});

test("a receiver that hangs makes a sync unknown by our own time limit", async () => {
  it.write("one");
  const replication = it.replicate(3);
  await it.synced(replication);
  it.receiver.mode = "hang";
  it.write("two");
  expect(await replication.sync(200)).toEqual({ kind: "unknown", reason: "no answer within the time limit" });
});

test("without a daemon a sync is unknown and the position null", async () => {
  it.write("one");
  const replication = it.replicate(3);
  await it.synced(replication);
  await replication.child.kill();
  expect((await replication.sync(1000)).kind).toBe("unknown");
  expect(await replication.position()).toBeNull();
});

test("[litestream 9] a stop with the target hanging does not wait for it", async () => {
  it.write("one");
  const replication = it.replicate(3);
  await it.synced(replication);
  it.receiver.mode = "hang";
  it.write("two");
  await replication.stop();
  await expect(replication.child.exited).resolves.toBeDefined();
  expect(readFileSync(CONFIG_PATH, "utf8")).toMatch(/^shutdown-sync-timeout: 1s$/m);
});

test("[litestream 6] started again after a SIGKILL it goes on where it was while the ledger is open", async () => {
  it.write("one");
  const before = await it.synced(it.replicate(3));
  await it.killReplication();
  it.write("two");
  expect(await it.synced(it.replicate(3))).toBe(before + 1);
});

test("[litestream 10] a folder with no files is nothing to restore, not a failure", async () => {
  expect(await restore(3)).toEqual({ kind: "nothing" });
  mkdirSync(join(it.replicaDir(3), "ltx", "0"), { recursive: true });
  expect(await restore(3)).toEqual({ kind: "nothing" });
  expect(await newestReceived(it.replicaDir(3))).toBeNull();
});

test("variables that would not survive in quoted YAML, and sockets with too long a path, are refused", () => {
  const good = {
    ledger: "/d/ledger.db",
    replicaUrl: "http://127.0.0.1:1",
    replicaPath: "/e/1",
    user: "u",
    password: "p$x",
    socket: "/d/s",
  };
  expect(replicationEnv(good)["TRADER_LINK_PASSWORD"]).toBe("p$x");
  for (const password of ['a"b', "a\\b", "a\nb", ""]) {
    expect(() => replicationEnv({ ...good, password })).toThrow(/TRADER_LINK_PASSWORD/);
  }
  expect(() => replicationEnv({ ...good, socket: `/${"s".repeat(107)}` })).toThrow(/too long/);
  expect(() => replicationEnv({ ...good, ledger: "ledger.db" })).toThrow(/absolute/);
});

test("litestream.yml uses exactly the variables that the agent fills", () => {
  const used = [...readFileSync(CONFIG_PATH, "utf8").matchAll(/\$\{?(\w+)/g)].map((match) => match[1]);
  const filled = replicationEnv({
    ledger: "/l",
    replicaUrl: "u",
    replicaPath: "p",
    user: "u",
    password: "p",
    socket: "/s",
  });
  expect(new Set(used)).toEqual(new Set(Object.keys(filled)));
});

test("a txid is read as 16 hex digits and nothing else", () => {
  expect(parseTxid("00000000000000ff")).toBe(255);
  expect(parseTxid("ff")).toBeNull();
  expect(parseTxid("ffffffffffffffff")).toBeNull();
});
