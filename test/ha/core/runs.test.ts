import { expect, test } from "vitest";
import { heardRun, twoAtOnce } from "../../../ha/core/runs.ts";
import type { Runs } from "../../../ha/core/runs.ts";

/** What is known after these words, each a run and when it was heard. */
const heard = (...words: readonly (readonly [string, number])[]): Runs =>
  words.reduce((runs: Runs, [boot, atMs]) => heardRun(runs, boot, atMs), []);

test("a member that was started again is one machine, and what of its old run comes late changes nothing", () => {
  const runs = heard(["x", 0], ["y", 1_000], ["x", 1_500], ["y", 3_500]);
  expect(twoAtOnce(runs, 3_600)).toBe(false);
});

test("[complaint 14] two machines under one name and key are told from one", () => {
  const runs = heard(["x", 0], ["y", 1_000], ["x", 1_500], ["y", 2_500], ["x", 3_200], ["y", 3_300]);
  expect(twoAtOnce(runs, 3_400)).toBe(true);
  // One of them was stopped.
  expect(twoAtOnce(heardRun(runs, "y", 5_300), 5_300)).toBe(false);
});

test("runs are remembered within a bound", () => {
  const words = Array.from({ length: 50 }, (_, n) => [`run ${n}`, n] as const);
  expect(heard(...words)).toHaveLength(4);
});
