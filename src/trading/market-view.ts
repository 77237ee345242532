import type { Ledger } from "../db/ledger.ts";
import { universe } from "../db/ledger-schema.ts";
import { type MarketCache, readQuotes, readScores } from "../db/market-cache.ts";
import type { Stock } from "../planning/targets.ts";
import type { MarketView } from "./rebalance-job.ts";

/** Prices and scores of the cache that are young enough to trade on; ages are on the app's clock. */
export function marketView(cache: MarketCache, nowMs: number, maxAgeMs: number): MarketView {
  const quotes = [...readQuotes(cache).values()].filter((quote) => nowMs - quote.fetchedAtMs <= maxAgeMs);
  const scores = [...readScores(cache).values()].filter((score) => nowMs - score.computedAtMs <= maxAgeMs);
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
