import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { Currency } from "../../../../src/analytics/money/amount.ts";
import type { Part } from "../../../../src/analytics/money/money-report.ts";
import { readDividends } from "../../../../src/db/dividends-cache.ts";
import { paperDividends } from "../../../../src/db/paper-schema.ts";
import { embeddedUniverse } from "../../../../src/db/universe.ts";
import { refreshPrices } from "../../../../src/jobs/price-sync.ts";
import { listingOf } from "../../../../src/market/listing.ts";
import { createYahoo } from "../../../../src/market/yahoo.ts";
import { moneyView } from "../../../../src/money-view.ts";
import { paperNode } from "../../../support/paper-node.ts";
import { wireYahoo, type WireDay, type WireStock } from "../../../support/yahoo-wire.ts";
import { startTrader, stocks } from "../../market/yahoo-fixture.ts";

const DAY_MS = 86_400_000;
/** A Thursday, on which stocks are traded without their dividend for the first time. */
const exDayMs = Date.UTC(2026, 10, 19);
const dayBeforeMs = exDayMs - DAY_MS + 14.5 * 3_600_000;
const log = pino({ level: "silent" });

type Node = ReturnType<typeof paperNode>;
const start = (base: Currency): Node => {
  const node = paperNode(base);
  node.nowMs = dayBeforeMs;
  return node;
};
const source = (node: Node, of: ReadonlyMap<string, WireStock>) => {
  const clock = { originAppMs: 0, nowMs: () => node.nowMs };
  const time = { nowMs: () => 0, sleep: async (): Promise<void> => undefined };
  const { fetch } = wireYahoo(of, clock.nowMs);
  return createYahoo({ source: "yahoo", clock, log, fetch, time });
};
/** As a source tells it: two months of the same close, adjusted for what the ex-day after them pays, and what follows. */
function series(unit: string, offsetS: number, close: number, later: readonly Omit<WireDay, "dayMs">[]): WireStock {
  const before = Array.from({ length: 60 }, () => ({ close, adjclose: close - (later[0]?.dividend ?? 0) }));
  const days = [...before, ...later].map((day, n) => ({ ...day, dayMs: exDayMs + (n - 60) * DAY_MS }));
  return { unit, offsetS, days };
}
const known = <T>(part: Part<T>): T => {
  if (part.kind === "unknown") throw new Error(part.reason);
  return part.value;
};
const figures = (node: Node, base: Currency, days: number) => {
  const view = moneyView(node.ledger.db, base);
  const { split: sum, stocks } = known(view.gains());
  const { performance } = known(view.analytics(days));
  return { history: known(view.history(days)).map(({ totalMinor }) => totalMinor), sum, stocks, performance, view };
};

