import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ReadyNode } from "./demo-process.ts";
import { eventually, runs } from "./demo-process.ts";
import { FailingDisk, smallDiskMissing, SmallDisk } from "./half-disk.ts";
import { goesOn, saidUntil } from "./half-stall.ts";
import { Load, Pair, pass } from "./pair.ts";
import { journalViolations, lostProbes } from "./pair-checks.ts";
import { backInSync, bringBack, madeFit } from "./pair-rounds.ts";

const LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 120_000;
const SIZE_MB = 64;
const STAYS_FULL_MS = 6_000;

const missing = smallDiskMissing();
if (missing !== null) console.warn(`SKIPPED, full disks are not tested here: ${missing}`);

let pair: Pair;
let disk: SmallDisk | null = null;
let failing: FailingDisk | null = null;
/** The node on the small disk, and the one on the machine's own. */
let small: ReadyNode;
let large: ReadyNode;

beforeAll(async () => {
  if (missing !== null) return;
  pair = await Pair.start(["--preset", "fast", "--seed", "33"]);
  const { primary, standby } = await pair.protected();
  await pair.killWhole(standby);
  disk = new SmallDisk(standby, SIZE_MB);
  await bringBack(pair, standby, primary);
  [small, large] = [standby, primary];
}, TEST_LIMIT_MS);
afterAll(async () => {
  // The demo deletes its data, which it cannot where a disk is mounted.
  for (const node of disk === null ? [] : [small, large]) await pair.killWhole(node).catch(() => undefined);
  disk?.remove();
  failing?.remove();
  await pair?.stop();
});
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

const says = (said: ReadonlySet<string>, pattern: RegExp): boolean => [...said].some((each) => pattern.test(each));

test.skipIf(missing !== null)(
  "the standby's disk is full: it says so and takes nothing (507); the primary goes on alone and says why; with room again, in sync again",
  async () => {
    const before = await pair.health(large);
    const said = saidUntil(pair, large, "it goes on alone and says why", ({ inSync, reasons }) => {
      return inSync.length === 1 && reasons.some((reason) => reason.includes("507"));
    });
    const load = new Load(pair, () => large);
    try {
      disk?.fill();
      console.log(`the primary of a full standby said: ${[...(await said)].join(" | ")}`);
      await pair.confirmedProbe(large, LIMIT_MS);
      const own = await saidUntil(pair, small, "the standby says why", ({ reasons }) =>
        reasons.some((reason) => reason.startsWith("the disk is full: ")),
      );
      console.log(`a full standby said: ${[...own].join(" | ")}`);
      await pass(STAYS_FULL_MS);
    } finally {
      await load.stop();
      disk?.free();
    }
    await backInSync(small, large);
    expect(await goesOn(pair, large, before)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test.skipIf(missing !== null)(
  "[complaint 4] the primary's disk is full: the standby leads, the full one says why and goes on trying; with room again it is a standby in sync",
  async () => {
    await eventually("a switchover is allowed", LIMIT_MS, async () => {
      const { code } = await pair.trader(large, "switchover", "--yes");
      return code === 0 || (await pair.primary()) === small;
    });
    await eventually(`${small.name} leads`, LIMIT_MS, async () => (await pair.protected()).primary === small);
    await pair.confirmedProbe(small, LIMIT_MS);
    await eventually("the other one is fit", LIMIT_MS, async () => {
      const { code } = await pair.trader(small, "switchover", "--dry-run");
      return code === 0;
    });
    const filledMs = performance.now();
    const said = saidUntil(pair, small, "it does not lead", ({ role }) => role !== "primary");
    disk?.fill();
    try {
      await eventually(`${large.name} leads`, LIMIT_MS, async () => (await pair.primary()) === large);
      console.log(`${large.name} led ${Math.round(performance.now() - filledMs)} ms after the disk was full`);
      await pair.confirmedProbe(large, LIMIT_MS);
      console.log(`a full primary said: ${[...(await said)].join(" | ")}`);
      expect(says(await said, /disk is full/)).toBe(true);
      expect(disk?.freeBytes).toBeLessThan(1024 * 1024);
      expect(await lostProbes(pair, large)).toEqual([]);
      await pass(STAYS_FULL_MS);
    } finally {
      disk?.free();
    }
    await backInSync(small, large);
    const { stdout } = await pair.trader(small, "history");
    expect(stdout).toMatch(/disk is full/);
    expect([...(await lostProbes(pair, large)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test.skipIf(missing !== null)(
  "the primary's disk goes read-only: the standby leads, the other one says why and ends; on a disk that takes writes again it is a standby in sync",
  async () => {
    await pair.protected();
    await pair.killWhole(large);
    await eventually(`${small.name} leads`, LIMIT_MS, async () => (await pair.primary()) === small);
    failing = new FailingDisk(large, 2 * SIZE_MB);
    await bringBack(pair, large, small);
    expect((await pair.trader(small, "switchover", "--yes")).code).toBe(0);
    expect((await pair.protected()).primary).toBe(large);
    await pair.confirmedProbe(large, LIMIT_MS);
    await madeFit(pair, small, large);
    const { agent } = (await pair.health(large)).pids;
    const failedMs = performance.now();
    failing.fail();
    await eventually(`${small.name} leads`, LIMIT_MS, async () => (await pair.primary()) === small);
    console.log(`${small.name} led ${Math.round(performance.now() - failedMs)} ms after the disk was read-only`);
    await pair.confirmedProbe(small, LIMIT_MS);
    await eventually("its agent has ended", LIMIT_MS, () => !runs(agent));
    expect(pair.logTails()).toMatch(/a vote could not be made durable/);
    failing.mend();
    await bringBack(pair, large, small);
    expect([...(await lostProbes(pair, small)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);
