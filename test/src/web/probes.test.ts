import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeaseOver, type ActGuard } from "../../../src/app-ports.ts";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { LedgerProbes } from "../../../src/web/probes.ts";
import type { RowDeps } from "../../../src/web/token-rows.ts";

let dir: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-probes-"));
  ledger = openLedger(join(dir, "ledger.db"), 200);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

const free: ActGuard = { epoch: 6, remainingMs: () => 1000, check: () => {} };
const deps = (): RowDeps => ({
  db: ledger.db,
  guard: free,
  confirm: () => Promise.resolve("confirmed"),
  nowMs: () => 1,
  write: (work) => work(),
});

test("a probe is a row of this epoch, and its answer waits for the confirmation", async () => {
  const { promise, resolve } = Promise.withResolvers<"confirmed" | "unknown">();
  const probes = new LedgerProbes({ ...deps(), confirm: () => promise, nowMs: () => 77 });
  const answer = probes.add("first");
  expect(probes.list()).toEqual([{ n: 1, value: "first", epoch: 6, atMs: 77 }]);
  resolve("confirmed");
  expect(await answer).toEqual({ kind: "written", n: 1, confirmed: true, epoch: 6 });
});

test("[HA-8] nothing is written once the lease may have ended", async () => {
  const over: ActGuard = {
    ...free,
    check: () => {
      throw new LeaseOver("over");
    },
  };
  const probes = new LedgerProbes({ ...deps(), guard: over });
  await expect(probes.add("late")).rejects.toThrow(LeaseOver);
  expect(probes.list()).toEqual([]);
});

test("a drain waits for the probes under way and refuses others until it is called off", async () => {
  const { promise, resolve } = Promise.withResolvers<"confirmed" | "unknown">();
  const probes = new LedgerProbes({ ...deps(), confirm: () => promise });
  const underWay = probes.add("one");
  let drained = false;
  const drain = probes.drain().then(() => (drained = true));
  expect(await probes.add("two")).toMatchObject({ kind: "refused" });
  expect(drained).toBe(false);
  resolve("unknown");
  await drain;
  expect(await underWay).toMatchObject({ confirmed: false });
  probes.resume();
  expect(await probes.add("three")).toMatchObject({ kind: "written", n: 2 });
});
