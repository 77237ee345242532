import { describe, expect, test } from "vitest";
import { createClock } from "../../../ha/io/clock.ts";

/** A machine whose clocks stand where the test puts them. */
function machine(boot: number | null = 1_000) {
  const at = { ns: 5_000_000_000n, bootSeconds: boot, bootReads: 0 };
  return {
    at,
    sources: {
      hrtimeNs: () => at.ns,
      bootSeconds: () => {
        at.bootReads += 1;
        return at.bootSeconds === null ? null : Math.floor(at.bootSeconds * 100) / 100;
      },
    },
    awake(ms: number) {
      at.ns += BigInt(ms * 1e6);
      if (at.bootSeconds !== null) at.bootSeconds += ms / 1_000;
    },
    asleep(ms: number) {
      if (at.bootSeconds !== null) at.bootSeconds += ms / 1_000;
    },
  };
}

describe("the clock of the lease", () => {
  test("starts at zero and follows the monotonic clock, whatever the boot clock's rounding", () => {
    const m = machine(1_000.0099);
    const clock = createClock(m.sources);
    expect(clock.monotonicMs()).toBe(0);
    for (let i = 1; i <= 1_000; i += 1) {
      m.awake(7);
      expect(clock.monotonicMs()).toBe(i * 7);
    }
  });

  test("counts the time asleep, of which the monotonic clock knows nothing", () => {
    const m = machine();
    const clock = createClock(m.sources);
    m.awake(1_000);
    expect(clock.monotonicMs()).toBe(1_000);
    m.asleep(60_000);
    m.awake(20);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(61_000);
    expect(clock.monotonicMs()).toBeLessThan(61_050);
  });

  test("[complaint 5] never goes back, not even when the boot clock does", () => {
    const m = machine();
    const clock = createClock(m.sources);
    m.asleep(5_000);
    m.awake(20);
    const before = clock.monotonicMs();
    m.at.bootSeconds = 1;
    m.awake(20);
    expect(clock.monotonicMs()).toBeGreaterThan(before);
    m.at.bootSeconds = null;
    m.awake(20);
    expect(clock.monotonicMs()).toBeGreaterThan(before + 20);
  });

  test("works without a boot clock", () => {
    const m = machine(null);
    const clock = createClock(m.sources);
    m.awake(30);
    expect(clock.monotonicMs()).toBe(30);
  });

  test("reads the boot clock sparingly", () => {
    const m = machine();
    const clock = createClock(m.sources);
    for (let i = 0; i < 10_000; i += 1) clock.monotonicMs();
    expect(m.at.bootReads).toBe(1);
  });

  test("an instant is given as the hrtime of all processes, earlier by what was slept", () => {
    const m = machine();
    const clock = createClock(m.sources);
    expect(clock.hrtimeNsAt(1_000)).toBe("6000000000");
    m.asleep(400);
    m.awake(20);
    clock.monotonicMs();
    expect(Number(clock.hrtimeNsAt(1_000))).toBeCloseTo(5_600_000_000, -8);
    expect(clock.hrtimeNsAt(-1e12)).toBe("0");
  });

  test("the system's clocks: two readings in order, a deadline that hrtime agrees with", () => {
    const clock = createClock();
    const a = clock.monotonicMs();
    const deadlineNs = BigInt(clock.hrtimeNsAt(clock.monotonicMs()));
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(a);
    expect(deadlineNs <= process.hrtime.bigint()).toBe(true);
  });
});
