import { setImmediate as nextTurn } from "node:timers/promises";
import type { AppClock, Job } from "../app-ports.ts";
import { eq } from "../db/drizzle.ts";
import type { Ledger } from "../db/ledger.ts";
import { universe } from "../db/ledger-schema.ts";
import { readBars, writeBars, writeBlock, writeQuotes, type MarketCache } from "../db/market-cache.ts";
import { blockingAnomaly, type DailyPrice } from "../market/anomaly/bars-gate.ts";
import type { Anomaly } from "../market/anomaly/price-step.ts";
import { quoteAnomaly } from "../market/anomaly/quote-gate.ts";
import type { Bar, MarketSource, Quote } from "../market/source.ts";

const DAY_MS = 86_400_000;
/** First fetch of a symbol: the ten years that a score looks back on, and a month. */
const HISTORY_MS = 3_690 * DAY_MS;
/** Stored bars that new ones are judged with: the year that scores look back on. */
const BARS_JUDGED = 260;
/** Bars written at once: some 10 ms of a desktop's processor. */
const BARS_WRITTEN = 500;
/** App time for which wrong prices keep a stock from trading; each sync that finds them still wrong begins it anew. */
const BLOCK_MS = DAY_MS;
/** What the present universe is priced in. */
const CURRENCY = "USD";

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
 * values, and one whose prices look wrong is blocked as well; throws when none could be had. Needs no ledger, so a
 * standby keeps its cache warm by it too.
 */
export async function refreshPrices(
  { source, cache, clock }: MarketDeps,
  symbols: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const quotes = await source.quotes(symbols);
  if (quotes.length === 0 && symbols.length > 0) throw new Error(`no price for any of ${symbols.length} stocks`);

  const marketNowMs = quotes.reduce((newest, { asOfMs }) => Math.max(newest, asOfMs), 0);
  let barCount = 0;
  const good: Quote[] = [];
  const troubles = symbols
    .filter((symbol) => !quotes.some((quote) => quote.symbol === symbol))
    .map((symbol) => `${symbol}: no quote`);
  for (const quote of quotes) {
    signal.throwIfAborted();
    try {
      const { anomaly, newBars } = await inspect({ source, cache }, quote, marketNowMs);
      barCount += newBars;
      if (anomaly === null) good.push(quote);
      else {
        const sinceMs = clock.nowMs();
        writeBlock(cache, { symbol: quote.symbol, ...anomaly, sinceMs, untilMs: sinceMs + BLOCK_MS });
        troubles.push(`${quote.symbol}: ${anomaly.reason}`);
      }
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

/** Fetches a stock's new bars and judges them and its quote. Bars are stored only when nothing is wrong with them. */
async function inspect(
  { source, cache }: Pick<MarketDeps, "source" | "cache">,
  quote: Quote,
  marketNowMs: number,
): Promise<{ readonly anomaly: Anomaly | null; readonly newBars: number }> {
  const { symbol, asOfMs, priceUsd, currency } = quote;
  const stored = readBars(cache, symbol, BARS_JUDGED);
  const newestDayMs = stored.at(-1)?.dayMs;
  // The newest stored day is fetched again: it may have been stored while that day's session was still open.
  const isNew = newestDayMs === undefined || asOfMs >= newestDayMs + DAY_MS;
  let bars = isNew ? await source.dailyBars(symbol, newestDayMs ?? asOfMs - HISTORY_MS) : [];
  let known: readonly Bar[] = [...stored.filter(({ dayMs }) => dayMs < (bars[0]?.dayMs ?? Infinity)), ...bars];
  let anomaly: Anomaly | null = bars.length === 0 ? null : blockingAnomaly(known.map(asDailyPrice));
  if (anomaly !== null && stored.length > 0) {
    // After a split the whole history is another one: only bars of one fetch can be compared.
    bars = await source.dailyBars(symbol, asOfMs - HISTORY_MS);
    known = bars;
    anomaly = blockingAnomaly(known.map(asDailyPrice));
  }
  if (anomaly !== null) return { anomaly: { kind: anomaly.kind, reason: anomaly.reason }, newBars: 0 };
  // Oldest first and in parts: an end in between leaves no hole, and no stretch of work may be long on this thread.
  for (let start = 0; start < bars.length; start += BARS_WRITTEN) {
    writeBars(
      cache,
      bars.slice(start, start + BARS_WRITTEN).map((bar) => ({ symbol, ...bar })),
    );
    await nextTurn();
  }
  const ownDayMs = Math.floor(asOfMs / DAY_MS) * DAY_MS;
  const closes = known.filter(({ dayMs }) => dayMs < ownDayMs).map(({ closeUsd }) => closeUsd);
  const expected = { currency: CURRENCY, closes, dividends: [], marketNowMs };
  return { anomaly: quoteAnomaly({ price: priceUsd, currency, asOfMs }, expected), newBars: bars.length };
}

const asDailyPrice = ({ dayMs, closeUsd }: Bar): DailyPrice => ({
  dayMs,
  close: closeUsd,
  adjclose: null,
  dividend: null,
});
