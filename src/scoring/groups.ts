import { along, clamp, curves, growthScore } from "./curves.ts";
import type { PriceFigures } from "./price-figures.ts";
import type { Fundamentals, PortfolioContext } from "./score-input.ts";
import { makeGroup, makePart, meanOfKnown, type Group, type Source } from "./score-part.ts";

/** What the groups are made from; null is absent. */
export type Figures = {
  readonly prices: PriceFigures | null;
  readonly company: Fundamentals | null;
  readonly nowMs: number;
};

/** A setting: the price-earnings ratio that the market as a whole is taken to have. */
const MARKET_PE = 22;
const DAY_MS = 86_400_000;
/** Company figures are news for a quarter; a year later they say nothing. */
const FRESH_DAYS = 90;
const WORTHLESS_DAYS = 365;
/** With so few days since the last bar prices are today's; ten days later they say nothing. */
const PRICES_FRESH_DAYS = 10;
const PRICES_WORTHLESS_DAYS = 30;
const ANALYSTS_WANTED = 5;

const unknown = Number.NaN;

const aged = (asOfMs: number, nowMs: number, share: number, freshDays: number, worthlessDays: number): Source => ({
  asOfMs,
  nowMs,
  confidence:
    share *
    along(
      [
        [freshDays, 1],
        [worthlessDays, 0],
      ],
      (nowMs - asOfMs) / DAY_MS,
    ),
});

const pricesSource = ({ prices, nowMs }: Figures, share = 1): Source | null =>
  prices && aged(prices.asOfMs, nowMs, clamp(share), PRICES_FRESH_DAYS, PRICES_WORTHLESS_DAYS);

const companySource = ({ company, nowMs }: Figures, share = 1): Source | null =>
  company && aged(company.asOfMs, nowMs, clamp(share), FRESH_DAYS, WORTHLESS_DAYS);

/** Growth and what it cost in swings. */
export function longTerm(from: Figures): Group {
  const { growth, growthMonths, sharpe, sortino, returnsShare } = from.prices ?? noPrices;
  const ofReturns = pricesSource(from, returnsShare);
  return makeGroup("long term", 0.2, [
    makePart("growth", 0.4, growthScore(growth), { growth }, pricesSource(from, growthMonths)),
    makePart("sortino", 0.35, along(curves.sortino, sortino), { sortino }, ofReturns),
    makePart("sharpe", 0.25, along(curves.sharpe, sharpe), { sharpe }, ofReturns),
  ]);
}

/** Whether the company is strong, and whether it has grown evenly. */
export function fundamentals(from: Figures): Group {
  const { profitMargin = null, debtToEquityPercent = null, currentRatio = null } = from.company ?? {};
  const strength = meanOfKnown([
    { weight: 0.4, value: profitMargin === null ? null : clamp(0.5 + (profitMargin >= 0 ? 2.5 : 2) * profitMargin) },
    { weight: 0.3, value: debtToEquityPercent === null ? null : 1 - clamp(debtToEquityPercent, 0, 200) / 200 },
    { weight: 0.3, value: currentRatio === null ? null : clamp(currentRatio / 2) },
  ]);
  const { growth5, growth10 } = from.prices ?? noPrices;
  const steady = evenness(Math.abs(growth5 - growth10));
  return makeGroup("fundamentals", 0.15, [
    makePart(
      "strength",
      0.6,
      strength.value,
      { profitMargin, debtToEquityPercent, currentRatio },
      companySource(from, strength.known),
    ),
    makePart("consistency", 0.4, steady, { growth5, growth10 }, pricesSource(from)),
  ]);
}

const evenness = (difference: number): number => {
  if (difference < 0.02) return 1;
  return difference < 0.05 ? 0.8 : Math.max(0.4, 1 - 4 * difference);
};

/** Whether the price is low against its own past and against earnings. */
export function opportunity(from: Figures): Group {
  const { belowHigh } = from.prices ?? noPrices;
  const { trailingPe = null, forwardPe = null } = from.company ?? {};
  const ratios = meanOfKnown([
    { weight: 0.5, value: trailingPe },
    { weight: 0.5, value: forwardPe },
  ]);
  // A loss makes the ratio negative, which is not cheap.
  const loses = (trailingPe ?? 1) <= 0 || (forwardPe ?? 1) <= 0;
  const priced = loses ? 0.2 : along(curves.earningsPrice, ratios.value / MARKET_PE - 1);
  return makeGroup("opportunity", 0.15, [
    makePart("below its high", 0.5, along(curves.belowHigh, belowHigh), { belowHigh }, pricesSource(from)),
    makePart(
      "price to earnings",
      0.5,
      priced,
      { trailingPe, forwardPe, marketPe: MARKET_PE },
      companySource(from, ratios.known),
    ),
  ]);
}

/** What it pays, and whether it can go on paying it. */
export function dividends(from: Figures): Group {
  const { dividendYield = null, payoutRatio = null, fiveYearDividendYield = null } = from.company ?? {};
  const payout = payoutRatio === null ? null : payoutScore(payoutRatio);
  const habit = fiveYearDividendYield === null ? null : Math.min(1, 0.5 + 5 * fiveYearDividendYield);
  const lasting = meanOfKnown([
    { weight: 0.5, value: payout },
    { weight: 0.5, value: habit },
  ]);
  // Who pays nothing has nothing to go on paying.
  const pays = dividendYield !== 0;
  return makeGroup("dividends", 0.12, [
    makePart(
      "yield",
      0.7,
      along(curves.dividendYield, dividendYield ?? unknown),
      { dividendYield },
      companySource(from),
    ),
    makePart(
      "consistency",
      0.3,
      pays ? lasting.value : unknown,
      { payoutRatio, fiveYearDividendYield },
      companySource(from, lasting.known),
    ),
  ]);
}

