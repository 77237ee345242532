import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cash, orderIntents, plans } from "../../../src/db/ledger-schema.ts";
import { readBars } from "../../../src/db/market-cache.ts";
import { bookedCash, readMovements } from "../../../src/db/money-rows.ts";
import type { NewStock } from "../../../src/db/universe.ts";
import { cachedMarket } from "../../../src/jobs/book-sync.ts";
import { readLedgerView } from "../../../src/ledger-view.ts";
import { isOpen } from "../../../src/market/calendar/market-hours.ts";
import { listingOf } from "../../../src/market/listing.ts";
import { moneyView } from "../../../src/money-view.ts";
import { marketView } from "../../../src/trading/market-view.ts";
import { hasRecordedMarket, recordedText, skipNote } from "../../support/recorded-market.ts";
import { yahooTrader, type YahooTrader } from "../../support/yahoo-trader.ts";
import { calmDays, type WireDay, type WireStock } from "../../support/yahoo-wire.ts";

const asOf = "2022-12-28";
const tokyoOpen = Date.parse("2022-12-28T02:00:00Z");
const newYorkOpen = Date.parse("2022-12-28T15:00:00Z");
/** Nobody recorded rates of 2022: these are near what they were, and the only figures here that are not recorded. */
const rates = { USD: 1.062, GBP: 0.884, HKD: 8.28, JPY: 141.6 };

type Group = { region: NewStock["region"]; currency: string; unit: string; offsetH: number; symbols: string };
const groups: readonly Group[] = [
  { region: "EU", currency: "EUR", unit: "EUR", offsetH: 1, symbols: "IBE.MC TEP.PA TISG.MI KME.MI" },
  {
    region: "EU",
    currency: "GBP",
    unit: "GBp",
    offsetH: 0,
    symbols: "AZN.L BARC.L BP.L GSK.L RR.L TSCO.L ULVR.L VOD.L",
  },
  { region: "ASIA", currency: "HKD", unit: "HKD", offsetH: 8, symbols: "1398.HK 3988.HK" },
  { region: "ASIA", currency: "JPY", unit: "JPY", offsetH: 9, symbols: "4063.T" },
  { region: "US", currency: "USD", unit: "USD", offsetH: -5, symbols: "AAPL HD JNJ JPM KO MSFT PG UNH WMT XOM" },
];
const lots = new Map([["1398.HK", 1_000], ["3988.HK", 1_000], ["4063.T", 100]]); // prettier-ignore
const industries = ["Technology", "Healthcare", "Finance", "Consumer", "Industrial"];
const universe: readonly NewStock[] = groups.flatMap(({ region, currency, symbols }) =>
  symbols.split(" ").map((symbol, n) => ({
    symbol,
    name: symbol,
    region,
    industries: [industries[n % industries.length] ?? ""],
    currency,
    lotSize: lots.get(symbol) ?? 1,
  })),
);

/** Days of ten years up to the as-of date, as recorded; where only adjusted closes were, they are the closes. */
function recordedDays(symbol: string): readonly WireDay[] {
  const file = symbol === "AAPL" ? "AAPL@skfolio" : symbol;
  const [header = "", ...rows] = recordedText(`prices/${file}.csv.gz`).trimEnd().split("\n");
  const column = (name: string) => header.split(",").indexOf(name);
  const [date, close, adjclose, dividend] = ["date", "close", "adjclose", "dividend"].map(column);
  return rows
    .map((row) => row.split(","))
    .filter((cells) => (cells[date ?? 0] ?? "") >= "2012-12-01" && (cells[date ?? 0] ?? "") <= asOf)
    .map((cells) => {
      const adjusted = Number(cells[adjclose ?? 0]);
      return {
        dayMs: Date.parse(cells[date ?? 0] ?? ""),
        close: Number(cells[close ?? 0]) || adjusted,
        adjclose: adjusted,
        dividend: Number(cells[dividend ?? 0]) || 0,
      };
    });
}

const stocksOf = (): ReadonlyMap<string, WireStock> =>
  new Map([
    ...groups.flatMap(({ unit, offsetH, symbols }) =>
      symbols
        .split(" ")
        .map((symbol): [string, WireStock] => [symbol, { unit, offsetS: offsetH * 3600, days: recordedDays(symbol) }]),
    ),
    ...Object.entries(rates).map(([currency, level]): [string, WireStock] => [
      `EUR${currency}=X`,
      { unit: currency, offsetS: 0, days: calmDays(Date.parse(asOf), 60, level) },
    ]),
  ]);

