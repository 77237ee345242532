import { uptime } from "node:os";

/** The clocks of the system that only go forward: CLOCK_MONOTONIC in nanoseconds, and seconds since boot with sleep. */
export type ElapsedSources = { readonly hrtimeNs: () => bigint; readonly bootSeconds: () => number };

/** `nowNs` is process.hrtime plus `sleptNs`, the time that the machine has slept since `baseNs` was taken. */
export type Elapsed = { readonly nowNs: () => bigint; readonly sleptNs: () => bigint };

const systemSources: ElapsedSources = { hrtimeNs: () => process.hrtime.bigint(), bootSeconds: uptime };

/** The boot clock comes in hundredths at both ends of an interval: less than this is rounding, not sleep. */
const roundingNs = 25_000_000n;

/** By how much the boot clock is ahead of process.hrtime; the same for all threads, and more after a sleep. */
export function bootAheadNs({ hrtimeNs, bootSeconds }: ElapsedSources = systemSources): bigint {
  return BigInt(Math.round(bootSeconds() * 1_000)) * 1_000_000n - hrtimeNs();
}

/** Elapsed time as the lease is measured [HA-8]: process.hrtime stands still while the machine sleeps, a lease does not. */
export function elapsedSince(baseNs: bigint, sources: ElapsedSources = systemSources): Elapsed {
  let sleptNs = 0n;
  const slept = (): bigint => {
    const aheadNs = bootAheadNs(sources) - baseNs;
    if (aheadNs - sleptNs > roundingNs) sleptNs = aheadNs;
    return sleptNs;
  };
  return { nowNs: () => slept() + sources.hrtimeNs(), sleptNs: slept };
}
