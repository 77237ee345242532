import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Freeze } from "./half-freeze.ts";
import { freeze } from "./half-freeze.ts";
import { Pair } from "./pair.ts";

const PRESET = "fast";
const ROUNDS = Number(process.env["TRADER_FREEZE_ROUNDS"] ?? 20);
const LIMIT_MS = 120_000;

let pair: Pair;
beforeAll(async () => {
  pair = await Pair.start(["--preset", PRESET, "--seed", "31"]);
}, LIMIT_MS);
afterAll(() => pair?.stop());
afterEach(({ task }) => {
  if (task.result?.state === "fail") console.log(pair.logTails());
});

const report = (what: string, { frozen, leads, deadMs, ledMs, backMs }: Freeze): void =>
  console.log(
    `${what} of ${frozen} frozen: after the end of its lease the app was dead at ${Math.round(deadMs)} ms, ` +
      `${leads} led at ${Math.round(ledMs)} ms; in sync ${Math.round(backMs)} ms after the thaw`,
  );

test.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
  "[complaint 1] [HA-8] agent frozen for three leases, round %i: no act after the lease, its app dead, its stream refused, then a standby in sync",
  async () => {
    const round = await freeze(pair, PRESET, "agent");
    report("agent", round);
    // The frozen agent kills nobody: the app's own deadline did.
    expect(round.violations).toEqual([]);
  },
  LIMIT_MS,
);

test.each([1, 2])(
  "[HA-8] the whole node frozen for three leases, round %i: on waking its app is dead at once, its stream refused, then a standby in sync",
  async () => {
    const round = await freeze(pair, PRESET, "node");
    report("node", round);
    expect(round.violations).toEqual([]);
  },
  LIMIT_MS,
);
