import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LeaseShell } from "../../ha/lease-shell.ts";
import { Replication } from "../../ha/replication.ts";
import type { Replicator } from "../../ha/replicator.ts";
import { atWork, member, pass, timing } from "./core/pair.ts";

type Outcome = Awaited<ReturnType<Replicator["sync"]>>;
const synced: Outcome = { kind: "synced", txid: 7 };
const full: Outcome = { kind: "unknown", reason: "507" };
const log = pino({ level: "silent" });
const receiving = { kind: "peer" as const, receiving: true, diskId: "d", epoch: 1, txid: 7, gap: false, reason: "" };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A primary whose standby receives and is in the set; what its Litestream does is given. */
function started(litestream: { sync: () => Outcome; responds: () => boolean; starts?: () => void }) {
  const pair = atWork();
  let nowMs = pair.nowMs;
  const shell = new LeaseShell(member(pair, "a"), {
    nowMs: () => pair.nowMs,
    persist: () => Promise.resolve(),
    send: () => undefined,
    act: () => undefined,
    failed: () => undefined,
    log,
  });
  const killed: number[] = [];
  let pid = 0;
  let said = receiving;
  const replication = new Replication(1, true, {
    shell,
    nowMs: () => nowMs,
    startReplicator: (): Replicator => {
      litestream.starts?.();
      const own = (pid += 1);
      const exited = Promise.withResolvers<void>();
      return {
        pid: own,
        exited: exited.promise,
        sync: () => Promise.resolve(litestream.sync()),
        responds: () => Promise.resolve(litestream.responds()),
        kill: () => {
          killed.push(own);
          exited.resolve();
          return Promise.resolve();
        },
      };
    },
    answer: () => undefined,
    log,
  });
  replication.onConnector(1);
  replication.run();
  /** The standby's receiver goes on answering, once a second and at every change, and so do the other voters. */
  const go = async (ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += timing.tickMs) {
      nowMs += timing.tickMs;
      pass(pair, timing.tickMs);
      Object.assign(shell.member.remotes, member(pair, "a").remotes);
      if (Math.floor(gone / 1_000) !== Math.floor((gone - timing.tickMs) / 1_000)) replication.onPeer(said);
      await vi.advanceTimersByTimeAsync(timing.tickMs);
    }
  };
  const say = (state: typeof receiving): void => {
    said = state;
  };
  const inSync = (): readonly string[] => shell.member.voter.record?.sync.inSync ?? [];
  return { replication, killed, go, inSync, say, shell };
}

test("[HA-6] a standby that comes back with less than it had leaves the set at once, and a higher epoch is asked for", async () => {
  const { replication, go, inSync, shell } = started({ sync: () => synced, responds: () => true });
  await go(1_000);
  expect(inSync()).toEqual(["a", "b"]);
  replication.onPeer({ ...receiving, receiving: false, reason: "away" });
  replication.onPeer({ ...receiving, txid: 3 });
  expect(inSync()).toEqual(["a"]);
  expect(shell.member.phase).toMatchObject({ kind: "primary", epoch: 1, raiseTo: expect.any(Number) });
  await go(3_000);
  expect(inSync()).toEqual(["a"]);
  await replication.stop();
});

test("[HA-6] a standby enters the set when it says itself that it has what was synced", async () => {
  const { replication, go, inSync, say } = started({ sync: () => synced, responds: () => true });
  say({ ...receiving, txid: 6 });
  await go(1_000);
  replication.onPeer({ ...receiving, diskId: "e" });
  await go(3_000);
  expect(inSync()).toEqual(["a"]);
  say({ ...receiving, txid: 7 });
  await go(1_500);
  expect(inSync()).toEqual(["a", "b"]);
  await replication.stop();
});

test("a standby that answers and takes nothing leaves the set, and the reason is said", async () => {
  let outcome: Outcome = synced;
  const { replication, go, inSync } = started({ sync: () => outcome, responds: () => true });
  await go(1_000);
  expect(inSync()).toEqual(["a", "b"]);
  expect(replication.trouble).toBeNull();
  outcome = full;
  // Each poll of its receiver says that it receives.
  await go(timing.leaseMs + 1_000);
  expect(inSync()).toEqual(["a"]);
  expect(replication.trouble).toBe("The standby does not take the replica: 507");
  await replication.stop();
});

test("a sync that fails at once is not repeated as fast as it fails", async () => {
  let syncs = 0;
  const { replication, go } = started({ sync: () => ((syncs += 1), full), responds: () => true });
  await go(10_000);
  expect(syncs).toBeLessThan(15);
  await replication.stop();
});

test("Litestream that syncs nothing and answers nothing is killed and started again; one that answers is left alone", async () => {
  let responds = true;
  const { replication, killed, go } = started({ sync: () => full, responds: () => responds });
  await go(20_000);
  expect(killed).toEqual([]);
  responds = false;
  await go(10_000);
  expect(killed).toEqual([1]);
  expect(replication.pid).toBe(2);
  await replication.stop();
});

test("Litestream that cannot be started stops nothing: the standby leaves the set, and it is tried again", async () => {
  let starts = 0;
  const { replication, go, inSync } = started({
    sync: () => synced,
    responds: () => true,
    starts: () => {
      starts += 1;
      throw new Error("no space left");
    },
  });
  await go(timing.leaseMs + 3_000);
  expect(starts).toBeGreaterThan(2);
  expect(inSync()).toEqual(["a"]);
  expect(replication.trouble).toBe(
    "The standby does not take the replica: Litestream cannot be started: no space left",
  );
  await replication.stop();
});

test("a sync that the app's death cut off puts nobody out of the set, however long the next app takes", async () => {
  let outcome: Outcome = synced;
  const { replication, go, inSync } = started({ sync: () => outcome, responds: () => true });
  await go(1_000);
  outcome = full;
  await go(timing.leaseMs / 2);
  await replication.hold();
  await go(10_000);
  expect(inSync()).toEqual(["a", "b"]);
  // With an app again, a standby that takes nothing leaves the set after a lease as ever.
  replication.goOn();
  await go(timing.leaseMs - 500);
  expect(inSync()).toEqual(["a", "b"]);
  await go(1_500);
  expect(inSync()).toEqual(["a"]);
  await replication.stop();
});

test("[litestream 12] Litestream ends with the app that had the ledger open, waits for the next one, and nobody leaves the set for that", async () => {
  let starts = 0;
  const litestream = {
    sync: (): Outcome => ({ kind: "synced", txid: 1 }),
    responds: () => true,
    starts: () => {
      starts += 1;
    },
  };
  const { replication, killed, go, inSync } = started(litestream);
  await go(1_000);
  expect(starts).toBe(1);
  await replication.hold();
  expect(killed).toEqual([1]);
  await go(10_000);
  expect({ starts, inSync: inSync() }).toEqual({ starts: 1, inSync: ["a", "b"] });
  replication.goOn();
  await go(1_000);
  expect({ starts, inSync: inSync() }).toEqual({ starts: 2, inSync: ["a", "b"] });
  await replication.stop();
});
