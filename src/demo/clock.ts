import type { ClockArgs } from "../clock.ts";

/** A slot of fifteen minutes passes in four seconds. */
const DEMO_SCALE = 225;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const FIRST_MONDAY_MS = Date.UTC(2026, 0, 5);
const WEEKS = 40;
/** Two minutes before the first slot, so that it finds a node that is ready. */
const START_OF_DAY_MS = (14 * 60 + 13) * MINUTE_MS;

/** The app's clock of a demo: the seed chooses the working day on which it begins. */
export function demoClock(seed: number, realNowMs: number): ClockArgs {
  const workingDay = mix(seed) % (WEEKS * 5);
  const day = Math.floor(workingDay / 5) * 7 + (workingDay % 5);
  return { originRealMs: realNowMs, originAppMs: FIRST_MONDAY_MS + day * DAY_MS + START_OF_DAY_MS, scale: DEMO_SCALE };
}

// Neighbouring seeds should not give neighbouring days. Mixer of splitmix32.
function mix(seed: number): number {
  let x = (seed + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
