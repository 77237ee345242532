import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ActGuard, Job } from "../../src/app-ports.ts";
import { appClock, realTime } from "../../src/clock.ts";
import { openMarketCache, type MarketCache } from "../../src/db/market-cache.ts";
import { Primary } from "../../src/primary.ts";

let dir: string;
let cache: MarketCache;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-primary-"));
  cache = openMarketCache(join(dir, "market.db"));
});
afterEach(() => {
  cache.close();
  rmSync(dir, { recursive: true });
});

const free: ActGuard = { epoch: 4, remainingMs: () => 1_000, check: () => {} };

function primaryWith(work: (guard: ActGuard) => Pick<Job, "run">): Primary {
  return new Primary({
    node: "uno-a",
    ledgerPath: join(dir, "ledger.db"),
    clock: appClock(realTime),
    guard: free,
    confirm: () => Promise.resolve("confirmed"),
    cache,
    work: (_ledger, guard) => ({
      jobs: [{ name: "one", cron: "* * * * *", catchUp: "newest", ...work(guard) }],
      begin: () => Promise.resolve(),
    }),
    log: pino({ level: "silent" }),
  });
}

test("what outlives a drain writes nothing, until the drain is called off", async () => {
  let guard: ActGuard = free;
  const primary = primaryWith((given) => {
    guard = given;
    return { run: () => Promise.resolve("done") };
  });
  expect(() => guard.check(0)).not.toThrow();
  await primary.drain();
  expect(() => guard.check(0)).toThrow("handed over");
  expect(guard.remainingMs()).toBe(0);
  await expect(primary.probes.add("late")).resolves.toMatchObject({ kind: "refused" });
  primary.resume();
  expect(() => guard.check(0)).not.toThrow();
  expect(await primary.probes.add("on time")).toMatchObject({ kind: "written", epoch: 4 });
  expect(primary.lastConfirm()?.outcome).toBe("confirmed");
});

test("the view names the job's next run on the app's clock", () => {
  const primary = primaryWith(() => ({ run: () => Promise.resolve("done") }));
  expect(primary.view().jobRuns).toEqual([]);
  const [next] = primary.nextRuns();
  expect(next?.job).toBe("one");
  expect(next?.inRealMs).toBeLessThanOrEqual(60_000);
});
