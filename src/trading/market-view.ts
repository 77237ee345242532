import type { Ledger } from "../db/ledger.ts";
import { universe } from "../db/ledger-schema.ts";
import { type CachedQuote, type MarketCache, readBlocks, readQuotes, readScores } from "../db/market-cache.ts";
import { STALE_MS } from "../market/anomaly/quote-gate.ts";
import { exchangeOf } from "../market/calendar/exchange-of.ts";
import { marketState } from "../market/calendar/market-hours.ts";
import type { Stock } from "../planning/targets.ts";
import type { MarketView } from "./rebalance-job.ts";

/** How old prices and scores may be to trade on; milliseconds of the app's clock. */
export type MarketAges = { readonly priceMsMax: number; readonly scoreMsMax: number };

/** "exchange": the stocks' exchanges have hours; "replay": the market is recorded days without a time of day. */
export type MarketHours = "exchange" | "replay";

/** Prices and scores of the cache that are young enough to trade on, and what may not be traded whatever they are. */
export function marketView(
  cache: MarketCache,
  nowMs: number,
  { priceMsMax, scoreMsMax }: MarketAges,
  hours: MarketHours,
): MarketView {
  const quotes = [...readQuotes(cache).values()].filter((quote) => nowMs - quote.fetchedAtMs <= priceMsMax);
  const scores = [...readScores(cache).values()].filter((score) => nowMs - score.computedAtMs <= scoreMsMax);
  return {
    pricesUsd: new Map(
      quotes.filter((quote) => quote.currency === "USD").map((quote) => [quote.symbol, quote.priceUsd]),
    ),
    scores: new Map(scores.map((score) => [score.symbol, score.total])),
    blocked: new Map([
      ...(hours === "exchange" ? quotes.flatMap((quote) => whyNotNow(quote, nowMs)) : []),
      ...[...readBlocks(cache, nowMs).values()].map(
        ({ symbol, reason, untilMs }) =>
          [symbol, `its prices look wrong (${reason}), until ${instantText(untilMs)}`] as const,
      ),
    ]),
  };
}

function whyNotNow({ symbol, asOfMs }: CachedQuote, nowMs: number): readonly (readonly [string, string])[] {
  if (nowMs - asOfMs > STALE_MS) return [[symbol, `it last traded on ${instantText(asOfMs)}`]];
  const market = marketState(exchangeOf(symbol), nowMs);
  if (market.open) return [];
  const until = market.opensAtMs === null ? "" : `, until ${instantText(market.opensAtMs)}`;
  return [[symbol, `${market.why}${until}`]];
}

const instantText = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16)}Z`;

/** The stocks of the ledger's universe that are traded in US dollars. */
export const stocksOf = ({ db }: Ledger): readonly Stock[] =>
  db
    .select()
    .from(universe)
    .all()
    .filter((stock) => stock.currency === "USD");
