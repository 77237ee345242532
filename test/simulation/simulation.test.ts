import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { runSchedule, scheduleOf } from "./run.ts";
import type { Outcome } from "./run.ts";
import * as scripts from "./scripts.ts";

const given = process.env["SIM_SEED"];
const firstSeed = given === undefined ? randomInt(2 ** 31) : Number(given);
const runs = Number(process.env["SIM_RUNS"] ?? (given === undefined ? 5_000 : 1));
const minute = 60_000;

/** The end of what happened in this schedule. */
function story(seed: number): string {
  const trace: string[] = [];
  runSchedule({ ...scheduleOf(seed), trace });
  return trace.slice(-120).join("\n");
}

const told = ({ seed, violation }: Outcome): string =>
  `${violation ?? ""}\nagain with SIM_SEED=${seed}\n${story(seed)}`;

test(
  "[HA-1..7] [HA-10] hold in every schedule of loss, delay, duplication, replay, cuts, stalls and crashes",
  { timeout: 30 * minute },
  () => {
    console.log(`simulation: ${runs} schedules from SIM_SEED=${firstSeed} (SIM_RUNS=${runs})`);
    const sum = { events: 0, faults: 0, promotions: 0 };
    const least = { events: Number.POSITIVE_INFINITY, faults: Number.POSITIVE_INFINITY };
    for (let run = 0; run < runs; run++) {
      const outcome = runSchedule(scheduleOf(firstSeed + run));
      if (outcome.violation !== null) expect.fail(told(outcome));
      least.events = Math.min(least.events, outcome.events);
      least.faults = Math.min(least.faults, outcome.faults);
      sum.events += outcome.events;
      sum.faults += outcome.faults;
      sum.promotions += outcome.promotions;
    }
    expect(least.events).toBeGreaterThanOrEqual(200);
    expect(least.faults).toBeGreaterThanOrEqual(3);
    console.log(`simulation: ${sum.events} events, ${sum.faults} faults, ${sum.promotions} promotions`);
  },
);

test("the same seed gives the same run", () => {
  expect(runSchedule(scheduleOf(firstSeed))).toEqual(runSchedule(scheduleOf(firstSeed)));
  expect(story(firstSeed)).toBe(story(firstSeed));
});

test.each(Object.entries(scripts))("the invariants hold when it strikes at the worst moment: %s", (_name, script) => {
  for (let seed = 0; seed < 150; seed++) expect(runSchedule({ seed, script }).violation).toBeNull();
});
