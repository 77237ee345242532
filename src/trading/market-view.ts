import type { Ledger } from "../db/ledger.ts";
import { universe } from "../db/ledger-schema.ts";
import { type MarketCache, readQuotes, readScores } from "../db/market-cache.ts";
import type { Stock } from "../planning/targets.ts";
import type { MarketView } from "./rebalance-job.ts";

/** How old prices and scores may be to trade on; milliseconds of the app's clock. */
export type MarketAges = { readonly priceMsMax: number; readonly scoreMsMax: number };

/** Prices and scores of the cache that are young enough to trade on. */
export function marketView(cache: MarketCache, nowMs: number, { priceMsMax, scoreMsMax }: MarketAges): MarketView {
  const quotes = [...readQuotes(cache).values()].filter((quote) => nowMs - quote.fetchedAtMs <= priceMsMax);
  const scores = [...readScores(cache).values()].filter((score) => nowMs - score.computedAtMs <= scoreMsMax);
  return {
    pricesUsd: new Map(
      quotes.filter((quote) => quote.currency === "USD").map((quote) => [quote.symbol, quote.priceUsd]),
    ),
    scores: new Map(scores.map((score) => [score.symbol, score.total])),
  };
}

/** The stocks of the ledger's universe that are traded in US dollars. */
export const stocksOf = ({ db }: Ledger): readonly Stock[] =>
  db
    .select()
    .from(universe)
    .all()
    .filter((stock) => stock.currency === "USD");
