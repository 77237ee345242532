/** What an adjusted close is made from: both per share, adjusted for splits. */
type PaidDay = { readonly close: number; readonly dividend: number };

/**
 * Closes adjusted for dividends, of days oldest first: going back over an ex-dividend day, by the factor
 * `1 - dividend / close of the day before` (Yahoo and CRSP). Computed when read, since each dividend changes all
 * earlier ones. A dividend that is no part of the price is an error of the source, and left out.
 */
export function adjustedCloses(days: readonly PaidDay[]): Float64Array {
  const adjusted = new Float64Array(days.length);
  let factor = 1;
  for (let index = days.length - 1; index >= 0; index--) {
    const day = days[index];
    adjusted[index] = (day?.close ?? Number.NaN) * factor;
    const share = (day?.dividend ?? 0) / (days[index - 1]?.close ?? Number.POSITIVE_INFINITY);
    if (share > 0 && share < 1) factor *= 1 - share;
  }
  return adjusted;
}
