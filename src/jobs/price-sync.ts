import type { AppClock, Job } from "../app-ports.ts";
import { eq } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { universe } from "../db/ledger-schema.ts";
import { newestBarDays, writeBars, writeQuotes, type MarketCache } from "../db/market-cache.ts";
import type { MarketSource, Quote } from "../market/source.ts";

const DAY_MS = 86_400_000;
/** First fetch of a symbol: the trading days that a score wants, and some. */
const HISTORY_MS = 400 * DAY_MS;
/** A price further than this factor from the newest close is taken for an error and not stored. */
const JUMP_MAX = 2;

export type MarketDeps = {
  readonly source: MarketSource;
  readonly cache: MarketCache;
  readonly clock: Pick<AppClock, "nowMs">;
};

/** Every five minutes: quotes and new daily bars of the active stocks into the market cache. */
export const priceSyncJob = (deps: MarketDeps & { readonly ledger: Ledger }): Job => ({
  name: "price-sync",
  cron: "*/5 * * * *",
  catchUp: "newest",
  run: (_slot, signal) => refreshPrices(deps, activeSymbols(deps.ledger), signal),
});

/** Symbols of the universe that are looked after. */
export const activeSymbols = (ledger: Ledger): readonly string[] =>
  ledger.db
    .select({ symbol: universe.symbol })
    .from(universe)
    .where(eq(universe.active, true))
    .orderBy(universe.symbol)
    .all()
    .map((row) => row.symbol);

/**
 * Brings quotes and bars of these symbols up to date and says what it did. A symbol that fails keeps its last good
 * values; throws when none could be had. Needs no ledger, so a standby keeps its cache warm by it too.
 */
export async function refreshPrices(
  { source, cache, clock }: MarketDeps,
  symbols: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const quotes = (await source.quotes(symbols)).filter((quote) => quote.currency === "USD");
  if (quotes.length === 0 && symbols.length > 0) throw new Error(`no price for any of ${symbols.length} stocks`);

  const newest = newestBarDays(cache, symbols);
  let barCount = 0;
  const good: Quote[] = [];
  const troubles = symbols
    .filter((symbol) => !quotes.some((quote) => quote.symbol === symbol))
    .map((symbol) => `${symbol}: no quote`);
  for (const quote of quotes) {
    signal.throwIfAborted();
    try {
      // The newest stored day is fetched again: it may have been stored while that day's session was still open.
      const knownDayMs = newest.get(quote.symbol);
      const isNew = knownDayMs === undefined || quote.asOfMs >= knownDayMs + DAY_MS;
      const bars = isNew ? await source.dailyBars(quote.symbol, knownDayMs ?? quote.asOfMs - HISTORY_MS) : [];
      const lastUsd = bars.at(-1)?.closeUsd;
      if (lastUsd !== undefined && !isPlausible(quote.priceUsd, lastUsd)) {
        troubles.push(`${quote.symbol}: price ${quote.priceUsd} against a close of ${lastUsd}`);
        continue;
      }
      writeBars(
        cache,
        bars.map((bar) => ({ symbol: quote.symbol, ...bar })),
      );
      barCount += bars.length;
      good.push(quote);
    } catch (error) {
      troubles.push(`${quote.symbol}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  signal.throwIfAborted();
  if (good.length === 0 && symbols.length > 0) throw new Error(`no good price: ${troubles.join("; ")}`.slice(0, 300));
  const fetchedAtMs = clock.nowMs();
  writeQuotes(
    cache,
    good.map((quote) => ({ ...quote, fetchedAtMs })),
  );
  const trouble = troubles.length === 0 ? "" : `; without ${troubles.join(", ")}`;
  return `${good.length} prices, ${barCount} daily bars${trouble}`.slice(0, 500);
}

const isPlausible = (priceUsd: number, closeUsd: number): boolean =>
  priceUsd <= closeUsd * JUMP_MAX && priceUsd >= closeUsd / JUMP_MAX;
