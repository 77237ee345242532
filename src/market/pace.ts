import type { RealTime } from "../trading/trading-deps.ts";

/** Waits for its turn: at most one each `intervalMs` of real time, in the order of asking. Rejects when aborted. */
export function createPace(intervalMs: number, time: RealTime): (signal: AbortSignal) => Promise<void> {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    signal.throwIfAborted();
    const nowMs = time.nowMs();
    const turnAtMs = Math.max(nowMs, nextAtMs);
    nextAtMs = turnAtMs + intervalMs;
    if (turnAtMs > nowMs) await time.sleep(turnAtMs - nowMs, signal);
    signal.throwIfAborted();
  };
}
