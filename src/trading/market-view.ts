import type { Ledger } from "../db/ledger.ts";
import { universe } from "../db/ledger-schema.ts";
import {
  type CachedQuote,
  type MarketCache,
  type PriceBlock,
  readBlocks,
  readQuotes,
  readRates,
  readScores,
} from "../db/market-cache.ts";
import { STALE_MS } from "../market/anomaly/quote-gate.ts";
import { marketState } from "../market/calendar/market-hours.ts";
import { RATE_STALE_MS } from "../market/fx/rate-gate.ts";
import { type Rates, rateSymbol, toBase } from "../market/fx/rates.ts";
import { type Listing, listingOf } from "../market/listing.ts";
import type { Broker } from "./broker.ts";

/** How old prices, rates and scores may be to trade on; milliseconds of the app's clock. */
export type MarketAges = { readonly priceMsMax: number; readonly rateMsMax: number; readonly scoreMsMax: number };

/** "exchange": the stocks' exchanges have hours; "replay": the market is recorded days without a time of day. */
export type MarketHours = "exchange" | "replay";

/** A price to trade on: in its listing's currency, and converted to the base currency; ages in app milliseconds. */
type ListedPrice = {
  readonly price: number;
  readonly currency: string;
  readonly priceBase: number;
  readonly priceAgeMs: number;
  /** 0 for the base currency itself. */
  readonly rateAgeMs: number;
};

/** What the market looks like now, from the cache. */
export type MarketView = {
  /** By symbol; absent without a price and a rate that are young enough. */
  readonly prices: ReadonlyMap<string, ListedPrice>;
  readonly rates: Rates;
  /** 0..1 by symbol; absent without one that is young enough. */
  readonly scores: ReadonlyMap<string, number>;
  /** Symbols that the market lets nobody trade now, each with why: prices or rates that look wrong, a closed exchange. */
  readonly blocked: ReadonlyMap<string, string>;
};

export type MarketViewInput = {
  readonly cache: MarketCache;
  readonly listings: readonly Listing[];
  readonly base: string;
  readonly ages: MarketAges;
  readonly hours: MarketHours;
  /** Since when its quotes are those of its shares, by symbol, where a stock split lately. */
  readonly splits: ReadonlyMap<string, number>;
  readonly nowMs: number;
};

/** Prices, rates and scores of the cache that are young enough to trade on, and what may not be traded whatever they are. */
export function marketView(input: MarketViewInput): MarketView {
  const { cache, listings, base, ages, hours, splits, nowMs } = input;
  const quotes = readQuotes(cache);
  const blocks = readBlocks(cache, nowMs);
  const fetchedAtMs = new Map<string, number>();
  const perBase = new Map<string, number>();
  for (const rate of readRates(cache, base).values()) {
    if (nowMs - rate.fetchedAtMs > ages.rateMsMax) continue;
    if (hours === "exchange" && nowMs - rate.asOfMs > RATE_STALE_MS) continue;
    perBase.set(rate.currency, rate.perBase);
    fetchedAtMs.set(rate.currency, rate.fetchedAtMs);
  }
  const rates: Rates = { base, perBase };
  const prices = new Map<string, ListedPrice>();
  const blocked = new Map<string, string>();
  for (const listing of listings) {
    const { symbol } = listing;
    const quote = quotes.get(symbol);
    if (quote === undefined || nowMs - quote.fetchedAtMs > ages.priceMsMax) continue;
    if (isBeforeSplit(quote, splits)) {
      blocked.set(symbol, "it has split, and its price and its shares do not agree yet");
      continue;
    }
    const { price, currency } = quote;
    const converted = toBase(price, currency, rates);
    if (converted.kind === "converted") {
      const rateAgeMs = nowMs - (fetchedAtMs.get(currency) ?? nowMs);
      const priceAgeMs = nowMs - quote.fetchedAtMs;
      prices.set(symbol, { price, currency, priceBase: converted.amount, priceAgeMs, rateAgeMs });
    }
    const why =
      wrongPrices(blocks.get(symbol), "its prices look") ??
      wrongPrices(blocks.get(rateSymbol(base, currency)), `the rate of ${currency} looks`) ??
      (converted.kind === "no-rate" ? converted.reason : null) ??
      (hours === "exchange" ? whyNotNow(listing, quote, nowMs) : null);
    if (why !== null) blocked.set(symbol, why);
  }
  const scores = [...readScores(cache).values()].filter((score) => nowMs - score.computedAtMs <= ages.scoreMsMax);
  return { prices, rates, scores: new Map(scores.map((score) => [score.symbol, score.total])), blocked };
}

/** Whether a quote is one of other shares than those of now. */
export const isBeforeSplit = ({ symbol, asOfMs }: CachedQuote, splits: ReadonlyMap<string, number>): boolean =>
  asOfMs < (splits.get(symbol) ?? Number.NEGATIVE_INFINITY);

const wrongPrices = (block: PriceBlock | undefined, what: string): string | null =>
  block === undefined ? null : `${what} wrong (${block.reason}), until ${instantText(block.untilMs)}`;

function whyNotNow({ exchange }: Listing, { asOfMs }: CachedQuote, nowMs: number): string | null {
  if (nowMs - asOfMs > STALE_MS) return `it last traded on ${instantText(asOfMs)}`;
  const market = marketState(exchange, nowMs);
  if (market.open) return null;
  const until = market.opensAtMs === null ? "" : `, until ${instantText(market.opensAtMs)}`;
  return `${market.why}${until}`;
}

const instantText = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16)}Z`;

type UniverseStock = typeof universe.$inferSelect;

/** The stocks that the broker can trade, and those that it cannot, with why. */
export type TradableUniverse = {
  readonly stocks: readonly UniverseStock[];
  readonly excluded: readonly { readonly stock: UniverseStock; readonly why: string }[];
};

/** Splits the ledger's universe by what the broker can trade. */
export function tradableUniverse({ db }: Ledger, broker: Pick<Broker, "whyNotTradable">): TradableUniverse {
  const stocks: UniverseStock[] = [];
  const excluded: { stock: UniverseStock; why: string }[] = [];
  for (const stock of db.select().from(universe).all()) {
    const why = broker.whyNotTradable(listingOf(stock));
    if (why === null) stocks.push(stock);
    else excluded.push({ stock, why });
  }
  return { stocks, excluded };
}
