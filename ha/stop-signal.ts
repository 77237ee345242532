import { identify, isRunning } from "./io/proc.ts";

/** How often a lifeline is looked at, milliseconds. */
const lifelineEveryMs = 250;

/** Resolves with exit code 0 on SIGTERM or SIGINT, or when the process of the lifeline is gone. */
export function stopSignal(lifelinePid: number | null): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(0));
    if (lifelinePid === null) return;
    const lifeline = identify(lifelinePid);
    const timer = setInterval(() => {
      if (lifeline !== null && isRunning(lifeline)) return;
      clearInterval(timer);
      resolve(0);
    }, lifelineEveryMs);
    timer.unref();
  });
}
