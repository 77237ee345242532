const TRADING_DAYS_A_YEAR = 252;

/** Arithmetic mean; NaN of nothing. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Change of the last value against that of `days` earlier, as a fraction; 0 when there is none. */
export function rateOfChange(closes: readonly number[], days: number): number {
  const last = closes.at(-1);
  const earlier = closes.at(-1 - days);
  return last === undefined || earlier === undefined ? 0 : last / earlier - 1;
}

/** Sample standard deviation of the daily returns, times √252. Needs three closes. */
export function annualVolatility(closes: readonly number[]): number {
  const returns = closes.slice(1).map((close, index) => close / (closes[index] ?? close) - 1);
  const average = mean(returns);
  const squares = returns.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return Math.sqrt(squares / (returns.length - 1)) * Math.sqrt(TRADING_DAYS_A_YEAR);
}