describe.skipIf(!hasRecordedMarket)(`25 recorded stocks in five currencies, December 2022${skipNote}`, () => {
  let trader: YahooTrader;
  let first: Record<string, string>;
  const listings = universe.map(listingOf);
  const ages = { priceMsMax: 1_800_000, rateMsMax: 3_600_000, scoreMsMax: 86_400_000 };
  const view = (nowMs: number) =>
    marketView({ cache: trader.cache, listings, base: "EUR", ages, hours: "exchange", splits: new Map(), nowMs });
  const orders = () => trader.ledger.db.select().from(orderIntents).all();
  const exchangeOf = (symbol: string) => listings.find((listing) => listing.symbol === symbol)?.exchange ?? null;

  beforeAll(async () => {
    trader = yahooTrader({ universe, stocks: stocksOf(), startMs: tokyoOpen });
    first = await trader.slot();
  });
  afterAll(() => trader.close());

  test("all are priced, in euros: pence as pounds, yen as yen", () => {
    expect(first["price-sync"]).toMatch(/^25 prices, \d{5} daily bars$/);
    const { prices, rates: known } = view(tokyoOpen + 30_000);
    expect(prices.size).toBe(25);
    expect(known.perBase.size).toBe(4);
    // The night before in London, in pence; this morning's in Tokyo and Hong Kong.
    const rolls = prices.get("RR.L");
    expect(rolls?.currency).toBe("GBP");
    expect(rolls?.price).toBeGreaterThan(0.9);
    expect(rolls?.price).toBeLessThan(0.96);
    expect(rolls?.priceBase).toBeCloseTo((rolls?.price ?? 0) / (known.perBase.get("GBP") ?? 0), 12);
    expect(prices.get("4063.T")?.price).toBe(3_307);
    expect(prices.get("4063.T")?.priceBase).toBeCloseTo(23.4, 0);
    expect(prices.get("1398.HK")?.priceBase).toBeCloseTo(0.483, 1);
    expect(prices.get("IBE.MC")).toMatchObject({ currency: "EUR", rateAgeMs: 0 });
    expect(readBars(trader.cache, "BARC.L", 1)[0]?.close).toBeLessThan(2);
  });

  test("while Tokyo and Hong Kong are open only their stocks trade; the others say when they can", () => {
    const { blocked } = view(tokyoOpen + 30_000);
    expect(blocked.size).toBe(22);
    expect(blocked.get("AAPL")).toBe("XNYS is closed (after its hours), until 2022-12-28T14:30Z");
    expect(orders().map(({ symbol }) => exchangeOf(symbol))).toSatisfy((found: readonly (string | null)[]) =>
      found.every((exchange) => exchange === "XTKS" || exchange === "XHKG"),
    );
  });

  test("a day of slots buys in several currencies, each order within its cap in euros and in an open market", async () => {
    const slots: Record<string, string>[] = [];
    trader.pass(newYorkOpen - tokyoOpen);
    for (let slot = 0; slot < 6; slot++) {
      slots.push(await trader.slot());
      trader.pass(900_000 - 30_000);
    }
    expect(slots.map((outcomes) => outcomes["rebalance"]?.startsWith("failed"))).not.toContain(true);
    const placed = orders();
    expect(placed.length).toBeGreaterThanOrEqual(3);
    const equityEur = 100_000;
    const { prices } = view(newYorkOpen);
    for (const { symbol, qty, slot, state } of placed) {
      expect(state).toBe("filled");
      const valueEur = qty * (prices.get(symbol)?.priceBase ?? Number.NaN);
      expect(valueEur, symbol).toBeGreaterThanOrEqual(250);
      expect(valueEur, symbol).toBeLessThanOrEqual(0.16 * equityEur);
      const atMs = Date.parse(slot.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:00Z"));
      expect(isOpen(exchangeOf(symbol), atMs), symbol).toBe(true);
      expect(qty % (lots.get(symbol) ?? 1)).toBe(0);
    }
    expect(trader.ledger.db.select().from(plans).all().length).toBeGreaterThanOrEqual(placed.length);
  });

  test("and keeps its books in euros: each purchase abroad with its conversion and its fee, the cash to the cent", async () => {
    trader.pass(900_000);
    const synced = (await trader.slot())["portfolio-sync"] ?? "";
    const [, equity] = /positions, equity ([\d.]+) EUR, cash [\d.]+ EUR/.exec(synced) ?? [];
    const { db } = trader.ledger;
    // The broker, what people are shown and the books value it by ways of their own, and agree.
    const shown = readLedgerView(db, cachedMarket(trader.cache, "EUR", () => new Map()).valuation(), []);
    expect(shown).toMatchObject({ base: "EUR", own: null, cash: [{ currency: "EUR" }] });
    expect(shown.equityBase).toBeCloseTo(Number(equity), 1);
    const history = moneyView(db, "EUR").history(1);
    expect(history.kind === "known" && (history.value.at(-1)?.totalMinor ?? 0) / 100).toBeCloseTo(Number(equity), 1);
    expect(new Set(shown.positions.map(({ currency }) => currency)).size).toBeGreaterThan(1);
    const [book = ""] = new Set(orders().map((order) => order.book));
    expect(book).toBe("paper/paper-EUR/research");
    const movements = readMovements(db, book);
    const of = (kind: string) => movements.filter((one) => one.kind === kind);
    const abroad = of("buy").filter(({ currency }) => currency !== "EUR");
    expect(new Set(abroad.map(({ currency }) => currency)).size).toBeGreaterThan(1);
    expect(of("conversion").map(({ toCurrency, toMinor }) => [toCurrency, toMinor])).toEqual(
      abroad.map(({ currency, minor }) => [currency, -minor]),
    );
    expect(of("fee").length).toBe(of("buy").length);
    expect(of("fee").every(({ currency, minor }) => currency === "EUR" && minor < -200)).toBe(true);
    const booked = [...bookedCash(db, book)].filter(([, minor]) => minor !== 0);
    const stated = db.select().from(cash).all();
    expect(stated.map(({ currency, amount }) => [currency, Math.round(amount * 100)])).toEqual(booked);
    const gains = moneyView(db, "EUR").gains();
    expect(gains.kind === "known" && gains.value.split.feesMinor).toBe(
      of("fee").reduce((sum, { minor }) => sum + minor, 0),
    );
  });
});
