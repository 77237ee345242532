/** A day's end: what everything is worth, and what came in (negative: went out) on it. One currency, minor units. */
export type ValuedDay = { readonly dayMs: number; readonly totalMinor: number; readonly flowMinor: number };

/**
 * The **time-weighted** returns of the days after the first, fractions: how the holdings did, whatever was paid in.
 * A day's flow counts from its beginning: `value / (value before + flow) - 1`. A day that begins with nothing is 0.
 */
export function timeWeightedReturns(days: readonly ValuedDay[]): Float64Array {
  const returns = new Float64Array(Math.max(0, days.length - 1));
  for (let index = 0; index < returns.length; index++) {
    const [before, day] = [days[index], days[index + 1]];
    const atWork = (before?.totalMinor ?? 0) + (day?.flowMinor ?? 0);
    returns[index] = atWork > 0 ? (day?.totalMinor ?? 0) / atWork - 1 : 0;
  }
  return returns;
}

/** The **time-weighted** return of a period: its days' returns compounded, not a year's. */
export const timeWeightedReturn = (returns: ArrayLike<number>): number => {
  let growth = 1;
  for (let index = 0; index < returns.length; index++) growth *= 1 + (returns[index] ?? Number.NaN);
  return growth - 1;
};

/** Money put in is negative, taken out positive, what is there at the end positive too. */
export type CashFlow = { readonly dayMs: number; readonly minor: number };

const YEAR_MS = 365 * 86_400_000;
const RATE_MIN = -0.999_999;
const RATE_MAX = 1e6;
const STEPS_MAX = 200;

/**
 * The **money-weighted** return a year (XIRR): the rate at which the flows, discounted over days / 365, sum to zero:
 * how the owner's money did, with the luck of when it was paid in. By bisection between -99.9999% and a
 * millionfold, at most 200 steps. null: no rate there makes them zero (flows of one sign, or none).
 */
export function moneyWeightedReturn(flows: readonly CashFlow[]): number | null {
  const startMs = flows.reduce((first, { dayMs }) => Math.min(first, dayMs), Number.POSITIVE_INFINITY);
  const worth = (rate: number): number =>
    flows.reduce((sum, { dayMs, minor }) => sum + minor / (1 + rate) ** ((dayMs - startMs) / YEAR_MS), 0);
  let [low, high] = [RATE_MIN, RATE_MAX];
  let atLow = worth(low);
  if (!(atLow * worth(high) < 0)) return null;
  for (let step = 0; step < STEPS_MAX && high - low > 1e-12 * Math.max(1, Math.abs(low)); step++) {
    const middle = (low + high) / 2;
    const atMiddle = worth(middle);
    if (atMiddle === 0) return middle;
    if (atLow * atMiddle < 0) high = middle;
    else [low, atLow] = [middle, atMiddle];
  }
  return (low + high) / 2;
}

/** The flows of an account for `moneyWeightedReturn`: what was there at the first day's end counts as put in. */
export function flowsOf(days: readonly ValuedDay[]): readonly CashFlow[] {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [
    { dayMs: first.dayMs, minor: -first.totalMinor },
    ...days.slice(1).flatMap(({ dayMs, flowMinor }) => (flowMinor === 0 ? [] : [{ dayMs, minor: -flowMinor }])),
    { dayMs: last.dayMs, minor: last.totalMinor },
  ];
}
