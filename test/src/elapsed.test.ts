import { expect, test } from "vitest";
import { bootAheadNs, elapsedSince } from "../../src/elapsed.ts";

const second = 1_000_000_000n;

test("[HA-8] the time that the machine slept counts, rounding of the boot clock does not", () => {
  let hrtimeNs = 5n * second;
  let bootSeconds = 65;
  const sources = { hrtimeNs: () => hrtimeNs, bootSeconds: () => bootSeconds };
  const elapsed = elapsedSince(bootAheadNs(sources), sources);
  const startNs = elapsed.nowNs();

  hrtimeNs += second;
  bootSeconds += 1.02;
  expect(elapsed.nowNs() - startNs).toBe(second);
  expect(elapsed.sleptNs()).toBe(0n);

  hrtimeNs += second;
  bootSeconds += 1 + 30;
  expect(elapsed.nowNs() - startNs).toBe(32n * second + second / 50n);
  bootSeconds -= 0.02;
  expect(elapsed.sleptNs()).toBe(30n * second + second / 50n);
});

test("two clocks of one base agree, whenever they were made", () => {
  let bootSeconds = 100;
  const sources = { hrtimeNs: () => 7n * second, bootSeconds: () => bootSeconds };
  const baseNs = bootAheadNs(sources);
  const first = elapsedSince(baseNs, sources);
  bootSeconds += 10;
  expect(elapsedSince(baseNs, sources).nowNs()).toBe(first.nowNs());
});
