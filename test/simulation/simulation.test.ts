import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { runSchedule, scheduleOf } from "./run.ts";
import * as reachScripts from "./reach-scripts.ts";
import * as scripts from "./scripts.ts";

/** A taste of what `npm run simulate` does a hundred thousand times. */
const runs = 2_000;
const firstSeed = randomInt(2 ** 31);

/** The end of what happened in this schedule. */
async function story(seed: number): Promise<string> {
  const trace: string[] = [];
  await runSchedule({ ...scheduleOf(seed), trace });
  return trace.slice(-120).join("\n");
}

test("[complaint 8] [HA-1..7] [HA-9] [HA-10] hold in every schedule of faults", { timeout: 300_000 }, async () => {
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { violation, events, faults } = await runSchedule(scheduleOf(seed));
    if (violation !== null) {
      expect.fail(`${violation}\nagain: npm run simulate -- --seed ${seed}\n${await story(seed)}`);
    }
    expect(events).toBeGreaterThanOrEqual(200);
    expect(faults).toBeGreaterThanOrEqual(3);
  }
});

test("the same seed gives the same run", async () => {
  expect(await runSchedule(scheduleOf(firstSeed))).toEqual(await runSchedule(scheduleOf(firstSeed)));
  expect(await story(firstSeed)).toBe(await story(firstSeed));
});

test.each(Object.entries(scripts))(
  "the invariants hold when it strikes at the worst moment: %s",
  { timeout: 120_000 },
  async (_name, script) => {
    for (let seed = 0; seed < 150; seed++) expect((await runSchedule({ seed, script })).violation).toBeNull();
  },
);

test.each(Object.entries(reachScripts))(
  "the invariants hold where the network is the arbiter: %s",
  { timeout: 120_000 },
  async (_name, script) => {
    for (let seed = 0; seed < 100; seed++)
      expect((await runSchedule({ seed, script, arbiter: "reachability" })).violation).toBeNull();
  },
);
