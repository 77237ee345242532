import { yahooTrader, type YahooTrader } from "../../support/yahoo-trader.ts";
import type { NewStock } from "../../../src/db/universe.ts";
import { calmDays, type WireStock } from "../../support/yahoo-wire.ts";

export const startMs = Date.UTC(2026, 10, 25, 15);
export const today = Date.UTC(2026, 10, 25);
export const newYork = -5 * 3600;

const stock = (symbol: string, currency: string): NewStock => ({
  symbol,
  name: symbol,
  region: currency === "USD" ? "US" : "EU",
  industries: ["Technology"],
  currency,
});
const universe = [...["AAPL", "MSFT", "JPM", "PG"].map((symbol) => stock(symbol, "USD")), stock("SIE.DE", "EUR")];
/** A stock of this price level that nothing is wrong with. */
export const of = (level: number, unit = "USD", offsetS = newYork): WireStock => ({
  unit,
  offsetS,
  days: calmDays(today, 100, level),
  summary: {
    financialData: { maxAge: 1, recommendationKey: "strong_buy", numberOfAnalystOpinions: 12, financialCurrency: unit },
    summaryDetail: {
      maxAge: 1,
      priceHint: 2,
      payoutRatio: 0.4,
      fiveYearAvgDividendYield: 2.5,
      currency: unit,
      algorithm: null,
      tradeable: false,
      fromCurrency: null,
      lastMarket: null,
    },
  },
});
/** Five stocks in two currencies, and the rate between them. */
export const stocks = (): Map<string, WireStock> =>
  new Map([
    ["AAPL", of(200)],
    ["MSFT", of(400)],
    ["JPM", of(150)],
    ["PG", of(120)],
    ["SIE.DE", of(180, "EUR", 3600)],
    ["EURUSD=X", of(1.1, "USD", 0)],
  ]);

/** A trader of these stocks, on a Wednesday on which every exchange of theirs is open. */
export const startTrader = (known: ReadonlyMap<string, WireStock>): YahooTrader =>
  yahooTrader({ universe, stocks: known, startMs });

export const text = (status: number, body: string): Response => new Response(body, { status });
export const html = "<html>not now</html>";
