import { addCounts } from "./coverage.ts";
import type { Outcome } from "./run.ts";

/** What a number of schedules came to. */
export type Tally = {
  readonly runs: number;
  readonly events: number;
  readonly faults: number;
  readonly promotions: number;
  /** The poorest schedule of all. */
  readonly eventsMin: number;
  readonly faultsMin: number;
  /** The first schedules that broke an invariant. */
  readonly violations: readonly Violation[];
  readonly coverage: ReadonlyMap<string, number>;
};

type Violation = { readonly seed: number; readonly text: string };

const violationsMax = 10;

export const emptyTally: Tally = {
  runs: 0,
  events: 0,
  faults: 0,
  promotions: 0,
  eventsMin: Number.POSITIVE_INFINITY,
  faultsMin: Number.POSITIVE_INFINITY,
  violations: [],
  coverage: new Map(),
};

export const tallyOf = ({ seed, events, faults, promotions, violation, coverage }: Outcome): Tally => ({
  runs: 1,
  events,
  faults,
  promotions,
  eventsMin: events,
  faultsMin: faults,
  violations: violation === null ? [] : [{ seed, text: violation }],
  coverage,
});

export const addTallies = (a: Tally, b: Tally): Tally => ({
  runs: a.runs + b.runs,
  events: a.events + b.events,
  faults: a.faults + b.faults,
  promotions: a.promotions + b.promotions,
  eventsMin: Math.min(a.eventsMin, b.eventsMin),
  faultsMin: Math.min(a.faultsMin, b.faultsMin),
  violations: [...a.violations, ...b.violations].slice(0, violationsMax),
  coverage: addCounts(new Map(a.coverage), b.coverage),
});
