import type { Logger } from "pino";
import createYahooFinance from "yahoo-finance2/createYahooFinance";
import { ExtendedCookieJar } from "yahoo-finance2/lib/cookieJar";
import chart from "yahoo-finance2/modules/chart";
import quote from "yahoo-finance2/modules/quote";
import { z } from "zod";
import { loadEmbeddedMarket } from "./embedded-market.ts";
import type { ReplayClock } from "./replay-clock.ts";
import { createReplayYahoo } from "./replay-fetch.ts";
import { majorUnit } from "./price-unit.ts";
import type { Bar, DailyBars, MarketSource, Quote } from "./source.ts";

const CALL_LIMIT_MS = 10_000;
/** Real Yahoo: three requests a second. The replay answers in process and is not held back. */
const YAHOO_INTERVAL_MS = 334;
const SYMBOLS_PER_REQUEST = 100;
const DAY_MS = 86_400_000;

// The whole package costs some 5 MB more than the two modules that are used.
const YahooFinance = createYahooFinance({ modules: { chart, quote } });
type Client = InstanceType<typeof YahooFinance>;

export type YahooOptions = {
  /** "embedded": the recorded market's replay by this clock, in process; "yahoo": Yahoo itself. */
  readonly source: "embedded" | "yahoo";
  readonly clock: ReplayClock;
  readonly log: Logger;
  /** Stands in for the network in tests. */
  readonly fetch?: typeof fetch;
};

/** A market source over yahoo-finance2: its requests, crumb, validation and rate limit, wherever the answers come from. */
export function createYahoo({ source, clock, log, fetch: given }: YahooOptions): MarketSource {
  const answering =
    given ?? (source === "embedded" ? createReplayYahoo(loadEmbeddedMarket(), clock).fetch : globalThis.fetch);
  const interval = source === "embedded" ? 0 : YAHOO_INTERVAL_MS;
  const connect = (): Client => newClient(refusingFaults(answering), interval, log);
  let client = connect();

  /** The library keeps a stale crumb for ever; a new client with a jar of its own recovers, once a call. */
  async function call<T>(request: (client: Client) => Promise<T>): Promise<T> {
    const used = client;
    try {
      return await request(used);
    } catch (error) {
      if (!isStaleCrumb(error)) throw error;
      log.info("the crumb of the market source is stale: connecting anew");
      if (client === used) client = connect();
      return await request(client);
    }
  }

  return {
    async quotes(symbols) {
      const found: Quote[] = [];
      for (let start = 0; start < symbols.length; start += SYMBOLS_PER_REQUEST) {
        const batch = symbols.slice(start, start + SYMBOLS_PER_REQUEST);
        const answer = await call((current) => current.quote(batch, {}, withLimit()));
        found.push(...answer.flatMap((raw) => toQuote(raw) ?? []));
      }
      return found;
    },
    async dailyBars(symbol, fromMs) {
      const query = { period1: new Date(fromMs), interval: "1d" as const };
      return toDailyBars(await call((current) => current.chart(symbol, query, withLimit())));
    },
  };
}

const withLimit = () => ({ fetchOptions: { signal: AbortSignal.timeout(CALL_LIMIT_MS) } });

const nothing = (): void => {};

function newClient(fetchFn: typeof fetch, interval: number, log: Logger): Client {
  const warn = (...args: unknown[]): void => log.warn({ yahoo: args.map(String) }, "yahoo-finance2");
  return new YahooFinance({
    fetch: fetchFn,
    cookieJar: new ExtendedCookieJar(),
    suppressNotices: ["yahooSurvey", "ripHistorical"],
    versionCheck: false,
    validation: { logErrors: false, logOptionsErrors: false },
    queue: { concurrency: 1, interval },
    // Its debug lines hold the crumb.
    logger: { debug: nothing, dir: nothing, info: nothing, warn, error: warn },
  });
}

/** Answers that are no JSON and no success end here: the library would print their address with the crumb in it. */
const refusingFaults =
  (fetchFn: typeof fetch): typeof fetch =>
  async (input, init) => {
    const response = await fetchFn(input, init);
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    if (response.status < 400 || isJson) return response;
    await response.body?.cancel();
    throw new Error(`the market source answered with status ${response.status}`);
  };

const isStaleCrumb = (error: unknown): boolean => error instanceof Error && /invalid crumb/i.test(error.message);

const wireQuote = z.object({
  symbol: z.string(),
  regularMarketPrice: z.number().positive(),
  currency: z.string(),
  regularMarketTime: z.date(),
});

/** null: an entry without a price, currency or time is as good as none. */
function toQuote(raw: unknown): Quote | null {
  const { success, data } = wireQuote.safeParse(raw);
  if (!success) return null;
  const { symbol, regularMarketPrice, regularMarketTime } = data;
  const { currency, units } = majorUnit(data.currency);
  return { symbol, price: regularMarketPrice / units, currency, asOfMs: regularMarketTime.getTime() };
}

type WireEvent = { readonly date: Date };
type WireChart = {
  readonly meta: { readonly currency: string; readonly gmtoffset: number };
  readonly quotes: readonly { readonly date: Date; readonly adjclose?: number | null; readonly close: number | null }[];
  readonly events?: {
    readonly dividends?: readonly (WireEvent & { readonly amount: number })[];
    readonly splits?: readonly WireEvent[];
  };
};

function toDailyBars({ meta, quotes, events }: WireChart): DailyBars {
  const { currency, units } = majorUnit(meta.currency);
  const dayOf = ({ date }: WireEvent): number => Math.floor((date.getTime() + meta.gmtoffset * 1000) / DAY_MS) * DAY_MS;
  const dividends = new Map<number, number>();
  for (const event of events?.dividends ?? []) {
    dividends.set(dayOf(event), (dividends.get(dayOf(event)) ?? 0) + event.amount / units);
  }
  const bars = quotes.flatMap((row): readonly Bar[] => {
    const close = row.close ?? row.adjclose ?? null;
    if (close === null || !(close > 0)) return [];
    const dayMs = dayOf(row);
    const adjclose = row.adjclose ?? null;
    const dividend = dividends.get(dayMs) ?? 0;
    return [{ dayMs, close: close / units, adjclose: adjclose === null ? null : adjclose / units, dividend }];
  });
  return { currency, bars, splitDaysMs: (events?.splits ?? []).map(dayOf) };
}
