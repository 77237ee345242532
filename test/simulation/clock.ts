/**
 * The clocks of a host, as functions of true time. The boot clock counts through sleep, the monotonic one does not,
 * and wall time may be anything.
 */
export type HostClock = {
  rate: number;
  /** Since the rate last changed. */
  sinceTrueMs: number;
  sinceBootMs: number;
  asleepMs: number;
  /** The agent reads its boot clock now and then, so it learns of a sleep a little late. */
  unnoticedMs: number;
  noticesAtTrueMs: number;
  wallAheadMs: number;
};

export const createClock = (rate: number, bootMs: number): HostClock => ({
  rate,
  sinceTrueMs: 0,
  sinceBootMs: bootMs,
  asleepMs: 0,
  unnoticedMs: 0,
  noticesAtTrueMs: 0,
  wallAheadMs: -bootMs,
});

export const bootMs = (clock: HostClock, trueMs: number): number =>
  clock.sinceBootMs + (trueMs - clock.sinceTrueMs) * clock.rate;

export const monotonicMs = (clock: HostClock, trueMs: number): number => bootMs(clock, trueMs) - clock.asleepMs;

/** What `ha/io/clock.ts` makes of the two: the larger elapsed time, as soon as it has looked. */
export const elapsedMs = (clock: HostClock, trueMs: number): number =>
  bootMs(clock, trueMs) - (trueMs < clock.noticesAtTrueMs ? clock.unnoticedMs : 0);

export const wallMs = (clock: HostClock, trueMs: number): number => bootMs(clock, trueMs) + clock.wallAheadMs;

export function setRate(clock: HostClock, trueMs: number, rate: number): void {
  clock.sinceBootMs = bootMs(clock, trueMs);
  clock.sinceTrueMs = trueMs;
  clock.rate = rate;
}

/** The machine sleeps until `wakesAtTrueMs`, and its agent notices `noticeMs` after that. */
export function sleep(clock: HostClock, trueMs: number, wakesAtTrueMs: number, noticeMs: number): void {
  const lastedMs = (wakesAtTrueMs - trueMs) * clock.rate;
  clock.asleepMs += lastedMs;
  clock.unnoticedMs = lastedMs;
  clock.noticesAtTrueMs = wakesAtTrueMs + noticeMs;
}

/** A new run of the agent reads its clock at once, whatever the machine slept before. */
export function notice(clock: HostClock, trueMs: number): void {
  clock.noticesAtTrueMs = Math.min(clock.noticesAtTrueMs, trueMs);
}
