import { afterEach, expect, test, vi } from "vitest";
import { SilenceWatch } from "../../ha/silence.ts";

afterEach(() => {
  vi.useRealTimers();
});

function watched(limitMs: number): { watch: SilenceWatch; silences: number[] } {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const silences: number[] = [];
  return {
    watch: new SilenceWatch(
      () => limitMs,
      (ms) => silences.push(ms),
    ),
    silences,
  };
}

test("whoever says nothing for the limit is told of, once for each silence", () => {
  const { watch, silences } = watched(1_000);
  vi.advanceTimersByTime(900);
  watch.heard();
  vi.advanceTimersByTime(900);
  expect(silences).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(silences).toEqual([1_000]);
  vi.advanceTimersByTime(900);
  expect(silences).toHaveLength(1);
  watch.stop();
  vi.advanceTimersByTime(10_000);
  expect(silences).toHaveLength(1);
});

test("[complaint 6] a pause of this process's own is no silence of the other's", () => {
  const { watch, silences } = watched(1_000);
  vi.advanceTimersByTime(500);
  // Stopped for a minute: the clock went on, the loop did not.
  const nowMs = performance.now();
  vi.spyOn(performance, "now").mockImplementation(() => nowMs + 60_000);
  vi.advanceTimersByTime(100);
  expect(silences).toEqual([]);
  watch.stop();
  vi.restoreAllMocks();
});
