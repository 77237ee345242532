import { uptime } from "node:os";

/** The two clocks of the system that only go forward, injectable. */
export type ClockSources = {
  /** CLOCK_MONOTONIC in nanoseconds, the same in all processes of a host; stands still while the machine sleeps. */
  readonly hrtimeNs: () => bigint;
  /** Seconds since boot with the time asleep, to a hundredth; null when the system does not say. */
  readonly bootSeconds: () => number | null;
};

/** The time that the lease core is given, and its way back to the clock that the app checks its deadline by. */
export type Clock = {
  /** Milliseconds since this clock was made, time asleep included; never goes back. */
  readonly monotonicMs: () => number;
  /** An instant of `monotonicMs` as `process.hrtime.bigint()` nanoseconds in decimal, as `ha/contract.ts` wants it. */
  readonly hrtimeNsAt: (instantMs: number) => string;
};

/** os.uptime() reads /proc/uptime: about ten microseconds, so not at every call. */
const BOOT_READ_EVERY_MS = 10;
/** The boot clock comes in hundredths at both ends of an interval: less than this is rounding, not sleep. */
const BOOT_ROUNDING_MS = 25;

const systemSources: ClockSources = {
  hrtimeNs: () => process.hrtime.bigint(),
  bootSeconds: () => {
    try {
      return uptime();
    } catch {
      return null;
    }
  },
};

/**
 * A clock that starts at zero now. Elapsed time is the larger of the monotonic clock's and the boot clock's: a board
 * that slept wakes up knowing that its lease is over. Sleep is noticed at the latest 10 ms after waking.
 */
export function createClock(sources: ClockSources = systemSources): Clock {
  const startNs = sources.hrtimeNs();
  const startBootSeconds = sources.bootSeconds();
  let asleepMs = 0;
  let lastBootReadMs = 0;

  const monotonicMs = (): number => {
    const awakeMs = Number(sources.hrtimeNs() - startNs) / 1e6;
    if (startBootSeconds !== null && awakeMs - lastBootReadMs >= BOOT_READ_EVERY_MS) {
      lastBootReadMs = awakeMs;
      const bootSeconds = sources.bootSeconds();
      const aheadMs = bootSeconds === null ? 0 : (bootSeconds - startBootSeconds) * 1_000 - awakeMs;
      if (aheadMs - asleepMs > BOOT_ROUNDING_MS) asleepMs = aheadMs;
    }
    return awakeMs + asleepMs;
  };

  const hrtimeNsAt = (instantMs: number): string => {
    const ns = startNs + BigInt(Math.floor((instantMs - asleepMs) * 1e6));
    return (ns < 0n ? 0n : ns).toString();
  };

  return { monotonicMs, hrtimeNsAt };
}
