import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { shipped } from "./parts.ts";
import { runSchedule } from "./run.ts";

const schedulesMax = 8_000;

test.each(mutants)(
  "the simulation catches: $name",
  { timeout: 120_000 },
  async ({ name: _name, caughtAs = /./, ...mutant }) => {
    for (let seed = 1; seed <= schedulesMax; seed++) {
      if (!caughtAs.test((await runSchedule({ seed, ...mutant })).violation ?? "")) continue;
      expect(
        (await runSchedule({ seed, ...mutant, parts: shipped })).violation,
        "the same schedule without the breakage",
      ).toBeNull();
      return;
    }
    expect.fail(`not caught in ${schedulesMax} schedules`);
  },
);
