import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "./demo-process.ts";
import { goesOn, saidUntil, stall } from "./half-stall.ts";
import type { Stall } from "./half-stall.ts";
import { killQuietly, Load, Pair } from "./pair.ts";
import { journalViolations, lostProbes } from "./pair-checks.ts";
import { bringBack } from "./pair-rounds.ts";

const LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 120_000;

let pair: Pair;
beforeAll(async () => {
  pair = await Pair.start(["--preset", "fast", "--seed", "32"]);
}, TEST_LIMIT_MS);
afterAll(() => pair?.stop());
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

const report = (what: string, { deadMs, replacedMs, said }: Stall): void =>
  console.log(
    `${what} stopped: killed after ${Math.round(deadMs)} ms, replaced after ${Math.round(replacedMs)} ms; ` +
      `it said: ${[...said].join(" | ")}`,
  );
const says = (said: ReadonlySet<string>, pattern: RegExp): boolean => [...said].some((each) => pattern.test(each));

test(
  "the primary's app stands still: after two leases it is killed and started again in place, in the same epoch; the second time soon, the standby leads",
  async () => {
    const { primary, standby } = await pair.protected();
    const before = await pair.health(primary);
    const first = await stall(pair, primary, "app");
    report("the primary's app", first);
    // Two seconds, and what a busy machine takes to notice; a warm app is given fifteen.
    expect(first.deadMs).toBeLessThan(8_000);
    expect(await goesOn(pair, primary, before)).toEqual([]);

    const { pids } = await pair.health(primary);
    killQuietly(pids.app ?? 0, "SIGSTOP");
    await eventually(`${standby.name} leads`, LIMIT_MS, async () => (await pair.primary()) === standby);
    expect((await pair.health(primary)).reasons.join()).toMatch(/the app failed 2 times .* said nothing for \d+ ms/);
    const now = await pair.protected();
    expect(now.primary).toBe(standby);
    expect([...(await lostProbes(pair, standby)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test.each(["litestream", "link"] as const)(
  "the primary's %s stands still: it goes on alone and says why, replaces what stands still, and is in sync again",
  async (part) => {
    const { primary } = await pair.protected();
    const before = await pair.health(primary);
    const detached = saidUntil(pair, primary, "it goes on alone", ({ inSync }) => inSync.length === 1).then(
      async (said) => {
        await pair.confirmedProbe(primary, LIMIT_MS);
        return said;
      },
    );
    const stalled = await stall(pair, primary, part);
    report(`the primary's ${part}`, stalled);
    const said = new Set([...(await detached), ...stalled.said]);
    expect(says(said, /The standby does not take the replica: ./)).toBe(true);
    expect(await goesOn(pair, primary, before)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "the standby's link stands still: the primary goes on alone, the standby replaces it and says so, both are in sync again",
  async () => {
    const { primary, standby } = await pair.protected();
    const before = await pair.health(primary);
    const detached = saidUntil(pair, primary, "it goes on alone", ({ inSync }) => inSync.length === 1);
    const stalled = await stall(pair, standby, "link");
    report("the standby's link", stalled);
    expect(says(stalled.said, /the link said nothing for \d+ ms/)).toBe(true);
    expect(says(await detached, /The standby does not take the replica: ./)).toBe(true);
    expect(await goesOn(pair, primary, before)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "[complaint 11] the standby's follower stands still: it is thrown away and restored again, and the standby stays in sync",
  async () => {
    const { primary, standby } = await pair.protected();
    const before = await pair.health(primary);
    const load = new Load(pair, () => primary);
    try {
      report("the standby's follower", await stall(pair, standby, "litestream"));
    } finally {
      await load.stop();
    }
    expect(await goesOn(pair, primary, before)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "the primary dies while the standby's follower and its app stand still: it leads with everything confirmed, by another app",
  async () => {
    const { primary, standby } = await pair.protected();
    const { pids } = await pair.health(standby);
    for (const pid of [pids.litestream, pids.app]) killQuietly(pid ?? 0, "SIGSTOP");
    await pair.confirmedProbe(primary, LIMIT_MS);
    await pair.killWhole(primary);
    await eventually(`${standby.name} leads`, LIMIT_MS, async () => (await pair.primary()) === standby);
    await pair.confirmedProbe(standby, LIMIT_MS);
    expect((await pair.health(standby)).pids.app).not.toBe(pids.app);
    expect(await lostProbes(pair, standby)).toEqual([]);
    await bringBack(pair, primary, standby);
    expect(await journalViolations(pair)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  "an app that dies six times as soon as it is up: the lease goes to the fit standby, once, and history and health say why",
  async () => {
    const { primary, standby } = await pair.protected();
    await eventually("a switchover would be allowed", LIMIT_MS, async () => {
      const { code } = await pair.trader(primary, "switchover", "--dry-run");
      return code === 0;
    });
    const before = await pair.health(primary);
    const said = new Set<string>();
    let last: number | null = null;
    for (let kills = 0; kills < 6; kills += 1) {
      await eventually("another app is up", LIMIT_MS, async () => {
        const { pids, reasons } = await pair.health(primary);
        for (const reason of reasons) said.add(reason);
        const fresh = pids.app !== null && pids.app !== last;
        if (fresh) killQuietly((last = pids.app) ?? 0);
        return fresh;
      });
    }
    const now = await pair.protected();
    expect(now.primary).toBe(standby);
    await pair.confirmedProbe(standby, LIMIT_MS);
    expect((await pair.health(standby)).epoch).toBe(before.epoch + 1);
    console.log(`a crash loop said: ${[...said].join(" | ")}`);
    expect(says(said, /the app ended by SIGKILL; it is started again/)).toBe(true);
    expect(says(said, /the app failed \d times within two minutes/)).toBe(true);
    const { stdout } = await pair.trader(primary, "history");
    expect(stdout).toMatch(/the app failed \d times within two minutes/);
    expect([...(await lostProbes(pair, standby)), ...(await journalViolations(pair))]).toEqual([]);
  },
  TEST_LIMIT_MS,
);
