import { afterEach, expect, test, vi } from "vitest";
import { MemoryWatch } from "../../ha/memory-watch.ts";
import { residentMb } from "../../ha/io/proc.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("whoever holds more than the bound is told of once; one that is gone, or within it, is not", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const held: (number | null)[] = [null, 512, 512.4, 900];
  const grown: number[] = [];
  const watch = new MemoryWatch(
    () => held.shift() ?? null,
    512,
    (heldMb) => grown.push(heldMb),
  );
  vi.advanceTimersByTime(2_000);
  expect(grown).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(grown).toEqual([512]);
  expect(held).toEqual([900]);
  watch.stop();
});

test("the memory of this process is measured, that of none is not", () => {
  expect(residentMb(process.pid)).toBeGreaterThan(10);
  expect(residentMb(0)).toBeNull();
});