const payoutScore = (ratio: number): number => (ratio < 0 || ratio > 0.8 ? 0.4 : along(curves.payout, ratio));

/** Where the price has gone lately. */
export function shortTerm(from: Figures): Group {
  const { change30, change90, drawdownYear, count } = from.prices ?? noPrices;
  const momentum = along(curves.momentum, 0.6 * change30 + 0.4 * change90);
  return makeGroup("short term", 0.1, [
    makePart("momentum", 0.5, momentum, { change30, change90 }, pricesSource(from)),
    makePart(
      "drawdown",
      0.5,
      along(curves.drawdown, drawdownYear),
      { drawdownYear },
      pricesSource(from, (count - 1) / 252),
    ),
  ]);
}

/** Whether it is oversold. */
export function technicals(from: Figures): Group {
  const { rsi14, bollingerPosition, averageDistance } = from.prices ?? noPrices;
  return makeGroup("technicals", 0.1, [
    makePart("rsi", 0.35, along(curves.rsi, rsi14), { rsi14 }, pricesSource(from)),
    makePart("bollinger", 0.35, along(curves.bollinger, bollingerPosition), { bollingerPosition }, pricesSource(from)),
    makePart("average", 0.3, along(curves.averageDistance, averageDistance), { averageDistance }, pricesSource(from)),
  ]);
}

/** Yahoo's words, lower case with an underscore; "none" and others are no opinion. */
const RECOMMENDATIONS: ReadonlyMap<string, number> = new Map([
  ["strong_buy", 1],
  ["buy", 0.75],
  ["hold", 0.5],
  ["underperform", 0.25],
  ["sell", 0],
]);

/** What analysts say; five of them are an opinion, fewer are less. */
export function opinion(from: Figures): Group {
  const { recommendationMean = null, recommendationKey = null, analystCount = null } = from.company ?? {};
  const { targetPrice = null, currentPrice = null } = from.company ?? {};
  const ofKey = RECOMMENDATIONS.get(recommendationKey ?? "") ?? unknown;
  const recommended = recommendationMean === null ? ofKey : clamp((5 - recommendationMean) / 4);
  const upside = (targetPrice ?? unknown) / (currentPrice ?? unknown) - 1;
  const source = companySource(from, (analystCount ?? 0) / ANALYSTS_WANTED);
  return makeGroup("opinion", 0.1, [
    makePart("recommendation", 0.6, recommended, { recommendationMean, recommendationKey, analystCount }, source),
    makePart("target", 0.4, clamp(0.5 + 2.5 * upside), { targetPrice, currentPrice, upside, analystCount }, source),
  ]);
}

/**
 * Whether the portfolio lacks its region and industry, and, of a good stock that is held at a loss, whether more of it
 * would lower its cost. `quality` and `chance` are the values of the other groups.
 */
export function diversification(
  { portfolio, nowMs }: { readonly portfolio: PortfolioContext | null; readonly nowMs: number },
  quality: number | null,
  chance: number | null,
): Group {
  const source = portfolio && { asOfMs: portfolio.asOfMs, nowMs, confidence: 1 };
  const { regionShare = unknown, regionTarget = unknown, share = unknown } = portfolio ?? {};
  const { industryShare = unknown, industryTarget = unknown, gain = null } = portfolio ?? {};
  const averaging = averagingScore((quality ?? unknown) * (chance ?? unknown), gain, share);
  return makeGroup("diversification", 0.08, [
    makePart("region", 0.4, lack(regionShare, regionTarget), { regionShare, regionTarget }, source),
    makePart("industry", 0.3, lack(industryShare, industryTarget), { industryShare, industryTarget }, source),
    makePart("averaging down", 0.3, averaging, { quality, chance, gain, share }, source),
  ]);
}

const lack = (share: number, target: number): number =>
  clamp(0.5 + 0.4 * clamp(target > 0 ? (target - share) / target : -share, -1, 1), 0.1, 0.9);

function averagingScore(product: number, gain: number | null, share: number): number {
  if (Number.isNaN(product)) return unknown;
  const base = product >= 0.5 ? 0.7 + 0.6 * (product - 0.5) : product >= 0.3 ? 0.5 + (product - 0.3) : 0.3;
  const loss = gain === null ? 0 : Math.max(0, -gain);
  const bonus = loss <= 0.2 ? Math.min(0.4, 2 * loss) : 0;
  return clamp((base + bonus) * (share > 0.1 ? 0.7 : share > 0.05 ? 0.9 : 1));
}

/** The figures of a stock without a usable history: all unknown. */
const noPrices: Omit<PriceFigures, "asOfMs" | "price"> = {
  count: 0,
  growth: unknown,
  growthMonths: 0,
  growth5: unknown,
  growth10: unknown,
  sharpe: unknown,
  sortino: unknown,
  returnsShare: 0,
  belowHigh: unknown,
  change30: unknown,
  change90: unknown,
  drawdownYear: unknown,
  rsi14: unknown,
  bollingerPosition: unknown,
  averageDistance: unknown,
};
