import { expect, test } from "vitest";
import { faultWindowMs, keepsFailing, weightOf, withFault } from "../../../ha/core/faults.ts";
import type { Fault } from "../../../ha/core/faults.ts";

const ended = (atMs: number): Fault => ({ atMs, reason: `it ended at ${atMs}`, weight: weightOf.ended });
const hung = (atMs: number): Fault => ({ atMs, reason: `it hung at ${atMs}`, weight: weightOf.hung });
const all = (...faults: readonly Fault[]): readonly Fault[] =>
  faults.reduce((before, fault) => withFault(before, fault), [] as readonly Fault[]);

test("one hang or two ends are answered in place, a second hang or a third end is not", () => {
  expect(keepsFailing(all(), 0)).toBeNull();
  expect(keepsFailing(all(hung(0)), 1)).toBeNull();
  expect(keepsFailing(all(ended(0), ended(1)), 2)).toBeNull();
  expect(keepsFailing(all(ended(0), ended(1), ended(2)), 3)).toMatch(/^3 times .* it ended at 2$/);
  expect(keepsFailing(all(hung(0), hung(1)), 2)).toMatch(/^2 times .* it hung at 1$/);
  expect(keepsFailing(all(hung(0), ended(1)), 2)).toMatch(/^2 times .* it ended at 1$/);
});

test("what lies further back than the window counts no more, and only so many are remembered", () => {
  expect(keepsFailing(all(hung(0), hung(faultWindowMs)), faultWindowMs)).toBeNull();
  expect(keepsFailing(all(hung(0), hung(1)), faultWindowMs + 1)).toBeNull();
  expect(all(...Array.from({ length: 50 }, (_, at) => ended(at)))).toHaveLength(10);
});
