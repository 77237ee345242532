import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { readFundamentals, writeFundamentals } from "../db/fundamentals-cache.ts";
import { readHistories, writeHistory } from "../db/histories-cache.ts";
import {
  dropBarsBefore,
  newestBarDays,
  readQuotes,
  readRates,
  writeBars,
  writeBlock,
  writeQuotes,
  writeRate,
  type MarketCache,
} from "../db/market-cache.ts";
import { writeSplits } from "../db/splits-cache.ts";
import { readBounded } from "../web/bounded-body.ts";
import { forwardedHeader } from "../web/caller.ts";
import { BARS_PER_PAGE, barsPage, marketIndex, type BarsPage, type MarketIndex } from "./rows.ts";
import { answerSeal, nonceHeader, questionSeal, sameSeal, sealHeader } from "./seal.ts";

const LIMIT_MS = 5_000;
const BYTES_MAX = 8 * 1024 * 1024;
/** Between two pages: a copy may take its time, and neither the line nor the primary may feel it. */
const PAUSE_MS = 50;

export type CopyDeps = {
  readonly cache: MarketCache;
  readonly node: string;
  readonly key: Buffer;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly pauseMs?: number;
};

/**
 * Brings a standby's cache up to the primary's (`host:port` of its app) and says what it did. Bars come in pages, only
 * new ones; a history that was fetched anew comes whole. A copy that was cut off goes on with the stocks that are
 * missing. Throws when the primary does not answer, or the answer is not sealed by a member.
 */
export async function copyMarket(deps: CopyDeps, primaryApp: string, signal: AbortSignal): Promise<string> {
  const { cache } = deps;
  const index = await ask(deps, primaryApp, "/api/market/index", marketIndex, signal);
  writeSmallRows(cache, index);
  const own = readHistories(cache);
  const newest = newestBarDays(
    cache,
    index.histories.map(({ symbol }) => symbol),
  );
  let bars = 0;
  for (const { symbol, wholeAtMs, newestDayMs } of index.histories) {
    const isSame = own.get(symbol) === wholeAtMs;
    const fromMs = isSame ? (newest.get(symbol) ?? 0) : 0;
    if (isSame && fromMs === newestDayMs && !isToday(index, symbol, newestDayMs)) continue;
    if (!isSame) dropBarsBefore(cache, symbol, Number.MAX_SAFE_INTEGER);
    bars += await copyBars(deps, primaryApp, symbol, fromMs, signal);
    // Last: until then the whole history is to be copied.
    writeHistory(cache, symbol, wholeAtMs);
    await pause(deps, signal);
  }
  // After the bars: a quote without its history would be traded on without a score's notice.
  const known = readQuotes(cache);
  const fresh = index.quotes.filter(({ symbol, fetchedAtMs }) => fetchedAtMs > (known.get(symbol)?.fetchedAtMs ?? 0));
  writeQuotes(cache, fresh);
  return `copied ${fresh.length} prices, ${bars} daily bars`;
}

/** The newest bar may have been stored while its session was open, and change until the day after. */
const isToday = ({ quotes }: MarketIndex, symbol: string, newestDayMs: number): boolean =>
  (quotes.find((quote) => quote.symbol === symbol)?.asOfMs ?? 0) < newestDayMs + 86_400_000;

function writeSmallRows(cache: MarketCache, { rates, blocks, companies, splits }: MarketIndex): void {
  // Before the bars of their days: who has those asks for no splits.
  for (const { symbol, ...split } of splits) writeSplits(cache, symbol, [split], split.dayMs);
  for (const rate of rates) {
    const own = readRates(cache, rate.base).get(rate.currency);
    if (rate.fetchedAtMs > (own?.fetchedAtMs ?? 0)) writeRate(cache, rate);
  }
  for (const block of blocks) writeBlock(cache, block);
  const known = readFundamentals(cache);
  for (const company of companies) {
    if (company.fetchedAtMs > (known.get(company.symbol)?.fetchedAtMs ?? 0)) writeFundamentals(cache, company);
  }
}

async function copyBars(
  deps: CopyDeps,
  primaryApp: string,
  symbol: string,
  fromDayMs: number,
  signal: AbortSignal,
): Promise<number> {
  let [count, fromMs] = [0, fromDayMs];
  for (;;) {
    const path = `/api/market/bars?symbol=${encodeURIComponent(symbol)}&from=${fromMs}`;
    const page: BarsPage = await ask(deps, primaryApp, path, barsPage, signal);
    writeBars(
      deps.cache,
      page.map(([dayMs, close, dividend]) => ({ symbol, dayMs, close, dividend })),
    );
    count += page.length;
    const last = page.at(-1)?.[0];
    if (last === undefined || page.length < BARS_PER_PAGE) return count;
    if (last < fromMs) throw new Error(`the primary's bars of ${symbol} go backwards`);
    fromMs = last + 1;
    await pause(deps, signal);
  }
}

const pause = ({ pauseMs = PAUSE_MS }: CopyDeps, signal: AbortSignal): Promise<void> =>
  sleep(pauseMs, undefined, { signal });

async function ask<T>(
  { key, node, fetch: fetchFn = globalThis.fetch }: CopyDeps,
  primaryApp: string,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T> {
  const nonce = randomBytes(16).toString("hex");
  const answer = await fetchFn(`http://${primaryApp}${path}`, {
    headers: { [forwardedHeader]: node, [nonceHeader]: nonce, [sealHeader]: questionSeal(key, nonce, path) },
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
  });
  const body = Buffer.from((await readBounded(answer, BYTES_MAX)) ?? []).toString("utf8");
  if (answer.status !== 200) throw new Error(`the primary at ${primaryApp} answered with status ${answer.status}`);
  if (!sameSeal(answer.headers.get(sealHeader), answerSeal(key, nonce, path, body))) {
    throw new Error(`what answered at ${primaryApp} is no member of this cluster`);
  }
  return schema.parse(JSON.parse(body));
}
