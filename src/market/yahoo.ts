import type { Logger } from "pino";
import createYahooFinance from "yahoo-finance2/createYahooFinance";
import { ExtendedCookieJar } from "yahoo-finance2/lib/cookieJar";
import chart from "yahoo-finance2/modules/chart";
import quote from "yahoo-finance2/modules/quote";
import quoteSummary from "yahoo-finance2/modules/quoteSummary";
import { realTime, type RealTime } from "../trading/trading-deps.ts";
import { loadEmbeddedMarket } from "./embedded-market.ts";
import { toFundamentals } from "./fundamentals.ts";
import { createPace } from "./pace.ts";
import type { ReplayClock } from "./replay-clock.ts";
import { createReplayYahoo } from "./replay-fetch.ts";
import { retryWaitMs, SourceFault } from "./source-fault.ts";
import type { MarketSource, Quote } from "./source.ts";
import { guardedFetch } from "./yahoo-fetch.ts";
import { toDailyBars, toQuote } from "./yahoo-wire.ts";

/** Three requests a second. The replay answers in process and is not held back. */
const YAHOO_INTERVAL_MS = 334;
/** An answer to one request, from its turn to its last byte. */
const REQUEST_LIMIT_MS = 10_000;
const SYMBOLS_PER_REQUEST = 100;
/** The only modules that scores are made from; both pass the library's validation. */
const COMPANY_MODULES = ["financialData", "summaryDetail"] as const;

// The whole package costs some 5 MB more than the three modules that are used.
const YahooFinance = createYahooFinance({ modules: { chart, quote, quoteSummary } });
type Client = InstanceType<typeof YahooFinance>;
type Ask<T> = (client: Client, limits: { readonly fetchOptions: { readonly signal: AbortSignal } }) => Promise<T>;

export type YahooOptions = {
  /** "embedded": the recorded market's replay by this clock, in process; "yahoo": Yahoo itself. */
  readonly source: "embedded" | "yahoo";
  readonly clock: ReplayClock;
  readonly log: Logger;
  /** Stands in for the network in tests. */
  readonly fetch?: typeof fetch;
  readonly time?: RealTime;
  readonly requestLimitMs?: number;
  /** 0..1, for the spread of waits. */
  readonly random?: () => number;
};

