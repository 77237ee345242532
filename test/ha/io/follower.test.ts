import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Follower, type FollowerTiming } from "../../../ha/io/follower.ts";
import { readPidFiles } from "../../../ha/io/pid-file.ts";
import { killGroup } from "../../../ha/io/proc.ts";
import { ReplicationFixture, log, valuesOf } from "./replication-fixture.ts";

const TIMING: FollowerTiming = { intervalMs: 20, stallMs: 60_000, restoreMs: 60_000, backoffMs: 20, backoffMaxMs: 200 };

let it: ReplicationFixture;
let followers: Follower[];
beforeEach(async () => {
  followers = [];
  it = new ReplicationFixture();
  await it.open();
});
afterEach(async () => {
  for (const follower of followers) await follower.stop();
  await it.close();
});

function follow(epoch: number, timing: Partial<FollowerTiming> = {}): Follower {
  const follower = new Follower({
    binary: it.binary,
    replicaDir: it.replicaDir(epoch),
    outputDir: join(it.dir, "follower"),
    received: () => it.receiver.newest,
    env: process.env,
    runDir: it.runDir,
    log,
    timing: { ...TIMING, ...timing },
  });
  followers.push(follower);
  follower.run();
  return follower;
}
const reaches = (follower: Follower, txid: number) =>
  vi.waitFor(() => expect(follower.txid()).toBe(txid), { timeout: 20_000, interval: 10 });

test("a follower waits for the first file, keeps up, and frozen it holds exactly its txid", async () => {
  const follower = follow(3);
  expect(follower.txid()).toBeNull();
  it.write("one");
  const replication = it.replicate(3);
  await reaches(follower, await it.synced(replication));
  it.write("two");
  const newest = await it.synced(replication);
  await reaches(follower, newest);
  const frozen = await follower.freeze();
  expect(frozen).toEqual({ path: join(it.dir, "follower", "ledger.db"), txid: newest });
  expect(valuesOf(frozen?.path ?? "")).toEqual(["one", "two"]);
  expect(follower.restarts()).toBe(0);
});

test("[HA-6] a file that may hold half of a newer transaction is not handed out", async () => {
  it.write("one");
  const replication = it.replicate(3);
  const follower = follow(3);
  await reaches(follower, await it.synced(replication));
  process.kill(follower.pid ?? 0, "SIGSTOP");
  it.write("two");
  await it.synced(replication);
  expect(await follower.freeze()).toBeNull();
});

test("[HA-6] a follower frozen while files keep coming hands out exactly its txid or nothing", async () => {
  it.write("0");
  const replication = it.replicate(3);
  const first = await it.synced(replication);
  const follower = follow(3);
  await reaches(follower, first);
  for (let n = 1; n <= 10; n += 1) {
    it.write(String(n));
    await it.synced(replication);
  }
  const frozen = await follower.freeze();
  if (frozen === null) return;
  expect(frozen.txid).toBe(it.receiver.newest);
  expect(valuesOf(frozen.path)).toHaveLength(11);
});

test("[litestream 4] what an earlier run left is thrown away, and its position never passes for ours", async () => {
  const outputDir = join(it.dir, "follower");
  mkdirSync(outputDir);
  writeFileSync(join(outputDir, "ledger.db"), "another epoch's");
  writeFileSync(join(outputDir, "ledger.db-txid"), "00000000000000ff\n");
  // Even when the new epoch has come as far.
  const folder = join(it.replicaDir(3), "ltx", "0");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "0000000000000001-00000000000000ff.ltx"), "");
  expect(await follow(3).freeze()).toBeNull();
  rmSync(it.replicaDir(3), { recursive: true });
  it.write("one");
  const newest = await it.synced(it.replicate(3));
  const follower = follow(3);
  await reaches(follower, newest);
  expect(valuesOf((await follower.freeze())?.path ?? "")).toEqual(["one"]);
});

test("[litestream 2] [litestream 4] a follower that an open reader has frozen is thrown away and restored again", async () => {
  it.write("one");
  const replication = it.replicate(3);
  const first = await it.synced(replication);
  const follower = follow(3, { stallMs: 300 });
  await reaches(follower, first);
  const reader = new Database(join(it.dir, "follower", "ledger.db"));
  try {
    reader.exec("BEGIN; SELECT * FROM rows");
    it.write("two");
    await reaches(follower, await it.synced(replication));
    expect(follower.restarts()).toBeGreaterThan(0);
  } finally {
    reader.close();
  }
});

test("a follower that dies is restored again", async () => {
  it.write("one");
  const replication = it.replicate(3);
  await reaches(follow(3), await it.synced(replication));
  const [follower] = followers;
  const file = readPidFiles(it.runDir).find((one) => one.name === "follower");
  if (file === undefined || follower === undefined) throw new Error("no follower");
  killGroup(file.identity);
  await vi.waitFor(() => expect(follower.restarts()).toBe(1), { timeout: 20_000, interval: 10 });
  it.write("two");
  await reaches(follower, await it.synced(replication));
});

test("a folder that cannot be restored is tried again with growing pauses, and stop ends that", async () => {
  mkdirSync(join(it.replicaDir(3), "ltx", "0"), { recursive: true });
  it.receiver.newest = 7;
  const follower = follow(3, { backoffMs: 1 });
  await vi.waitFor(() => expect(follower.restarts()).toBeGreaterThan(2), { timeout: 20_000, interval: 10 });
  await follower.stop();
  const after = follower.restarts();
  expect(await follower.freeze()).toBeNull();
  expect(follower.restarts()).toBe(after);
});
