import { setImmediate as nextTurn } from "node:timers/promises";
import { ensureHistory, writeHistory } from "../db/histories-cache.ts";
import { readSplits, writeSplits } from "../db/splits-cache.ts";
import { dropBarsBefore, readBars, writeBars, type CachedBar, type MarketCache } from "../db/market-cache.ts";
import { blockingAnomaly, type DailyPrice } from "../market/anomaly/bars-gate.ts";
import type { Anomaly } from "../market/anomaly/price-step.ts";
import { quoteAnomaly } from "../market/anomaly/quote-gate.ts";
import { rateAnomaly } from "../market/fx/rate-gate.ts";
import type { Bar, DailyBars, MarketSource, Quote } from "../market/source.ts";

const DAY_MS = 86_400_000;
/** First fetch of a symbol: the ten years that a score looks back on, and a month. */
const HISTORY_MS = 3_690 * DAY_MS;
/** Stored bars that new ones are judged with: the year that scores look back on. */
const BARS_JUDGED = 260;
/** Bars written at once: some 10 ms of a desktop's processor. */
const BARS_WRITTEN = 500;
/** Dividends that a quote is compared with. */
const DIVIDENDS_JUDGED = 8;

type Deps = {
  readonly source: MarketSource;
  readonly cache: MarketCache;
  readonly clock: { nowMs(): number };
};
type Finding = { readonly anomaly: Anomaly | null; readonly newBars: number };
type PaidBar = Pick<CachedBar, "dayMs" | "close" | "dividend">;

/**
 * Fetches a stock's new bars and judges them and its quote. Bars are stored, under the universe's symbol, only when
 * nothing is wrong with them.
 */
export async function inspectStock(
  { source, cache, clock }: Deps,
  { symbol, currency }: { readonly symbol: string; readonly currency: string },
  quote: Quote,
  marketNowMs: number,
  signal: AbortSignal,
): Promise<Finding> {
  const stored = readBars(cache, symbol, BARS_JUDGED);
  let fetched = await newBars(source, quote, stored, signal);
  let known: readonly PaidBar[] = joined(stored, fetched.bars);
  let anomaly = judged(stored, fetched, currency);
  let isWhole = stored.length === 0;
  // Of the newest stored day too: a source may tell of a split after it has told that day's prices.
  const isSplit = stored.length > 0 && fetched.splits.some(({ dayMs }) => !isKnownSplit(cache, symbol, dayMs));
  if (isSplit || (anomaly !== null && stored.length > 0)) {
    // After a split the whole history is another one: only bars of one fetch can be compared.
    fetched = await source.dailyBars(quote.symbol, quote.asOfMs - HISTORY_MS, signal);
    known = fetched.bars;
    isWhole = true;
    anomaly = judged([], fetched, currency);
    const firstDayMs = known[0]?.dayMs;
    if (anomaly === null && firstDayMs !== undefined) dropBarsBefore(cache, symbol, firstDayMs);
  }
  if (anomaly !== null) return { anomaly: { kind: anomaly.kind, reason: anomaly.reason }, newBars: 0 };
  // Before the bars: whoever has those of a day does not ask for its events again.
  writeSplits(cache, symbol, fetched.splits, quote.asOfMs);
  await store(cache, symbol, fetched.bars);
  if (isWhole) writeHistory(cache, symbol, clock.nowMs());
  else ensureHistory(cache, symbol, clock.nowMs());
  const before = known.filter(({ dayMs }) => dayMs < dayOf(quote.asOfMs));
  const closes = before.slice(-BARS_JUDGED).map(({ close }) => close);
  const dividends = known.flatMap(({ dividend }) => (dividend > 0 ? [dividend] : [])).slice(-DIVIDENDS_JUDGED);
  const expected = { currency, closes, dividends, marketNowMs };
  return { anomaly: quoteAnomaly(quote, expected), newBars: fetched.bars.length };
}

/** Fetches a rate's new bars and judges the rate by them. Single wrong ones among them do no harm, so all are stored. */
export async function inspectRate(
  { source, cache, clock }: Deps,
  quote: Quote,
  currency: string,
  signal: AbortSignal,
): Promise<Anomaly | null> {
  const stored = readBars(cache, quote.symbol, BARS_JUDGED);
  const { bars } = await newBars(source, quote, stored, signal);
  await store(cache, quote.symbol, bars);
  ensureHistory(cache, quote.symbol, clock.nowMs());
  const before = joined(stored, bars).filter(({ dayMs }) => dayMs < dayOf(quote.asOfMs));
  return rateAnomaly(
    quote,
    currency,
    before.map(({ close }) => close),
  );
}

const isKnownSplit = (cache: MarketCache, symbol: string, dayMs: number): boolean =>
  readSplits(cache).some((split) => split.symbol === symbol && split.dayMs === dayMs);

const nothing: DailyBars = { currency: "", bars: [], splits: [] };

/** The newest stored day is fetched again: it may have been stored while that day's session was still open. */
async function newBars(
  source: MarketSource,
  quote: Quote,
  stored: readonly CachedBar[],
  signal: AbortSignal,
): Promise<DailyBars> {
  const newestDayMs = stored.at(-1)?.dayMs;
  if (newestDayMs !== undefined && quote.asOfMs < newestDayMs + DAY_MS) return nothing;
  return source.dailyBars(quote.symbol, newestDayMs ?? quote.asOfMs - HISTORY_MS, signal);
}

const joined = (stored: readonly CachedBar[], bars: readonly Bar[]): readonly PaidBar[] => [
  ...stored.filter(({ dayMs }) => dayMs < (bars[0]?.dayMs ?? Infinity)),
  ...bars,
];

function judged(stored: readonly CachedBar[], { currency, bars }: DailyBars, expected: string): Anomaly | null {
  const firstDayMs = bars[0]?.dayMs;
  if (firstDayMs === undefined) return null;
  if (currency !== expected) return { kind: "currency", reason: `bars in ${currency}, not in ${expected}` };
  const earlier: readonly DailyPrice[] = stored
    .filter(({ dayMs }) => dayMs < firstDayMs)
    .map((bar) => ({ ...bar, adjclose: null }));
  return blockingAnomaly([...earlier, ...bars]);
}

/** Oldest first and in parts: an end in between leaves no hole, and no stretch of work may be long on this thread. */
async function store(cache: MarketCache, symbol: string, bars: readonly Bar[]): Promise<void> {
  for (let start = 0; start < bars.length; start += BARS_WRITTEN) {
    const some = bars.slice(start, start + BARS_WRITTEN);
    writeBars(
      cache,
      some.map(({ dayMs, close, dividend }) => ({ symbol, dayMs, close, dividend })),
    );
    await nextTurn();
  }
}

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS) * DAY_MS;
