import type { EmbeddedMarket } from "./embedded-market.ts";

const DAY_S = 86_400;
const OPEN_S = 9.5 * 3600;
const CLOSE_S = 16 * 3600;
const ZONE = "America/New_York";

/**
 * One entry of `quoteResponse.result` as of the close of `day`: the fields that Yahoo always sends, and those that
 * follow from closes alone. null: no such symbol.
 */
export function quoteResult(market: EmbeddedMarket, symbol: string, day: number): Record<string, unknown> | null {
  const price = market.closeUsd(symbol, day);
  const midnightMs = market.days[day];
  if (price === null || midnightMs === undefined) return null;
  const previous = market.closeUsd(symbol, day - 1) ?? price;
  const offsetS = newYorkOffsetS(midnightMs);
  return {
    language: "en-US",
    region: "US",
    quoteType: "EQUITY",
    typeDisp: "Equity",
    quoteSourceName: "Delayed Quote",
    triggerable: false,
    currency: "USD",
    marketState: "CLOSED",
    tradeable: false,
    exchange: "NYQ",
    fullExchangeName: "NYSE",
    exchangeTimezoneName: ZONE,
    exchangeTimezoneShortName: offsetS === -4 * 3600 ? "EDT" : "EST",
    gmtOffSetMilliseconds: offsetS * 1000,
    market: "us_market",
    esgPopulated: false,
    sourceInterval: 15,
    exchangeDataDelayedBy: 0,
    priceHint: 2,
    regularMarketPrice: price,
    regularMarketPreviousClose: previous,
    regularMarketChange: price - previous,
    regularMarketChangePercent: (price / previous - 1) * 100,
    regularMarketTime: midnightMs / 1000 - offsetS + CLOSE_S,
    symbol,
  };
}

/**
 * The entry of `chart.result`: daily bars from `fromS` (inclusive) to `untilS` (exclusive), none after `day`.
 * The table has closes only: open, high and low repeat the close, volume is 0. null: no such symbol.
 */
export function chartResult(
  market: EmbeddedMarket,
  symbol: string,
  day: number,
  fromS: number,
  untilS: number,
): Record<string, unknown> | null {
  const price = market.closeUsd(symbol, day);
  const midnightMs = market.days[day];
  if (price === null || midnightMs === undefined) return null;
  const timestamp: number[] = [];
  const closes: number[] = [];
  for (let index = firstDayFrom(market.days, fromS * 1000 - DAY_S * 1000); index <= day; index++) {
    const openS = sessionS(market.days[index] ?? 0, OPEN_S);
    const close = market.closeUsd(symbol, index);
    if (openS < fromS || openS >= untilS || close === null) continue;
    timestamp.push(openS);
    closes.push(close);
  }
  const quote = { open: closes, high: closes, low: closes, close: closes, volume: closes.map(() => 0) };
  const indicators = timestamp.length === 0 ? { quote: [{}] } : { quote: [quote], adjclose: [{ adjclose: closes }] };
  return { meta: chartMeta(market, symbol, midnightMs, price), ...(timestamp.length > 0 && { timestamp }), indicators };
}

function chartMeta(market: EmbeddedMarket, symbol: string, midnightMs: number, price: number): Record<string, unknown> {
  const gmtoffset = newYorkOffsetS(midnightMs);
  const timezone = gmtoffset === -4 * 3600 ? "EDT" : "EST";
  const period = (startS: number, endS: number) => ({
    timezone,
    start: sessionS(midnightMs, startS),
    end: sessionS(midnightMs, endS),
    gmtoffset,
  });
  return {
    currency: "USD",
    symbol,
    exchangeName: "NYQ",
    fullExchangeName: "NYSE",
    instrumentType: "EQUITY",
    firstTradeDate: sessionS(market.days[0] ?? 0, OPEN_S),
    regularMarketTime: sessionS(midnightMs, CLOSE_S),
    hasPrePostMarketData: false,
    gmtoffset,
    timezone,
    exchangeTimezoneName: ZONE,
    regularMarketPrice: price,
    priceHint: 2,
    currentTradingPeriod: {
      pre: period(4 * 3600, OPEN_S),
      regular: period(OPEN_S, CLOSE_S),
      post: period(CLOSE_S, 20 * 3600),
    },
    dataGranularity: "1d",
    range: "",
    validRanges: ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
  };
}

/** Unix seconds of a time of day in New York on the day that begins at `midnightMs` UTC. */
const sessionS = (midnightMs: number, secondOfDay: number): number =>
  midnightMs / 1000 - newYorkOffsetS(midnightMs) + secondOfDay;

const zoneName = new Intl.DateTimeFormat("en-US", { timeZone: ZONE, timeZoneName: "shortOffset" });
const offsets = new Map<number, number>();

/** Offset of New York from UTC at noon of that day; the table's few thousand days are remembered. */
function newYorkOffsetS(midnightMs: number): number {
  let offsetS = offsets.get(midnightMs);
  if (offsetS === undefined) {
    offsetS = zoneName.format(midnightMs + (DAY_S / 2) * 1000).includes("GMT-4") ? -4 * 3600 : -5 * 3600;
    offsets.set(midnightMs, offsetS);
  }
  return offsetS;
}

function firstDayFrom(days: readonly number[], fromMs: number): number {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((days[middle] ?? 0) < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
