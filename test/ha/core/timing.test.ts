import { expect, test } from "vitest";
import { checkTiming, clockRateError, presets } from "../../../ha/core/timing.ts";

test.each(Object.entries(presets))(
  "rule 2: a holder by the slowest clock ends before a voter by the fastest: %s",
  (_name, timing) => {
    const holderTrueMs = (timing.leaseMs - timing.marginMs) * (1 + clockRateError);
    const voterTrueMs = timing.leaseMs * (1 - clockRateError);
    expect(holderTrueMs).toBeLessThan(voterTrueMs);
  },
);

test.each([
  ["no margin", { marginMs: 0 }],
  ["a margin that two clocks eat up", { marginMs: 20 }],
  ["too few renewals in a lease", { beatMs: 1_000 }],
  ["ticks as rare as beats", { tickMs: 250 }],
  ["no ticks", { tickMs: 0 }],
  ["a sync limit that leaves no time to go on alone", { syncLimitMs: 2_000 }],
])("a timing that breaks a relation is refused: %s", (_name, change) => {
  expect(() => checkTiming({ ...presets.default, ...change })).toThrow(/timing:/);
});

test("the presets are the ones that are documented", () => {
  const leases = Object.entries(presets).map(([name, { leaseMs, beatMs }]) => [name, leaseMs, beatMs]);
  expect(leases).toEqual([
    ["fast", 1_000, 100],
    ["default", 3_000, 250],
    ["wifi", 8_000, 500],
  ]);
});
