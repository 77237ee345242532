import type { Logger } from "pino";
import { realTime, type RealTime } from "../trading/trading-deps.ts";
import { loadEmbeddedMarket } from "./embedded-market.ts";
import { toFundamentals } from "./fundamentals.ts";
import { createPace } from "./pace.ts";
import type { ReplayClock } from "./replay-clock.ts";
import { createReplayYahoo } from "./replay-fetch.ts";
import { SourceFault } from "./source-fault.ts";
import type { MarketSource, Quote } from "./source.ts";
import { createAsk, type AskYahoo } from "./yahoo-client.ts";
import { guardedFetch } from "./yahoo-fetch.ts";
import { toDailyBars, toQuote } from "./yahoo-wire.ts";

/** Three requests a second. The replay answers in process and is not held back. */
const YAHOO_INTERVAL_MS = 334;
const SYMBOLS_PER_REQUEST = 100;
/** The only modules that scores are made from; both pass the library's validation. */
const COMPANY_MODULES = ["financialData", "summaryDetail"] as const;
type Module = (typeof COMPANY_MODULES)[number];

export type YahooOptions = {
  /** "embedded": the recorded market's replay by this clock, in process; "yahoo": Yahoo itself. */
  readonly source: "embedded" | "yahoo";
  readonly clock: ReplayClock;
  readonly log: Logger;
  /** Stands in for the network in tests. */
  readonly fetch?: typeof fetch;
  readonly time?: RealTime;
  /** A signal that is aborted after so many milliseconds. */
  readonly limitOf?: (ms: number) => AbortSignal;
  /** 0..1, for the spread of waits. */
  readonly random?: () => number;
};

/** A market source over yahoo-finance2: its requests, crumb and validation, wherever the answers come from. */
export function createYahoo(options: YahooOptions): MarketSource {
  const { source, clock, log, time = realTime, random = Math.random } = options;
  const answering =
    options.fetch ?? (source === "embedded" ? createReplayYahoo(loadEmbeddedMarket(), clock).fetch : globalThis.fetch);
  const pace = createPace(source === "embedded" ? 0 : YAHOO_INTERVAL_MS, time);
  const fetchFn = guardedFetch(answering, pace, options.limitOf ?? ((ms) => AbortSignal.timeout(ms)));
  const ask = createAsk({ fetchFn, time, random, log });
  return {
    async quotes(symbols, signal) {
      const found: Quote[] = [];
      for (let start = 0; start < symbols.length; start += SYMBOLS_PER_REQUEST) {
        found.push(...(await quoteBatch(ask, symbols.slice(start, start + SYMBOLS_PER_REQUEST), log, signal)));
      }
      return found;
    },
    async dailyBars(symbol, fromMs, signal) {
      const query = { period1: new Date(fromMs), interval: "1d" as const };
      return toDailyBars(await ask((client, limits) => client.chart(symbol, query, limits), signal));
    },
    company:
      source === "embedded"
        ? null
        : async (symbol, signal) => toFundamentals(await summary(ask, symbol, COMPANY_MODULES, signal), clock.nowMs()),
  };
}

/** One bad symbol fails a whole batch: halves tell which, and it is left out. */
async function quoteBatch(
  ask: AskYahoo,
  symbols: readonly string[],
  log: Logger,
  signal: AbortSignal,
): Promise<readonly Quote[]> {
  try {
    const answer = await ask((client, limits) => client.quote([...symbols], {}, limits), signal);
    return answer.flatMap((raw) => toQuote(raw) ?? []);
  } catch (error) {
    if (!isInvalid(error)) throw error;
    if (symbols.length === 1) {
      log.warn({ symbol: symbols[0] }, "the market source's quote has not the form that it should have");
      return [];
    }
    const half = symbols.length >> 1;
    const first = await quoteBatch(ask, symbols.slice(0, half), log, signal);
    return [...first, ...(await quoteBatch(ask, symbols.slice(half), log, signal))];
  }
}

/** One bad module fails them all, too: then each is asked for alone, and a bad one is left out. */
async function summary(
  ask: AskYahoo,
  symbol: string,
  modules: readonly Module[],
  signal: AbortSignal,
): Promise<object> {
  try {
    return await ask((client, limits) => client.quoteSummary(symbol, { modules: [...modules] }, limits), signal);
  } catch (error) {
    if (saysNoData(error)) return {};
    if (!isInvalid(error)) throw error;
    if (modules.length === 1) return {};
    let parts = {};
    for (const module of modules) parts = { ...parts, ...(await summary(ask, symbol, [module], signal)) };
    return parts;
  }
}

const saysNoData = (error: unknown): boolean =>
  error instanceof Error && /no (fundamentals )?data found/i.test(error.message);

const isInvalid = (error: unknown): boolean => error instanceof SourceFault && error.kind === "invalid";