describe("from the source's chart to the books", () => {
  /*
   * 10 KO at 60.00 of 100,000.00. On the ex-day they are 59.60, and .485 comes for each: 99,400.00 + 4.85 + 596.00. Two days
   * later they are 20, at 30.30, and the source halves what it has told before: 99,404.85 + 606.00.
   */
  test("in dollars, and a split two days later changes nothing of it", async () => {
    using node = start("USD");
    const days = [{ close: 59.6, dividend: 0.485 }, { close: 59.6 }];
    const split2 = [{ close: 29.8, dividend: 0.2425 }, { close: 29.8 }, { close: 30.3, split: 2 }];
    const of = new Map([["KO", series("USD", -5 * 3600, 60, days)]]);
    const sync = () => node.sync(source(node, of), [listingOf({ symbol: "KO", currency: "USD" })]);
    await sync();
    await node.order("buy", "KO", 10);
    await sync();
    for (let day = 0; day <= 2; day++) {
      if (day === 2) of.set("KO", series("USD", -5 * 3600, 30, split2));
      node.nowMs += DAY_MS;
      expect(await sync()).not.toContain("no movement");
    }
    const { history, sum, stocks: gained } = figures(node, "USD", 4);
    expect(history).toEqual([10_000_000, 10_000_085, 10_000_085, 10_001_085]);
    expect(sum).toMatchObject({ gainMinor: 1_085, priceMinor: 600, dividendsMinor: 485, cashFxMinor: 0 });
    expect(gained).toMatchObject([{ symbol: "KO", qty: 20, gainMinor: 1_085, dividendsMinor: 485 }]);
    expect(node.ledger.db.select().from(paperDividends).all()).toMatchObject([
      { qty: 10, perShare: 0.485, minor: 485, converted: null },
    ]);
  });

  /*
   * A conversion costs .2%; for one euro there are .80 GBP, then .78125, and 160 JPY.
   *   VOD.L   400 at 70 p = 280.00 GBP = 350.00 EUR, converted 350.70.
   *   4063.T  100 at 4,000 = 400,000 JPY = 2,500.00 EUR, converted 2,505.00. Cash: 97,144.30; with both 99,994.30.
   * The ex-day of both:
   *   VOD.L   2.73 p for each = 10.92 GBP = 13.9776 EUR: 13.98, converted 13.9496: 13.95. 400 at 68 p = 348.16 EUR.
   *   4063.T  53.5 for each = 5,350 JPY = 33.4375 EUR: 33.44, converted 33.3706: 33.37. 100 at 3,950 = 2,468.75 EUR.
   *   Cash: 97,144.30 + 13.95 + 33.37 = 97,191.62; with both 100,008.53.
   * The gain of 8.53: prices -8.00 GBP at 1.25 and -31.25 = -41.25, the pound 272.00 GBP * .03 = 8.16, dividends 47.42, and
   * what conversions cost: -.70 - 5.00 - .03 - .07 = -5.80.
   */
  test("in euros, of listings in pence and in yen: each is changed at once, and all of it adds up", async () => {
    using node = start("EUR");
    node.conversionFraction = 0.002;
    node.perBase = { GBP: 0.8, JPY: 160 };
    const of = new Map([
      ["VOD.L", series("GBp", 0, 70, [{ close: 68, dividend: 2.73 }])],
      ["4063.T", series("JPY", 9 * 3600, 4_000, [{ close: 3_950, dividend: 53.5 }])],
      ["EURGBP=X", series("GBP", 0, 0.8, [{ close: 0.78125 }])],
      ["EURJPY=X", series("JPY", 0, 160, [{ close: 160 }])],
    ]);
    const listings = [{ symbol: "VOD.L", currency: "GBP" }, { symbol: "4063.T", currency: "JPY" }].map(listingOf); // prettier-ignore
    const sync = () => node.sync(source(node, of), listings);
    await sync();
    await node.order("buy", "VOD.L", 400);
    await node.order("buy", "4063.T", 100);
    await sync();
    node.nowMs += DAY_MS;
    node.perBase = { GBP: 0.78125, JPY: 160 };
    expect(await sync()).not.toContain("no movement");
    expect((await node.broker().account()).cash).toEqual({ EUR: 97_191.62 });
    const told = (await node.broker().activities(exDayMs)).map(({ id, kind, currency, amount, to }) => [id, kind, currency, amount, to]); // prettier-ignore
    expect(told).toEqual([
      ["dividend-4063.T-2026-11-19", "dividend", "JPY", 5_350, undefined],
      ["dividend-4063.T-2026-11-19-conversion", "conversion", "JPY", -5_350, { currency: "EUR", amount: 33.37 }],
      ["dividend-VOD.L-2026-11-19", "dividend", "GBP", 10.92, undefined],
      ["dividend-VOD.L-2026-11-19-conversion", "conversion", "GBP", -10.92, { currency: "EUR", amount: 13.95 }],
    ]);
    const { history, sum, stocks: gained, performance, view } = figures(node, "EUR", 2);
    expect(history).toEqual([9_999_430, 10_000_853]);
    expect(performance.timeWeighted).toBeCloseTo(14.23 / 99_994.3, 12);
    expect(performance.moneyWeightedAnnual).toBeCloseTo((100_008.53 / 99_994.3) ** 365 - 1, 9);
    expect(sum).toMatchObject({ gainMinor: 853, priceMinor: -4_125, fxMinor: 816, dividendsMinor: 4_742 });
    expect(sum).toMatchObject({ cashFxMinor: -580, feesMinor: 0, taxesMinor: 0, otherMinor: 0 });
    expect(gained).toMatchObject([
      { symbol: "4063.T", gainMinor: -3_125 + 3_344, dividendsMinor: 3_344 },
      { symbol: "VOD.L", gainMinor: -184 + 1_398, dividendsMinor: 1_398 },
    ]);
    expect(view.cash()).toMatchObject([
      { currency: "EUR", bookMinor: 9_719_162, brokerMinor: 9_719_162 },
      { currency: "GBP", bookMinor: 0, byKind: { buy: -28_000, dividend: 1_092, conversion: 28_000 - 1_092 } },
      { currency: "JPY", bookMinor: 0, byKind: { buy: -400_000, dividend: 5_350, conversion: 400_000 - 5_350 } },
    ]);
  });
});

test("a primary on the real market pays what its own source tells of", async () => {
  const known = stocks();
  const trader = startTrader(known);
  try {
    await trader.slot();
    const lastMs = (known.get("AAPL")?.days.at(-1)?.dayMs ?? 0) + DAY_MS;
    for (const [symbol, stock] of known) {
      const close = stock.days.at(-1)?.close ?? 0;
      const dividend = symbol.endsWith("=X") ? 0 : close / 100;
      const before = stock.days.map((day) => ({ ...day, adjclose: day.close * (1 - dividend / close) }));
      known.set(symbol, { ...stock, days: [...before, { dayMs: lastMs, close, dividend }] });
    }
    trader.pass(DAY_MS);
    await trader.slot();
    const paid = trader.ledger.db.select().from(paperDividends).all();
    expect(trader.attempts()).toContain(paid[0]?.symbol);
    expect(paid).toMatchObject([
      { account: "paper-EUR", dayMs: lastMs, minor: expect.toSatisfy((minor) => minor > 0) },
    ]);
  } finally {
    trader.close();
  }
});

test("the embedded market tells of none", async () => {
  using node = start("USD");
  const clock = { originAppMs: node.nowMs, nowMs: () => node.nowMs };
  const embedded = createYahoo({ source: "embedded", clock, log });
  const listings = embeddedUniverse.map(listingOf);
  const { signal } = new AbortController();
  const said = await refreshPrices({ source: embedded, cache: node.cache, clock, base: "USD" }, listings, signal);
  expect(said).toMatch(/^20 prices, \d{4,} daily bars$/);
  expect(readDividends(node.cache, 0)).toEqual([]);
});
