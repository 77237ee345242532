/** One failure of a part that was started again; times are monotonic milliseconds. */
export type Fault = { readonly atMs: number; readonly reason: string; readonly weight: number };

/** How far back failures count together. */
export const faultWindowMs = 120_000;
/** From this much within the window on, starting it again in place is no answer any more. */
const tooMany = 3;
/** A process that ended was noticed at once; one that hung cost two leases. */
export const weightOf = { ended: 1, hung: 2 } as const;

/** The faults that still count, the new one last. */
export const withFault = (faults: readonly Fault[], fault: Fault): readonly Fault[] =>
  [...recent(faults, fault.atMs), fault].slice(-10);

/** Why a part that keeps failing should be somewhere else now; null while starting it again may help. */
export function keepsFailing(faults: readonly Fault[], nowMs: number): string | null {
  const counting = recent(faults, nowMs);
  const last = counting.at(-1);
  if (last === undefined || counting.reduce((sum, { weight }) => sum + weight, 0) < tooMany) return null;
  return `${counting.length} times within two minutes, the last time because ${last.reason}`;
}

const recent = (faults: readonly Fault[], nowMs: number): readonly Fault[] =>
  faults.filter(({ atMs }) => nowMs - atMs < faultWindowMs);
