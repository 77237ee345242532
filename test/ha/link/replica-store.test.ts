import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ReplicaStore } from "../../../ha/link/replica-store.ts";
import { ltx, Scratch } from "./cluster.ts";

const scratch = new Scratch();
let dir: string;
beforeEach(() => {
  dir = scratch.folder();
});
afterEach(() => scratch.end());

const put = (store: ReplicaStore, epoch: number, name: string, level = 0, sender = "node-a") =>
  store.put({ epoch, level, name }, sender, Readable.from([Buffer.from("1234")]), 4);

test("a promise and a disk's identity outlive the process", async () => {
  const first = new ReplicaStore(dir);
  expect(first.fence).toBeNull();
  await first.promise({ epoch: 4, holder: "node-a" });
  const second = new ReplicaStore(dir);
  expect(second.fence).toEqual({ epoch: 4, holder: "node-a" });
  expect(second.diskId).toBe(first.diskId);
  expect(second.diskId).toMatch(/^[0-9a-f]{32}$/);
});

test("a folder that was lost comes back under another identity, without promise and position", async () => {
  const first = new ReplicaStore(dir);
  await first.promise({ epoch: 4, holder: "node-a" });
  rmSync(join(dir, "replica"), { recursive: true });
  const second = new ReplicaStore(dir);
  expect(second.diskId).not.toBe(first.diskId);
  expect(second).toMatchObject({ fence: null, newest: null });
});

test("a damaged promise is never taken for none", () => {
  mkdirSync(join(dir, "replica"));
  writeFileSync(join(dir, "replica", "fence.json"), '{"epoch":');
  expect(() => new ReplicaStore(dir)).toThrow(/fence\.json is damaged\. Move .* aside/);
});

test("the newest position is found again after a restart, over all levels, of the newest epoch", async () => {
  const store = new ReplicaStore(dir);
  await store.promise({ epoch: 2, holder: "node-a" });
  await put(store, 2, ltx(1, 900));
  await store.promise({ epoch: 3, holder: "node-a" });
  expect(store.newest).toEqual({ epoch: 2, txid: 900 });
  await put(store, 3, ltx(1));
  await put(store, 3, ltx(2));
  await put(store, 3, ltx(1, 2), 1);
  expect(store.newest).toEqual({ epoch: 3, txid: 2 });
  await store.remove({ epoch: 3, level: 0, name: ltx(1) });
  await store.remove({ epoch: 3, level: 0, name: ltx(2) });
  expect(new ReplicaStore(dir).newest).toEqual({ epoch: 3, txid: 2 });
});

test("[HA-6] a file that does not continue what is here is refused, until one does; a whole copy always continues", async () => {
  const store = new ReplicaStore(dir);
  await store.promise({ epoch: 3, holder: "node-a" });
  await put(store, 3, ltx(1, 2));
  expect(store.gap).toBe(false);
  const refused = { kind: "gap", reason: "transactions up to 2 are here, and these begin with 4" };
  expect(await put(store, 3, ltx(4))).toEqual(refused);
  expect(await put(store, 3, ltx(4, 6), 1)).toEqual(refused);
  expect(store).toMatchObject({ gap: true, newest: { epoch: 3, txid: 2 } });
  expect(readdirSync(join(dir, "replica", "tmp"))).toEqual([]);
  for (const file of [ltx(2, 3), ltx(3), ltx(4)]) expect(await put(store, 3, file)).toEqual({ kind: "stored" });
  expect(store.gap).toBe(false);
  expect(await put(store, 3, ltx(1, 9), 9)).toEqual({ kind: "stored" });
  expect(await put(store, 3, ltx(10))).toEqual({ kind: "stored" });
  // What an older epoch had is nothing of a new one, nor is its gap.
  await put(store, 3, ltx(12));
  await store.promise({ epoch: 4, holder: "node-a" });
  expect(store.gap).toBe(false);
  expect(await put(store, 4, ltx(11))).toMatchObject({ kind: "gap" });
});

test("[HA-5] an upload that began before a newer promise and ends after it is refused and leaves nothing", async () => {
  const store = new ReplicaStore(dir);
  await store.promise({ epoch: 2, holder: "node-a" });
  const started = Promise.withResolvers<void>();
  const promised = Promise.withResolvers<void>();
  async function* body() {
    yield Buffer.from("12");
    started.resolve();
    await promised.promise;
    yield Buffer.from("34");
  }
  const upload = store.put({ epoch: 2, level: 0, name: ltx(1) }, "node-a", Readable.from(body()), 4);
  await started.promise;
  await store.promise({ epoch: 3, holder: "node-b" });
  promised.resolve();
  expect(await upload).toEqual({ kind: "fenced", reason: "epoch 2 is not the promised epoch 3" });
  expect(existsSync(join(dir, "replica", "e"))).toBe(false);
  expect(readdirSync(join(dir, "replica", "tmp"))).toEqual([]);
});

test("a promise is on disk before it is acknowledged", async () => {
  const store = new ReplicaStore(dir);
  await store.promise({ epoch: 7, holder: "node-b" });
  expect(JSON.parse(readFileSync(join(dir, "replica", "fence.json"), "utf8"))).toEqual({ epoch: 7, holder: "node-b" });
});

test("half an upload and what a killed process left are removed", async () => {
  const store = new ReplicaStore(dir);
  await store.promise({ epoch: 2, holder: "node-a" });
  const short = store.put({ epoch: 2, level: 0, name: ltx(1) }, "node-a", Readable.from([Buffer.from("12")]), 4);
  await expect(short).rejects.toThrow(/ended after 2 of 4/);
  const long = store.put({ epoch: 2, level: 0, name: ltx(1) }, "node-a", Readable.from([Buffer.from("123456")]), 4);
  await expect(long).rejects.toThrow(/more than 4/);
  expect(readdirSync(join(dir, "replica", "tmp"))).toEqual([]);
  expect(existsSync(join(dir, "replica", "e"))).toBe(false);
  writeFileSync(join(dir, "replica", "tmp", "77"), "torn");
  expect(new ReplicaStore(dir).newest).toBeNull();
  expect(readdirSync(join(dir, "replica", "tmp"))).toEqual([]);
});

test("prune keeps what it is told and the promised epoch, and nothing else", async () => {
  const store = new ReplicaStore(dir);
  for (const epoch of [1, 2, 3, 4]) {
    await store.promise({ epoch, holder: "node-a" });
    await put(store, epoch, ltx(1));
  }
  await store.prune([2]);
  expect(readdirSync(join(dir, "replica", "e")).sort()).toEqual(["2", "4"]);
  expect(store.newest).toEqual({ epoch: 4, txid: 1 });
});
