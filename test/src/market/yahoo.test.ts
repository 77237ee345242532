import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { REPLAY_DAY_MS, REPLAY_FIRST_DAY } from "../../../src/market/replay-clock.ts";
import { createReplayYahoo } from "../../../src/market/replay-fetch.ts";
import { createYahoo } from "../../../src/market/yahoo.ts";
import { calmDays, wireYahoo } from "../../support/yahoo-wire.ts";

const market = loadEmbeddedMarket();
const log = pino({ level: "silent" });
const { signal } = new AbortController();
const originAppMs = Date.UTC(2026, 10, 22);

function clockAt(slots: number) {
  let nowMs = originAppMs + slots * REPLAY_DAY_MS;
  return {
    originAppMs,
    nowMs: () => nowMs,
    advance: () => {
      nowMs += REPLAY_DAY_MS;
    },
  };
}

describe("the replay through the real yahoo-finance2", () => {
  test("gives the close of the replay's day as the quote of each known symbol, and no other", async () => {
    const clock = clockAt(0);
    const source = createYahoo({ source: "embedded", clock, log });
    const quotes = await source.quotes([...market.symbols, "NONE"], signal);
    expect(quotes.map((quote) => quote.symbol)).toEqual(market.symbols);
    for (const quote of quotes) {
      expect(quote.price).toBe(market.closeUsd(quote.symbol, REPLAY_FIRST_DAY));
      expect(quote.currency).toBe("USD");
    }
    expect(new Date(quotes[0]?.asOfMs ?? 0).toISOString()).toBe("2007-01-04T21:00:00.000Z");
    clock.advance();
    expect((await source.quotes(["XOM"], signal))[0]?.price).toBe(market.closeUsd("XOM", REPLAY_FIRST_DAY + 1));
  });

  test("gives the bars since an instant, none after the replay's day, whatever the season", async () => {
    const source = createYahoo({ source: "embedded", clock: clockAt(120), log });
    const last = REPLAY_FIRST_DAY + 120;
    const expected = market.days
      .slice(0, last + 1)
      .map((dayMs, index) => ({ dayMs, close: market.closeUsd("GE", index) }))
      .map((bar) => ({ ...bar, adjclose: bar.close, dividend: 0 }));
    expect(await source.dailyBars("GE", 0, signal)).toEqual({ currency: "USD", bars: expected, splits: [] });
    expect((await source.dailyBars("GE", market.days[last - 2] ?? 0, signal)).bars).toEqual(expected.slice(-3));
    expect((await source.dailyBars("GE", (market.days[last] ?? 0) + 2 * 86_400_000, signal)).bars).toEqual([]);
  });

  test("tells of no split, of no stock: its prices are adjusted for all of theirs", async () => {
    const source = createYahoo({ source: "embedded", clock: clockAt(9_999), log });
    const splits = await Promise.all(
      market.symbols.map(async (symbol) => (await source.dailyBars(symbol, 0, signal)).splits),
    );
    expect(splits.flat()).toEqual([]);
  });

  test("throws on an unknown symbol's bars", async () => {
    const source = createYahoo({ source: "embedded", clock: clockAt(0), log });
    await expect(source.dailyBars("NONE", 0, signal)).rejects.toThrow("No data found");
  });

  test("asks for cookie and crumb once, and again when the crumb went stale", async () => {
    const yahoo = createReplayYahoo(market, clockAt(0));
    const paths: string[] = [];
    const fetchFn: typeof fetch = async (input, init) => {
      paths.push(new URL(new Request(input, init).url).pathname);
      return yahoo.fetch(input, init);
    };
    const source = createYahoo({ source: "embedded", clock: clockAt(0), log, fetch: fetchFn });
    await source.quotes(["GE"], signal);
    await source.quotes(["GE"], signal);
    const quote = "/v7/finance/quote";
    expect(paths.splice(0)).toEqual(["/quote/AAPL", "/v1/test/getcrumb", quote, quote]);
    yahoo.forgetCrumbs();
    expect(await source.quotes(["GE"], signal)).toHaveLength(1);
    expect(paths).toEqual([quote, "/quote/AAPL", "/v1/test/getcrumb", quote]);
  });

  test("a refusal surfaces with its status and never prints the crumb", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const yahoo = createReplayYahoo(market, clockAt(0));
    const fetchFn: typeof fetch = async (input, init) =>
      new Request(input, init).url.includes("/v7/")
        ? new Response("Too Many Requests", { status: 429 })
        : yahoo.fetch(input, init);
    const source = createYahoo({ source: "yahoo", clock: clockAt(0), log, fetch: fetchFn });
    await expect(source.quotes(["GE"], signal)).rejects.toThrow("429");
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  test("a truncated answer is an error, not an empty market", async () => {
    const yahoo = createReplayYahoo(market, clockAt(0));
    const fetchFn: typeof fetch = async (input, init) => {
      const response = await yahoo.fetch(input, init);
      if (!new Request(input, init).url.includes("/v8/")) return response;
      return new Response((await response.text()).slice(0, 500), { headers: response.headers });
    };
    const source = createYahoo({ source: "embedded", clock: clockAt(0), log, fetch: fetchFn });
    await expect(source.dailyBars("GE", 0, signal)).rejects.toThrow("JSON");
  });
});

test("quotes are asked for in batches of a hundred at most", async () => {
  const days = calmDays(Date.UTC(2026, 10, 25), 2, 10);
  const names = Array.from({ length: 230 }, (_, n) => `S${n}`);
  const yahoo = wireYahoo(
    new Map(names.map((name) => [name, { unit: "USD", offsetS: 0, days }])),
    () => originAppMs * 2,
  );
  const time = { nowMs: () => 0, sleep: () => Promise.resolve() };
  const source = createYahoo({ source: "yahoo", clock: clockAt(0), log, fetch: yahoo.fetch, time });
  expect(await source.quotes(names, signal)).toHaveLength(230);
  const sizes = yahoo.requests.flatMap((path) => /symbols=([^&]*)/.exec(path)?.[1]?.split("%2C").length ?? []);
  expect(sizes).toEqual([100, 100, 30]);
});

describe("what a listing is priced in", () => {
  const nowMs = Date.UTC(2026, 10, 25, 15);
  const days = calmDays(Date.UTC(2026, 10, 25), 4, 900);
  const paid = days.map((day, index) =>
    index === 2 ? { ...day, adjclose: day.close - 1, dividend: 12, split: 4 } : day,
  );
  const stocks = new Map([
    ["RR.L", { unit: "GBp", offsetS: 0, days: paid }],
    ["7203.T", { unit: "JPY", offsetS: 9 * 3600, days }],
  ]);
  const { fetch: fetchFn } = wireYahoo(stocks, () => nowMs);
  const source = createYahoo({ source: "yahoo", clock: clockAt(0), log, fetch: fetchFn });

  test("pence become pounds where an answer enters: quote, closes, adjusted closes and dividends", async () => {
    const [pounds, yen] = await source.quotes(["RR.L", "7203.T"], signal);
    expect(pounds).toEqual({ symbol: "RR.L", price: (days[3]?.close ?? 0) / 100, currency: "GBP", asOfMs: nowMs });
    expect(yen).toMatchObject({ price: days[3]?.close, currency: "JPY" });
    const { currency, bars, splits } = await source.dailyBars("RR.L", 0, signal);
    expect(currency).toBe("GBP");
    expect(bars.map(({ close }) => close)).toEqual(days.map(({ close }) => close / 100));
    const third = days[2]?.close ?? 0;
    expect(bars[2]).toMatchObject({ adjclose: (third - 1) / 100, dividend: 0.12 });
    expect(bars.map(({ dividend }) => dividend)).toEqual([0, 0, 0.12, 0]);
    const [split] = splits;
    expect(split).toMatchObject({ dayMs: days[2]?.dayMs, newShares: 4, oldShares: 1 });
    expect((split?.atMs ?? 0) - (split?.dayMs ?? 0)).toBeGreaterThan(0);
    expect(splits).toHaveLength(1);
  });

  test("a day is the exchange's own, however far east it is", async () => {
    const { bars } = await source.dailyBars("7203.T", 0, signal);
    expect(bars.map(({ dayMs }) => dayMs)).toEqual(days.map(({ dayMs }) => dayMs));
  });
});
