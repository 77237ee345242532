import { setTimeout as sleep } from "node:timers/promises";
import { DemoError } from "./options.ts";

const EVERY_MS = 100;

/** Asks again until the answer is not null; throws after `limitMs` with what is still awaited, and when the signal says so. */
export async function until<T>(
  what: () => string,
  limitMs: number,
  signal: AbortSignal,
  ask: () => Promise<T | null>,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    signal.throwIfAborted();
    if (answer !== null) return answer;
    if (performance.now() >= endMs) throw new DemoError(`not within ${Math.round(limitMs / 1000)} s: ${what()}`);
    await sleep(EVERY_MS, undefined, { signal });
  }
}
