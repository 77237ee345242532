import { alpha, beta, joinReturns, type DatedReturns } from "./benchmark.ts";
import { annualReturn, countUntil, growthOverYears, simpleReturns, yearsEarlier } from "./growth.ts";
import type { PriceFile, Series } from "./price-file.ts";
import * as risk from "./risk.ts";
import { bollinger, ema, high52Weeks, rsi } from "./technical.ts";

/** A figure that the series is too short or too still for is null. */
type Figure = number | null;
export type MetricsReport = { readonly [name: string]: unknown };

/**
 * All metrics of a file: returns from `adjclose`, technicals from `close`, the one for the other where one is absent,
 * as `input` says. Throws when there are fewer than two prices.
 */
export function metricsReport(file: PriceFile, benchmark?: PriceFile): MetricsReport {
  const prices = priced(file);
  const technicals = file.close.values.length > 0 ? file.close : file.adjclose;
  const returns = simpleReturns(prices.values);
  const endMs = prices.daysMs.at(-1) ?? Number.NaN;
  const window = returns.subarray(Math.max(0, countUntil(prices.daysMs, yearsEarlier(endMs, 5)) - 1));
  return {
    symbol: file.symbol,
    input: {
      first: file.first,
      last: file.last,
      rows: file.rows,
      returns_from: prices === file.adjclose ? "adjclose" : "close",
      technicals_from: technicals === file.close ? "close" : "adjclose",
    },
    cagr_5y: figure(growthOverYears(prices.daysMs, prices.values, 5)),
    cagr_10y: figure(growthOverYears(prices.daysMs, prices.values, 10)),
    cagr_full_empyrical: figure(annualReturn(returns)),
    ...riskFigures(returns),
    calmar: figure(risk.calmarRatio(returns)),
    omega_0: figure(risk.omegaRatio(returns)),
    tail_ratio: figure(risk.tailRatio(returns)),
    stability: figure(risk.stability(returns)),
    downside_risk: figure(risk.downsideRisk(returns)),
    var_95: figure(risk.valueAtRisk95(returns)),
    cvar_95: figure(risk.expectedShortfall95(returns)),
    window_5y: { n: window.length, ...riskFigures(window) },
    ...(benchmark && { [`vs_${benchmark.symbol.replaceAll(/[^A-Za-z0-9.]/g, "")}`]: against(prices, benchmark) }),
    ...technicalFigures(technicals),
    ...(file.high.values.length > 0 && intradayHigh(file.high, technicals)),
  };
}

function priced(file: PriceFile): Series {
  const prices = file.adjclose.values.length > 0 ? file.adjclose : file.close;
  if (prices.values.length >= 2) return prices;
  throw new Error(`${file.symbol} has ${prices.values.length} closing prices; a return needs two`);
}

const riskFigures = (returns: Float64Array): { readonly [name: string]: Figure } => ({
  annual_volatility: figure(risk.annualVolatility(returns)),
  sharpe_rf0: figure(risk.sharpeRatio(returns)),
  sortino_mar0: figure(risk.sortinoRatio(returns)),
  max_drawdown: figure(risk.maxDrawdown(returns)),
});

const datedReturns = ({ daysMs, values }: Series): DatedReturns => ({
  daysMs: daysMs.slice(1),
  returns: simpleReturns(values),
});

function against(own: Series, file: PriceFile): MetricsReport {
  const joined = joinReturns(datedReturns(own), datedReturns(priced(file)));
  const [firstMs, lastMs] = [joined.daysMs[0], joined.daysMs.at(-1)];
  if (firstMs === undefined || lastMs === undefined) throw new Error(`no day in common with ${file.symbol}`);
  const ownBeta = beta(joined);
  return {
    n: joined.daysMs.length,
    first: dayText(firstMs),
    last: dayText(lastMs),
    alpha_annual: figure(alpha(joined, ownBeta)),
    beta: figure(ownBeta),
  };
}

function technicalFigures({ daysMs, values }: Series): MetricsReport {
  const close = values.at(-1) ?? Number.NaN;
  const [smaSeed, firstSeed] = [ema(values, 200, "sma"), ema(values, 200, "first")];
  const high = high52Weeks(daysMs, values);
  const bands = bollinger(values);
  return {
    rsi14_wilder_talib: figure(rsi(values)),
    ema200_talib_smaSeed: figure(smaSeed),
    ema200_distance: figure(close / smaSeed - 1),
    ema200_pandas_firstSeed: figure(firstSeed),
    ema200_distance_firstSeed: figure(close / firstSeed - 1),
    high_52w_close: figure(high),
    high_52w_distance: figure(close / high - 1),
    bollinger: bands && { mid: bands.mid, upper: bands.upper, lower: bands.lower, percent_b: figure(bands.position) },
  };
}

function intradayHigh({ daysMs, values }: Series, technicals: Series): MetricsReport {
  const high = high52Weeks(daysMs, values);
  const close = technicals.values.at(-1) ?? Number.NaN;
  return { high_52w_intraday: figure(high), high_52w_intraday_distance: figure(close / high - 1) };
}

const figure = (value: number): Figure => (Number.isFinite(value) ? value : null);

const dayText = (dayMs: number): string => new Date(dayMs).toISOString().slice(0, 10);
