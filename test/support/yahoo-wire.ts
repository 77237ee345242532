/** A day as a source records it: prices in the listing's unit (pence where Yahoo quotes pence). */
export type WireDay = {
  readonly dayMs: number;
  readonly close: number;
  readonly adjclose?: number;
  readonly dividend?: number;
  /** Numerator of a split that takes effect on this day, such as 4 of 4:1. */
  readonly split?: number;
};

/** What Yahoo knows of one symbol; `unit` is what it calls the currency, `GBp` for pence. */
export type WireStock = {
  readonly unit: string;
  /** Of its exchange from UTC, the same all year. */
  readonly offsetS: number;
  readonly days: readonly WireDay[];
  /** What its quote says besides, or instead. */
  readonly quote?: { readonly [field: string]: unknown };
  /** Modules of quoteSummary. */
  readonly summary?: { readonly [module: string]: unknown };
};

export type WireYahoo = {
  readonly fetch: typeof fetch;
  /** Path and query of each request so far, without the crumb. */
  readonly requests: string[];
  /** Answers, or breaks, a request in the place of this Yahoo; null lets it answer. */
  fault: ((url: URL) => Response | Promise<Response | null> | null) | null;
  /** From now on every crumb given so far is stale. */
  forgetCrumbs(): void;
};

const DAY_S = 86_400;
const [openS, closeS] = [9 * 3600, 15 * 3600];

/** Yahoo's servers for these symbols, in its own wire format; nothing after `nowMs` is told. */
export function wireYahoo(stocks: ReadonlyMap<string, WireStock>, nowMs: () => number): WireYahoo {
  let crumbs = 0;
  const yahoo: WireYahoo = {
    requests: [],
    fault: null,
    forgetCrumbs: () => void crumbs++,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const url = new URL(request.url);
      yahoo.requests.push(`${url.pathname}${url.search}`.replace(/[?&]crumb=[^&]*/, ""));
      await new Promise(setImmediate);
      const faulty = Promise.resolve(yahoo.fault?.(url) ?? null);
      const answer = (await Promise.race([faulty, whenAborted(request.signal)])) ?? answerTo(url);
      request.signal.throwIfAborted();
      return answer;
    },
  };
  function answerTo(url: URL): Response {
    const { pathname: path, searchParams: query } = url;
    const cookie = { headers: { "set-cookie": "A3=wire; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure" } };
    if (path.startsWith("/quote/")) return new Response("<html></html>", cookie);
    if (path === "/v1/test/getcrumb") return new Response(`crumb-${crumbs}`);
    const symbol = decodeURIComponent(path.split("/").at(-1) ?? "");
    if (path.startsWith("/v8/finance/chart/")) {
      const until = Math.min(Number(query.get("period2")) * 1000, nowMs());
      const found = chart(stocks, symbol, Number(query.get("period1")) * 1000, until);
      if (found !== null) return json(200, { chart: { result: [found], error: null } });
      return json(404, { chart: { result: null, error: { code: "Not Found", description: "No data found" } } });
    }
    if (query.get("crumb") !== `crumb-${crumbs}`) {
      return json(401, { finance: { result: null, error: { code: "Unauthorized", description: "Invalid Crumb" } } });
    }
    if (path === "/v7/finance/quote") {
      const symbols = (query.get("symbols") ?? "").split(",");
      const result = symbols.flatMap((one) => quote(stocks, one, nowMs()) ?? []);
      return json(200, { quoteResponse: { result, error: null } });
    }
    const modules = (query.get("modules") ?? "").split(",");
    const summary = stocks.get(symbol)?.summary;
    const found = modules.filter((module) => summary?.[module] !== undefined);
    if (found.length === 0) {
      const error = { code: "Not Found", description: "No fundamentals data found for any of the summaryTypes" };
      return json(404, { quoteSummary: { result: null, error } });
    }
    const result = [Object.fromEntries(found.map((module) => [module, summary?.[module]]))];
    return json(200, { quoteSummary: { result, error: null } });
  }
  return yahoo;
}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const refuse = (): void => reject(new Error("aborted"));
    if (signal.aborted) refuse();
    signal.addEventListener("abort", refuse, { once: true });
  });

const json = (status: number, body: unknown): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

const session = ({ offsetS }: WireStock, dayMs: number, secondOfDay: number): number =>
  dayMs / 1000 - offsetS + secondOfDay;

