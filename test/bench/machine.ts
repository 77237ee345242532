import { cpus, loadavg, totalmem } from "node:os";

/** Where and under what load something was measured. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly loadAverageBefore: number;
  readonly loadAverageAfter: number;
};

const oneMinute = (): number => Number((loadavg()[0] ?? 0).toFixed(2));

/** To be called before the first measurement; the answer is to be called after the last. */
export function observeMachine(): () => Machine {
  const loadAverageBefore = oneMinute();
  return () => ({
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    loadAverageBefore,
    loadAverageAfter: oneMinute(),
  });
}

export type Quantiles = { readonly p50: number; readonly p99: number; readonly max: number };

/** Nearest-rank quantiles of at least one duration, in whole milliseconds. */
export function quantiles(valuesMs: readonly number[]): Quantiles {
  const sorted = valuesMs.map(Math.round).sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}

/** One line for a person. */
export const sayQuantiles = (what: string, { p50, p99, max }: Quantiles): string =>
  `${what.padEnd(34)} p50 ${p50} ms · p99 ${p99} ms · max ${max} ms`;

/** One line for a person. */
export const sayMachine = (machine: Machine): string =>
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}; ` +
  `load average ${machine.loadAverageBefore} before, ${machine.loadAverageAfter} after`;

/** Numbers from 0 to 1 that follow from the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
