import { attribute, attributeGroups, type Attribution } from "../../src/analytics/money/attribution.ts";
import type { Entry } from "../../src/analytics/money/book.ts";
import { performance as performanceOf, type Performance } from "../../src/analytics/money/performance.ts";
import { dailyValues, type Prices } from "../../src/analytics/money/valuation.ts";
import { simpleReturns } from "../../src/analytics/metrics/growth.ts";
import { embeddedUniverse } from "../../src/db/universe.ts";
import { loadEmbeddedMarket } from "../../src/market/embedded-market.ts";
import { DAYS } from "./scoring-data.ts";

const market = loadEmbeddedMarket();
const daysMs = market.days.slice(-DAYS);
const from = market.days.length - DAYS;
const dayIndex = new Map(daysMs.map((dayMs, index) => [dayMs, from + index]));
const SESSIONS_A_MONTH = 21;

/** Ten years of a 20-stock portfolio: 1,000 USD a month, a trade in a stock every other session, dollars as the base. */
const entries: readonly Entry[] = daysMs.flatMap((dayMs, index): Entry[] => {
  const paid: Entry[] =
    index % SESSIONS_A_MONTH === 0
      ? [{ kind: "deposit", dayMs, currency: "USD", minor: index === 0 ? 5_000_000 : 100_000 }]
      : [];
  if (index % 2 === 1) return paid;
  const turn = index / 2;
  const symbol = market.symbols[turn % market.symbols.length] ?? "";
  const price = market.closeUsd(symbol, from + index) ?? Number.NaN;
  const kind = turn % 60 >= 40 ? "sell" : "buy";
  return [...paid, { kind, dayMs, symbol, qty: 2, price, unit: "USD", feeMinor: 200 }];
});

const benchmark = {
  daysMs: daysMs.slice(1),
  returns: simpleReturns(daysMs.map((_, index) => market.closeUsd("XOM", from + index) ?? Number.NaN)),
};
const industries = new Map(embeddedUniverse.map(({ symbol, industries: own }) => [symbol, own]));

type Report = {
  readonly stocks: readonly Attribution[];
  readonly industries: readonly Attribution[];
  readonly performance: Performance;
};

const prices: Prices = (symbol, dayMs) => {
  const price = market.closeUsd(symbol, dayIndex.get(dayMs) ?? -1);
  return price === null ? null : { price, unit: "USD" };
};

/** Values every day of the portfolio from its entries, attributes its return to stocks and industries, and its risk. */
export function reportOfTenYears(): Report {
  const { days } = dailyValues("USD", entries, daysMs, prices, () => null);
  const stocks = attribute(days);
  const groups = attributeGroups(stocks, (symbol) => industries.get(symbol) ?? []);
  return { stocks, industries: groups, performance: performanceOf(days, benchmark) };
}
