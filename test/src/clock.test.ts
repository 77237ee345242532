import { expect, test } from "vitest";
import { appClock, clockArgv, clockOptions, parseClock, realTime } from "../../src/clock.ts";
import { parseArgs } from "node:util";

const fast = { originRealMs: 1_000_000, originAppMs: 5_000_000, scale: 180 };

test("a scaled clock runs from its origin and knows what an app duration takes", () => {
  let realMs = 1_000_000;
  const clock = appClock(fast, () => realMs);
  expect(clock.nowMs()).toBe(5_000_000);
  realMs += 5_000;
  expect(clock.nowMs()).toBe(5_900_000);
  expect(clock.realMs(900_000)).toBe(5_000);
  expect(clock.originAppMs).toBe(5_000_000);
});

test("two processes with the same arguments read the same app time, whenever they started", () => {
  const { values } = parseArgs({ args: [...clockArgv(fast)], options: clockOptions });
  expect(parseClock(values)).toEqual(fast);
});

test("without arguments app time is real time", () => {
  expect(appClock(parseClock({}), () => 1_795_000_000_000).nowMs()).toBe(1_795_000_000_000);
  expect(parseClock({})).toBe(realTime);
});

test("a clock given by halves, or one that stands still, is refused", () => {
  expect(() => parseClock({ "clock-scale": "10" })).toThrow();
  expect(() => parseClock({ "clock-origin-real": "1", "clock-origin-app": "1", "clock-scale": "0" })).toThrow();
});
