import { setImmediate as nextTurn } from "node:timers/promises";
import type { Job } from "../app-ports.ts";
import type { Ledger } from "../db/ledger.ts";
import { readFundamentals } from "../db/fundamentals-cache.ts";
import { marketNowMs, readBars, writeScores, type CachedScore } from "../db/market-cache.ts";
import { adjustedCloses } from "../market/adjusted-closes.ts";
import type { Listing } from "../market/listing.ts";
import { CLOSES_WANTED } from "../scoring/price-figures.ts";
import { scoreStock } from "../scoring/score.ts";
import { refreshPrices, watchedListings, type MarketDeps } from "./price-sync.ts";

export type { MarketDeps };

type ScoreDeps = Pick<MarketDeps, "cache" | "clock">;

/**
 * Every half hour: scores of the active stocks from the cached bars into the market cache. The portfolio is no part of
 * them: it is the ledger's, and may be another by the time that they are read.
 */
export const scoreRefreshJob = (deps: ScoreDeps & { readonly ledger: Ledger }): Job => ({
  name: "score-refresh",
  cron: "*/30 * * * *",
  catchUp: "newest",
  run: (_slot, signal) => refreshScores(deps, symbolsOf(watchedListings(deps.ledger)), signal),
});

/** Scores these symbols from the cached bars and says what it did; throws when no bars of any are cached. */
export async function refreshScores(
  { cache, clock }: ScoreDeps,
  symbols: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const computedAtMs = clock.nowMs();
  const nowMs = marketNowMs(cache, symbols);
  const companies = readFundamentals(cache);
  const scores: CachedScore[] = [];
  for (const symbol of symbols) {
    signal.throwIfAborted();
    const bars = readBars(cache, symbol, CLOSES_WANTED);
    const closes = bars.map((bar) => bar.close);
    const prices = { daysMs: bars.map((bar) => bar.dayMs), closes, adjustedCloses: adjustedCloses(bars) };
    const fundamentals = companies.get(symbol)?.figures ?? null;
    const score = scoreStock({ prices, fundamentals, nowMs });
    const { total, confidence, groups } = score;
    scores.push({ symbol, total, confidence, explanation: JSON.stringify(groups), computedAtMs });
    // Leases are renewed on this thread: no stretch of work may be long.
    await nextTurn();
  }
  const known = scores.filter((score) => score.confidence > 0);
  if (known.length === 0 && symbols.length > 0) throw new Error("no daily bars to score any stock by");
  writeScores(cache, scores);
  const best = known.toSorted((a, b) => b.total - a.total)[0];
  const unknown = scores.length === known.length ? "" : `, ${scores.length - known.length} without enough history`;
  return best === undefined
    ? "no stocks to score"
    : `${known.length} scores, best ${best.symbol} ${best.total.toFixed(2)}${unknown}`;
}

/** What a standby does now and then, so that it has prices and scores at the instant of its promotion. */
export async function warmMarket(deps: MarketDeps, listings: readonly Listing[], signal: AbortSignal): Promise<string> {
  const prices = await refreshPrices(deps, listings, signal);
  return `${prices}; ${await refreshScores(deps, symbolsOf(listings), signal)}`;
}

const symbolsOf = (listings: readonly Listing[]): readonly string[] => listings.map(({ symbol }) => symbol);
