import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { EmbeddedMarket } from "./embedded-market.ts";
import { chartResult, quoteResult } from "./replay-wire.ts";
import type { ReplayClock } from "./replay-clock.ts";

/** Yahoo's servers, in process: a `fetch` that never opens a socket. */
export type ReplayYahoo = {
  readonly fetch: typeof fetch;
  /** From now on every crumb given so far is stale, as Yahoo does at times. */
  forgetCrumbs(): void;
};

/**
 * Answers cookie, crumb, quote and chart requests in Yahoo's own wire format from the embedded market, clipped to
 * the replay's day. Like Yahoo it refuses a quote without its cookie and crumb, and leaves out unknown symbols.
 */
export function createReplayYahoo(market: EmbeddedMarket, clock: ReplayClock): ReplayYahoo {
  let crumb = newCrumb();
  const answer = (request: Request): Response => {
    const url = new URL(request.url);
    const { host, pathname } = url;
    if (host === "finance.yahoo.com" && pathname.startsWith("/quote/")) {
      return new Response("<html></html>", {
        headers: { "set-cookie": "A3=replay; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure" },
      });
    }
    const hasCookie = request.headers.get("cookie")?.includes("A3=replay") === true;
    if (pathname === "/v1/test/getcrumb") return hasCookie ? new Response(crumb) : new Response("", { status: 401 });
    const day = market.dayAt(clock);
    if (pathname === "/v7/finance/quote") {
      if (!hasCookie || url.searchParams.get("crumb") !== crumb) {
        return json(401, { finance: { result: null, error: { code: "Unauthorized", description: "Invalid Crumb" } } });
      }
      const symbols = (url.searchParams.get("symbols") ?? "").split(",");
      const result = symbols.flatMap((symbol) => quoteResult(market, symbol, day) ?? []);
      return json(200, { quoteResponse: { result, error: null } });
    }
    if (pathname.startsWith("/v8/finance/chart/")) {
      const symbol = decodeURIComponent(pathname.slice("/v8/finance/chart/".length));
      const from = Number(url.searchParams.get("period1"));
      const until = Number(url.searchParams.get("period2"));
      const result = chartResult(market, symbol, day, from, until);
      if (result !== null) return json(200, { chart: { result: [result], error: null } });
      const error = { code: "Not Found", description: "No data found, symbol may be delisted" };
      return json(404, { chart: { result: null, error } });
    }
    return new Response("", { status: 404 });
  };
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init);
      // As with a network, the process gets to do other things before the answer.
      await nextTurn();
      request.signal.throwIfAborted();
      return answer(request);
    },
    forgetCrumbs: () => {
      crumb = newCrumb();
    },
  };
}

const newCrumb = (): string => randomBytes(8).toString("hex");

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
