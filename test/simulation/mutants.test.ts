import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { runSchedule } from "./run.ts";

const schedulesMax = 8_000;

test.each(mutants)("the simulation catches: $name", { timeout: 120_000 }, ({ name: _name, ...mutant }) => {
  for (let seed = 1; seed <= schedulesMax; seed++) {
    if (runSchedule({ seed, ...mutant }).violation !== null) return;
  }
  expect.fail(`not caught in ${schedulesMax} schedules`);
});
