/** Numbers in a row, oldest first where they are a series; a typed array will do. */
export type Numbers = ArrayLike<number>;

/** Arithmetic mean; NaN of nothing. */
export function mean(values: Numbers): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] ?? Number.NaN;
  return sum / values.length;
}

/** Standard deviation with `n - 1` in the denominator (numpy's ddof=1); NaN below two values. */
export function sampleDeviation(values: Numbers): number {
  return values.length < 2 ? Number.NaN : Math.sqrt(squaredDeviations(values) / (values.length - 1));
}

/** Standard deviation with `n` in the denominator (numpy's ddof=0); NaN of nothing. */
export const populationDeviation = (values: Numbers): number => Math.sqrt(squaredDeviations(values) / values.length);

function squaredDeviations(values: Numbers): number {
  const centre = mean(values);
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += ((values[index] ?? Number.NaN) - centre) ** 2;
  return sum;
}

/** Covariance over variance of `x` (both ddof=1): the slope of y on x. NaN when x does not vary. */
export function slope(x: Numbers, y: Numbers): number {
  const { xx, xy } = coMoments(x, y);
  return xx > 0 ? xy / xx : Number.NaN;
}

/** Squared correlation of two series of one length; NaN when one does not vary. */
export function rSquared(x: Numbers, y: Numbers): number {
  const { xx, xy, yy } = coMoments(x, y);
  return xx > 0 && yy > 0 ? (xy * xy) / (xx * yy) : Number.NaN;
}

function coMoments(x: Numbers, y: Numbers): { readonly xx: number; readonly xy: number; readonly yy: number } {
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let index = 0; index < x.length; index++) {
    const dx = (x[index] ?? Number.NaN) - meanX;
    const dy = (y[index] ?? Number.NaN) - meanY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return { xx, xy, yy };
}

/** The `share` (0..1) quantile of ascending values by linear interpolation, numpy's default; NaN of nothing. */
export function quantile(ascending: Numbers, share: number): number {
  const at = (ascending.length - 1) * share;
  const below = Math.floor(at);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - below);
}
