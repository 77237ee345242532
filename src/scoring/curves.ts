/** Corners of a line from left to right: level before the first, straight between two, level after the last. */
export type Curve = readonly (readonly [x: number, y: number])[];

/** Height of a curve at x; NaN of NaN. */
export function along(curve: Curve, x: number): number {
  const [first, last] = [curve[0], curve.at(-1)];
  if (first === undefined || last === undefined || Number.isNaN(x)) return Number.NaN;
  if (x <= first[0]) return first[1];
  if (x >= last[0]) return last[1];
  const right = curve.findIndex(([corner]) => corner >= x);
  const [x0, y0] = curve[right - 1] ?? first;
  const [x1, y1] = curve[right] ?? last;
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

export const clamp = (value: number, low = 0, high = 1): number => Math.min(high, Math.max(low, value));

/** Scores 0..1 of ratios, fractions and indicators, as the single-board trader has them (README.md here: deviations). */
export const curves = {
  sharpe: [
    [0, 0],
    [0.5, 0.4],
    [1, 0.7],
    [2, 1],
  ],
  sortino: [
    [0, 0],
    [0.5, 0.4],
    [1, 0.6],
    [1.5, 0.8],
    [2, 1],
  ],
  /** Fall below the high of 52 weeks. */
  belowHigh: [
    [0, 0.2],
    [0.1, 0.5],
    [0.2, 0.8],
    [0.3, 1],
  ],
  /** Price-earnings ratio against the market's, less 1. */
  earningsPrice: [
    [-0.2, 1],
    [-0.1, 0.7],
    [0, 0.5],
    [0.2, 0.2],
  ],
  dividendYield: [
    [0, 0.3],
    [0.01, 0.4],
    [0.03, 0.7],
    [0.06, 1],
  ],
  /** Up to 80%; what pays out more scores .4. */
  payout: [
    [0, 0.5],
    [0.3, 1],
    [0.6, 1],
    [0.8, 0.7],
  ],
  momentum: [
    [-0.2, 0.2],
    [-0.1, 0.5],
    [0, 0.6],
    [0.05, 1],
    [0.15, 1],
    [0.3, 0.8],
    [0.45, 0.5],
  ],
  /** Depth of the deepest fall. */
  drawdown: [
    [0.1, 1],
    [0.2, 0.8],
    [0.3, 0.6],
    [0.5, 0.2],
    [1, 0],
  ],
  rsi: [
    [30, 1],
    [70, 0],
  ],
  bollinger: [
    [0, 1],
    [1, 0],
  ],
  /** Price against its average of 200 days, less 1. */
  averageDistance: [
    [-0.1, 1],
    [-0.05, 0.7],
    [0, 0.5],
    [0.1, 0.2],
  ],
} as const satisfies { readonly [name: string]: Curve };

/** Growth a year that a portfolio is to aim at. */
const GROWTH_TARGET = 0.11;

/** A bell around the growth aimed at, narrower below it; what does not grow scores .15. */
export function growthScore(growth: number): number {
  if (growth <= 0) return 0.15;
  const width = growth < GROWTH_TARGET ? 0.06 : 0.1;
  return 0.15 + 0.85 * Math.exp(-((growth - GROWTH_TARGET) ** 2) / (2 * width ** 2));
}
