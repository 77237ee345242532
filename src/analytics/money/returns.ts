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

/** `rate` is a fraction a year. */
export type MoneyWeighted =
  | { readonly kind: "rate"; readonly rate: number }
  | { readonly kind: "none" | "several"; readonly reason: string };

const YEAR_MS = 365 * 86_400_000;
/** Logarithms of the growth a year that is looked at: a loss of 99.9999% to a millionfold. */
const LOG_MAX = Math.log(1e6);
const SCAN_STEPS = 512;
const BISECTIONS = 60;

/**
 * The **money-weighted** return a year (XIRR): the rate at which the flows, discounted over days / 365, sum to zero:
 * how the owner's money did, with the luck of when it was paid in. Looked for between -99.9999% and a millionfold in a
 * bounded number of steps. Flows that change their direction only once have at most one such rate (Descartes); of
 * others it says so when there is more than one, since then none of them is the return.
 */
export function moneyWeightedReturn(flows: readonly CashFlow[]): MoneyWeighted {
  const startMs = flows.reduce((first, { dayMs }) => Math.min(first, dayMs), Number.POSITIVE_INFINITY);
  const timed = flows.map(({ dayMs, minor }) => ({ years: (dayMs - startMs) / YEAR_MS, minor }));
  const worth = (log: number): number =>
    timed.reduce((sum, { years, minor }) => sum + minor * Math.exp(-log * years), 0);
  const crossings: number[] = [];
  let [low, atLow] = [-LOG_MAX, worth(-LOG_MAX)];
  for (let step = 1; step <= SCAN_STEPS; step++) {
    const high = LOG_MAX * ((2 * step) / SCAN_STEPS - 1);
    const atHigh = worth(high);
    if (atLow * atHigh < 0 || (atHigh === 0 && atLow !== 0)) crossings.push(bisected(worth, low, high));
    [low, atLow] = [high, atHigh];
  }
  const [log, second] = crossings;
  if (log === undefined) return { kind: "none", reason: "no rate makes what was paid in worth what came of it" };
  if (second === undefined) return { kind: "rate", rate: Math.expm1(log) };
  const rates = crossings.map((one) => `${(100 * Math.expm1(one)).toFixed(1)}%`).join(", ");
  return { kind: "several", reason: `money went in and out so that several rates fit: ${rates}` };
}

/** Where the worth is zero between two logarithms at which its signs differ. */
function bisected(worth: (log: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  const isAbove = worth(from) > 0;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (worth(middle) > 0 === isAbove) low = middle;
    else high = middle;
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