/** A market source over yahoo-finance2: its requests, crumb and validation, wherever the answers come from. */
export function createYahoo(options: YahooOptions): MarketSource {
  const { source, clock, log, time = realTime, random = Math.random } = options;
  const answering =
    options.fetch ?? (source === "embedded" ? createReplayYahoo(loadEmbeddedMarket(), clock).fetch : globalThis.fetch);
  const pace = createPace(source === "embedded" ? 0 : YAHOO_INTERVAL_MS, time);
  const fetchFn = guardedFetch(answering, pace, options.requestLimitMs ?? REQUEST_LIMIT_MS);
  let client = newClient(fetchFn, log);

  /** Asks until there is an answer, a fault that will not pass, or too many tries. Throws a `SourceFault`. */
  async function call<T>(ask: Ask<T>, signal: AbortSignal): Promise<T> {
    let [tries, renewed] = [0, false];
    for (;;) {
      const used = client;
      try {
        return await ask(used, { fetchOptions: { signal } });
      } catch (error) {
        signal.throwIfAborted();
        const fault = faultOf(error);
        // The library keeps a stale crumb, and whatever it took for one, for ever: only a new client with a jar of its
        // own recovers.
        const isStale = concernsCrumb(fault);
        if (isStale && client === used) client = newClient(fetchFn, log);
        if (isStale && !renewed) {
          log.info("the crumb of the market source is stale: connecting anew");
          renewed = true;
          continue;
        }
        const waitMs = retryWaitMs(++tries, fault, random());
        if (waitMs === null) throw fault;
        log.debug({ reason: fault.message, waitMs }, "asking the market source again");
        await time.sleep(waitMs, signal);
        signal.throwIfAborted();
      }
    }
  }

  /** One bad symbol fails a whole batch: halves tell which. */
  async function quoteBatch(symbols: readonly string[], signal: AbortSignal): Promise<readonly Quote[]> {
    try {
      const answer = await call((current, limits) => current.quote([...symbols], {}, limits), signal);
      return answer.flatMap((raw) => toQuote(raw) ?? []);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      if (symbols.length === 1) {
        log.warn({ symbol: symbols[0] }, "the market source's quote has not the form that it should have");
        return [];
      }
      const half = symbols.length >> 1;
      const first = await quoteBatch(symbols.slice(0, half), signal);
      return [...first, ...(await quoteBatch(symbols.slice(half), signal))];
    }
  }

  async function summaryOf(symbol: string, modules: readonly Module[], signal: AbortSignal): Promise<object> {
    try {
      return await call((current, limits) => current.quoteSummary(symbol, { modules: [...modules] }, limits), signal);
    } catch (error) {
      if (saysNoData(error)) return {};
      if (!isInvalid(error)) throw error;
      // One bad module fails them all, too.
      if (modules.length === 1) return {};
      let parts = {};
      for (const module of modules) parts = { ...parts, ...(await summaryOf(symbol, [module], signal)) };
      return parts;
    }
  }

  return {
    async quotes(symbols, signal) {
      const found: Quote[] = [];
      for (let start = 0; start < symbols.length; start += SYMBOLS_PER_REQUEST) {
        found.push(...(await quoteBatch(symbols.slice(start, start + SYMBOLS_PER_REQUEST), signal)));
      }
      return found;
    },
    async dailyBars(symbol, fromMs, signal) {
      const query = { period1: new Date(fromMs), interval: "1d" as const };
      return toDailyBars(await call((current, limits) => current.chart(symbol, query, limits), signal));
    },
    company:
      source === "embedded"
        ? null
        : async (symbol, signal) => toFundamentals(await summaryOf(symbol, COMPANY_MODULES, signal), clock.nowMs()),
  };
}

type Module = (typeof COMPANY_MODULES)[number];

const nothing = (): void => {};

function newClient(fetchFn: typeof fetch, log: Logger): Client {
  const warn = (...args: unknown[]): void => log.warn({ yahoo: args.map(String) }, "yahoo-finance2");
  return new YahooFinance({
    fetch: fetchFn,
    cookieJar: new ExtendedCookieJar(),
    suppressNotices: ["yahooSurvey", "ripHistorical"],
    versionCheck: false,
    validation: { logErrors: false, logOptionsErrors: false },
    // The fetch paces; the library's own queue would know nothing of other clients.
    queue: { concurrency: 1, interval: 0 },
    // Its debug lines hold the crumb.
    logger: { debug: nothing, dir: nothing, info: nothing, warn, error: warn },
  });
}

const concernsCrumb = (fault: SourceFault): boolean => /crumb|cookie/i.test(fault.message);
const saysNoData = (error: unknown): boolean =>
  error instanceof Error && /no (fundamentals )?data found/i.test(error.message);

const isInvalid = (error: unknown): boolean => error instanceof SourceFault && error.kind === "invalid";

/** What a failure of the library is: its messages may hold whole pages, and its validation errors whole answers. */
function faultOf(error: unknown): SourceFault {
  if (error instanceof SourceFault) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("expect JSON")) return new SourceFault("the market source's answer is no JSON", "passing");
  // The library stumbles over some forms before it validates them.
  if (error instanceof Error && (error.name === "FailedYahooValidationError" || error instanceof TypeError)) {
    return new SourceFault("the market source's answer has not the form that it should have", "invalid");
  }
  // A handshake without a cookie met a page of consent, or of some network's own.
  const kind = /crumb|cookie/i.test(message) ? "passing" : "final";
  return new SourceFault(message.slice(0, 200), kind);
}