function quote(stocks: ReadonlyMap<string, WireStock>, symbol: string, nowMs: number): unknown {
  const stock = stocks.get(symbol);
  const day = stock?.days.findLast(({ dayMs }) => session(stock, dayMs, openS) * 1000 <= nowMs);
  if (stock === undefined || day === undefined) return null;
  return {
    language: "en-US",
    region: "US",
    quoteType: symbol.endsWith("=X") ? "CURRENCY" : "EQUITY",
    triggerable: false,
    currency: stock.unit,
    marketState: "REGULAR",
    tradeable: false,
    exchange: "XXX",
    fullExchangeName: "Recorded",
    exchangeTimezoneName: "Recorded",
    exchangeTimezoneShortName: "XXT",
    gmtOffSetMilliseconds: stock.offsetS * 1000,
    market: "xx_market",
    esgPopulated: false,
    sourceInterval: 15,
    exchangeDataDelayedBy: 0,
    regularMarketPrice: day.close,
    regularMarketTime: Math.min(session(stock, day.dayMs, closeS), Math.floor(nowMs / 1000)),
    symbol,
    ...stock.quote,
  };
}

function chart(stocks: ReadonlyMap<string, WireStock>, symbol: string, fromMs: number, untilMs: number): unknown {
  const stock = stocks.get(symbol);
  if (stock === undefined) return null;
  const at = (dayMs: number): number => session(stock, dayMs, openS);
  const days = stock.days.filter(({ dayMs }) => at(dayMs) * 1000 >= fromMs && at(dayMs) * 1000 <= untilMs);
  const last = stock.days.findLast(({ dayMs }) => at(dayMs) * 1000 <= untilMs);
  if (last === undefined) return null;
  const closes = days.map(({ close }) => close);
  const adjclose = days.map((day) => day.adjclose ?? day.close);
  const events = (kind: "dividend" | "split", entry: (day: WireDay, date: number) => unknown): unknown => {
    const some = days.filter((day) => day[kind]);
    return some.length === 0 ? undefined : Object.fromEntries(some.map((day) => [at(day.dayMs), entry(day, at(day.dayMs))])); // prettier-ignore
  };
  const dividends = events("dividend", ({ dividend: amount }, date) => ({ amount, date }));
  const splits = events("split", ({ split }, date) => ({ date, numerator: split, denominator: 1, splitRatio: `${split}:1` })); // prettier-ignore
  const bars = { open: closes, high: closes, low: closes, close: closes, volume: closes.map(() => 0) };
  return {
    meta: meta(stock, symbol, last),
    ...(days.length > 0 && { timestamp: days.map(({ dayMs }) => at(dayMs)) }),
    ...((dividends !== undefined || splits !== undefined) && { events: { dividends, splits } }),
    indicators: days.length === 0 ? { quote: [{}] } : { quote: [bars], adjclose: [{ adjclose }] },
  };
}

function meta(stock: WireStock, symbol: string, { dayMs, close }: WireDay): unknown {
  const gmtoffset = stock.offsetS;
  const period = {
    timezone: "XXT",
    start: session(stock, dayMs, openS),
    end: session(stock, dayMs, closeS),
    gmtoffset,
  };
  return {
    currency: stock.unit,
    symbol,
    exchangeName: "XXX",
    instrumentType: "EQUITY",
    firstTradeDate: session(stock, stock.days[0]?.dayMs ?? dayMs, openS),
    regularMarketTime: session(stock, dayMs, closeS),
    gmtoffset,
    timezone: "XXT",
    exchangeTimezoneName: "Recorded",
    regularMarketPrice: close,
    priceHint: 2,
    currentTradingPeriod: { pre: period, regular: period, post: period },
    dataGranularity: "1d",
    range: "",
    validRanges: ["1d", "max"],
  };
}

/** Trading days (weekdays) up to and with this one, oldest first, with closes that wander a little around a level. */
export function calmDays(lastDayMs: number, count: number, level: number): readonly WireDay[] {
  const days: WireDay[] = [];
  for (let dayMs = lastDayMs; days.length < count; dayMs -= DAY_S * 1000) {
    if ([0, 6].includes(new Date(dayMs).getUTCDay())) continue;
    days.push({ dayMs, close: Number((level * (1 + 0.01 * Math.sin(days.length))).toPrecision(6)) });
  }
  return days.toReversed();
}
