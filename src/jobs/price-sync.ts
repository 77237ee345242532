import type { AppClock, Job } from "../app-ports.ts";
import { eq, inArray, or } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { positions, universe } from "../db/ledger-schema.ts";
import { writeBlock, writeQuotes, writeRate, type MarketCache } from "../db/market-cache.ts";
import type { Anomaly } from "../market/anomaly/price-step.ts";
import { foreignCurrencies, rateSymbol } from "../market/fx/rates.ts";
import { listingOf, type Listing } from "../market/listing.ts";
import type { MarketSource, Quote } from "../market/source.ts";
import { inspectRate, inspectStock } from "./price-inspection.ts";
import { SourceRound } from "./source-round.ts";

/** App time for which wrong prices keep a stock from trading; each sync that finds them still wrong begins it anew. */
const BLOCK_MS = 86_400_000;
/** App time after which a price is too old to plan on. */
export const priceMsMax = 30 * 60_000;

export type MarketDeps = {
  readonly source: MarketSource;
  readonly cache: MarketCache;
  readonly clock: Pick<AppClock, "nowMs">;
  /** The currency that everything is converted to. */
  readonly base: string;
  /** Told how far a round is, such as `prices 12 of 30`. */
  readonly onProgress?: (text: string) => void;
};

/** Every five minutes: quotes, rates and new daily bars of the stocks that are looked after into the market cache. */
export const priceSyncJob = (deps: MarketDeps & { readonly ledger: Ledger }): Job => ({
  name: "price-sync",
  cron: "*/5 * * * *",
  catchUp: "newest",
  run: (_slot, signal) => refreshPrices(deps, watchedListings(deps.ledger), signal),
});

/** Stocks of the universe whose prices are needed: the active ones, and those given up that are still held. */
export const watchedListings = ({ db }: Ledger): readonly Listing[] =>
  db
    .select()
    .from(universe)
    .where(
      or(eq(universe.active, true), inArray(universe.symbol, db.select({ symbol: positions.symbol }).from(positions))),
    )
    .orderBy(universe.symbol)
    .all()
    .map(listingOf);

/**
 * Brings quotes, rates and bars of these stocks up to date and says what it did. A stock that fails keeps its last
 * good values, and one whose prices look wrong is blocked as well; throws when none could be had. Each stock is written
 * when it is known, so a run that was cut off goes on where it was. Needs no ledger, so a standby keeps its cache warm
 * by it too.
 */
export async function refreshPrices(
  deps: MarketDeps,
  listings: readonly Listing[],
  signal: AbortSignal,
): Promise<string> {
  const { source, base } = deps;
  const currencies = foreignCurrencies(
    base,
    listings.map(({ currency }) => currency),
  );
  const symbols = listings.map(({ yahooSymbol }) => yahooSymbol);
  const rateSymbols = currencies.map((currency) => rateSymbol(base, currency));
  const answer = await source.quotes([...symbols, ...rateSymbols], signal);
  const quotes = new Map(answer.map((quote) => [quote.symbol, quote]));
  if (listings.length > 0 && !symbols.some((symbol) => quotes.has(symbol))) {
    throw new Error(`no price for any of ${listings.length} stocks`);
  }
  const marketNowMs = answer.reduce((newest, { asOfMs }) => Math.max(newest, asOfMs), 0);
  const round = new SourceRound("prices", currencies.length + listings.length, deps.onProgress, signal);
  for (const currency of currencies) {
    const symbol = rateSymbol(base, currency);
    await round.step(symbol, () => refreshRate(deps, currency, quotes.get(symbol), signal));
  }
  let [barCount, priceCount] = [0, 0];
  for (const listing of listings) {
    const { symbol } = listing;
    await round.step(symbol, async () => {
      const quote = quotes.get(listing.yahooSymbol);
      if (quote === undefined) return "no quote";
      const { anomaly, newBars } = await inspectStock(deps, listing, quote, marketNowMs, signal);
      barCount += newBars;
      if (anomaly !== null) return block(deps, symbol, anomaly);
      writeQuotes(deps.cache, [{ ...quote, symbol, fetchedAtMs: deps.clock.nowMs() }]);
      priceCount++;
      return null;
    });
  }
  if (priceCount === 0 && listings.length > 0)
    throw new Error(`no good price: ${round.troubles.join("; ")}`.slice(0, 300));
  return `${priceCount} prices, ${barCount} daily bars${round.without()}`;
}

/** Stores a rate that nothing speaks against; otherwise the last good one stays, and this says why. */
async function refreshRate(
  deps: MarketDeps,
  currency: string,
  quote: Quote | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  const { cache, clock, base } = deps;
  if (quote === undefined) return "no rate";
  const anomaly = await inspectRate(deps, quote, currency, signal);
  if (anomaly !== null) return block(deps, quote.symbol, anomaly);
  writeRate(cache, { currency, base, perBase: quote.price, asOfMs: quote.asOfMs, fetchedAtMs: clock.nowMs() });
  return null;
}

function block({ cache, clock }: MarketDeps, symbol: string, anomaly: Anomaly): string {
  const sinceMs = clock.nowMs();
  writeBlock(cache, { symbol, ...anomaly, sinceMs, untilMs: sinceMs + BLOCK_MS });
  return anomaly.reason;
}
