import type { Logger } from "pino";
import createYahooFinance from "yahoo-finance2/createYahooFinance";
import { ExtendedCookieJar } from "yahoo-finance2/lib/cookieJar";
import chart from "yahoo-finance2/modules/chart";
import quote from "yahoo-finance2/modules/quote";
import quoteSummary from "yahoo-finance2/modules/quoteSummary";
import type { RealTime } from "../trading/trading-deps.ts";
import { retryWaitMs, SourceFault } from "./source-fault.ts";

// The whole package costs some 5 MB more than the three modules that are used.
const YahooFinance = createYahooFinance({ modules: { chart, quote, quoteSummary } });
type Client = InstanceType<typeof YahooFinance>;

/** One question to yahoo-finance2; `limits` are its module options. */
type Question<T> = (client: Client, limits: { readonly fetchOptions: { readonly signal: AbortSignal } }) => Promise<T>;

/** Asks until there is an answer, a fault that will not pass, or too many tries. Throws a `SourceFault`. */
export type AskYahoo = <T>(question: Question<T>, signal: AbortSignal) => Promise<T>;

export type AskOptions = {
  readonly fetchFn: typeof fetch;
  readonly time: RealTime;
  /** 0..1, for the spread of waits. */
  readonly random: () => number;
  readonly log: Logger;
};

/** Questions over one client at a time; a new one, with a jar of its own, when the crumb went stale. */
export function createAsk({ fetchFn, time, random, log }: AskOptions): AskYahoo {
  let client = newClient(fetchFn, log);
  return async (question, signal) => {
    let [tries, renewed] = [0, false];
    for (;;) {
      const used = client;
      try {
        return await question(used, { fetchOptions: { signal } });
      } catch (error) {
        signal.throwIfAborted();
        const fault = faultOf(error);
        // The library keeps a stale crumb, and whatever it took for one, for ever: only a new client recovers.
        const isStale = /crumb|cookie/i.test(fault.message);
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
  };
}

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
