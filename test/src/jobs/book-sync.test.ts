import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cashOf } from "../../../src/analytics/money/movement.ts";
import { analytics, gains, valueHistory } from "../../../src/analytics/money/money-report.ts";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { movements, snapshots } from "../../../src/db/ledger-schema.ts";
import { bookedCash, bookedShares, readAccountDays, readDayRates, readMovements } from "../../../src/db/money-rows.ts";
import { apply } from "../../../src/exchange/book.ts";
import { portfolioSyncJob } from "../../../src/jobs/portfolio-sync.ts";
import { slotAt } from "../../../src/jobs/slots.ts";
import { doubleBroker, type DoubleBroker } from "../trading/double-broker.ts";

const DAY_MS = 86_400_000;
/** A Monday. */
const monday = Date.UTC(2026, 10, 23);
const book = "double/double/research";
const guard = { epoch: 1, remainingMs: () => 1_000, check: () => {} };
const { signal } = new AbortController();

let dir: string;
let ledger: Ledger;
let nowMs: number;
let prices: Map<string, number>;
let broker: DoubleBroker;
/** Dollars for a euro. */
let perEuro: number;
let sequence: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-books-"));
  ledger = openLedger(join(dir, "ledger.db"), 250);
  nowMs = monday + 15 * 3_600_000;
  prices = new Map([
    ["AAPL", 100],
    ["XOM", 33.335],
  ]);
  perEuro = 1.25;
  sequence = 0;
  broker = doubleBroker({ nowMs: () => nowMs, priceUsd: (symbol) => prices.get(symbol) ?? null });
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true, force: true });
});

const market = {
  valuation: () => ({
    base: "EUR",
    prices: new Map([...prices].map(([symbol, price]) => [symbol, { price, currency: "USD" }])),
    rates: new Map([["USD", 1 / perEuro]]),
  }),
  rateOn: () => 1 / perEuro,
};
const sync = (over: DoubleBroker | Partial<DoubleBroker> = {}) =>
  portfolioSyncJob({ book, broker: { ...broker, ...over }, ledger, market, guard, clock: { nowMs: () => nowMs } }).run(
    slotAt(nowMs),
    signal,
  );
const order = (side: "buy" | "sell", qty: number, symbol: string) =>
  broker.deliver({ clientOrderId: `o-${++sequence}`, symbol, side, qty });
const cashEntry = (type: "DIV" | "DIVNRA" | "FEE" | "INT", usd: number, symbol: string | null) =>
  apply(broker.book, { kind: "cash", id: `c-${++sequence}`, atMs: nowMs, type, usd, symbol });
const deposit = (usd: number) => apply(broker.book, { kind: "deposit", id: `d-${++sequence}`, atMs: nowMs, usd });
const history = () => ({
  base: "EUR" as const,
  days: readAccountDays(ledger.db, book, 4_000),
  movements: readMovements(ledger.db, book),
});
const gainsNow = () => {
  const { base, days, movements: list } = history();
  return gains({ base, newest: days.at(-1) ?? null, rates: readDayRates(ledger.db, book, base), movements: list });
};
const nextDay = () => void (nowMs += DAY_MS);
const known = <T>(part: { kind: "known"; value: T } | { kind: "unknown"; reason: string }): T => {
  if (part.kind === "unknown") throw new Error(part.reason);
  return part.value;
};

describe("movements", () => {
  test("are told once: the same id never counts twice, and a failed read changes nothing", async () => {
    await sync();
    order("buy", 10, "AAPL");
    cashEntry("FEE", -0.02, null);
    expect(await sync()).toContain(", 2 movements");
    const before = ledger.db.select().from(movements).all();
    expect(before.map(({ kind, minor }) => [kind, minor])).toEqual([
      ["opening", 10_000_000],
      ["buy", -100_000],
      ["fee", -2],
    ]);
    expect(await sync()).not.toContain("movements");
    order("sell", 1, "AAPL");
    await expect(sync({ activities: () => Promise.reject(new Error("no answer")) })).rejects.toThrow("no answer");
    await expect(sync({ positions: () => Promise.reject(new Error("no answer")) })).rejects.toThrow("no answer");
    expect(ledger.db.select().from(movements).all()).toEqual(before);
    expect(ledger.db.select().from(snapshots).all()[0]).toMatchObject({ currency: "USD", cash: 98_999.98 });
  });

  test("an account that was there before opens with what its activities do not explain", async () => {
    order("buy", 10, "AAPL");
    order("buy", 4, "XOM");
    const told = await broker.activities(0);
    await sync({ activities: async () => told.slice(0, 1) });
    expect(ledger.db.select().from(movements).all()).toMatchObject([
      { id: "opening-cash-USD", minor: 9_986_666 },
      { id: "opening-XOM", minor: 0, qty: 4, price: 33.335 },
      { kind: "buy", symbol: "AAPL" },
    ]);
    expect(known(gainsNow()).split).toMatchObject({ gainMinor: 0, priceMinor: 0 });
  });

  test("an account that moves while it is first read is read again", async () => {
    const account = broker.account();
    let reads = 0;
    const moving = async () => ({ ...(await account), cash: { USD: 100_000 - reads++ } });
    await expect(sync({ account: moving })).rejects.toThrow("moved while it was read");
    expect(ledger.db.select().from(movements).all()).toEqual([]);
  });

  test("cash that no movement explains is said, and once a day all movements are read again", async () => {
    await sync();
    nextDay();
    await sync();
    deposit(7);
    // Booked with a date that is long past, so that a look at the newest days does not find it.
    const told = { id: "late", kind: "dividend", atMs: monday - 90 * DAY_MS, currency: "USD", amount: 7 } as const;
    const found = { ...told, symbol: "AAPL", qty: null, price: null, note: "DIV" };
    const asked: number[] = [];
    const activities = async (sinceMs: number) => {
      asked.push(sinceMs);
      return sinceMs === 0 ? [found] : [];
    };
    expect(await sync({ activities })).toContain("7.00 USD of the cash are in no movement yet");
    nextDay();
    expect(await sync({ activities })).not.toContain("no movement");
    expect(asked.map((sinceMs) => sinceMs === 0)).toEqual([false, true]);
  });

  test("a split is booked as it is told; until all of it is, the day is not valued, and the figures are those of before", async () => {
    await sync();
    order("buy", 5, "AAPL");
    await sync();
    nextDay();
    broker.split("AAPL", 3, 2, null);
    prices.set("AAPL", (100 * 2) / 3);
    const told = await broker.activities(0);
    const before = { gains: gainsNow(), days: history().days };
    const none = await sync({ activities: async () => [] });
    expect(none).toContain(", the day is not valued: 2.5 shares of AAPL are in no movement yet");
    const half = await sync({
      activities: async () => told.slice(0, -1),
      positions: async () => [],
      account: async () => ({ ...(await broker.account()), equity: 99_500 }),
    });
    expect(half).toContain(", the day is not valued: AAPL splits, and the broker has not told of its new shares");
    expect({ gains: gainsNow(), days: history().days }).toEqual(before);
    expect(await sync()).not.toContain("no movement");
    expect(known(gainsNow()).stocks).toMatchObject([{ symbol: "AAPL", qty: 7.5, gainMinor: 0, costMinor: 40_000 }]);
    expect(known(valueHistory(history(), 400)).at(-1)?.timeWeighted).toBe(0);
    const list = readMovements(ledger.db, book);
    expect(await sync()).not.toContain("movements");
    expect(readMovements(ledger.db, book)).toEqual(list);
  });

  test("shares that no movement ever explains are valued again after some days, and the gains say so", async () => {
    await sync();
    order("buy", 5, "AAPL");
    await sync();
    const silent = { activities: async () => [], positions: async () => [{ symbol: "AAPL", qty: 6, currency: "USD", avgPrice: 100 }] }; // prettier-ignore
    for (let day = 0; day < 2; day++) {
      nextDay();
      expect(await sync(silent)).toContain("the day is not valued: 1 shares of AAPL");
    }
    nextDay();
    expect(await sync(silent)).not.toContain("not valued");
    expect(gainsNow()).toMatchObject({ kind: "unknown", reason: expect.stringContaining("held 6 AAPL") });
  });

  test("an account that is first seen after a split opens with the shares of before, at what they have cost", async () => {
    order("buy", 10, "AAPL");
    broker.split("AAPL", 2, 1, null);
    prices.set("AAPL", 55);
    const told = await broker.activities(0);
    await sync({ activities: async () => told.slice(1) });
    expect(readMovements(ledger.db, book)).toContainEqual(
      expect.objectContaining({ id: "opening-AAPL", qty: 10, price: 100 }),
    );
    // 20 at 55 have cost 10 at 100: 100.00 USD, 80.00 EUR.
    expect(known(gainsNow()).split).toMatchObject({ gainMinor: 8_000, priceMinor: 8_000 });
  });

  test("what is not understood is in the note, and the figures say since when", async () => {
    await sync();
    order("buy", 5, "AAPL");
    const merger = { id: "m-1", atMs: nowMs, kind: "unbooked", currency: "USD", amount: 0, symbol: "XOM" } as const;
    const activities = async () => [
      ...(await broker.activities(0)),
      { ...merger, qty: 4, price: null, note: "MA SMA" },
    ];
    const held = [...(await broker.positions()), { symbol: "XOM", qty: 4, currency: "USD", avgPrice: 33 }];
    expect(await sync({ activities, positions: async () => held })).toContain(", MA SMA (m-1) is not understood");
    const reason = expect.stringContaining("the activity m-1 (MA SMA) changed XOM by 4 and is not understood");
    expect(gainsNow()).toEqual({ kind: "unknown", reason });
  });

  test("without a price the day is not valued, and all else is written", async () => {
    order("buy", 1, "AAPL");
    prices.delete("AAPL");
    expect(await sync()).toContain("the day is not valued: there is no price of AAPL");
    expect(readAccountDays(ledger.db, book, 9)).toEqual([]);
    expect(readMovements(ledger.db, book)).toHaveLength(2);
  });
});

/*
 * Worked by hand, in euros:
 *   Mon  100,000.00 USD at 1.25 = 80,000.00; 10 AAPL bought at 100 = 800.00 of them.
 *   Tue  5,000.00 USD come in, 4 AAPL are sold at 100: nothing was gained or lost.
 *   Wed  AAPL at 110: 6 × 10 = 60.00 USD = 48.00; a dividend of 2.50 USD = 2.00, .50 of tax = .40, a fee of .25 = .20.
 *   Thu  1.20 dollars a euro: 660.00 USD of AAPL and 104,401.75 USD of cash are worth 550.00 and 87,001.46.
 */
test("[do-not-inherit 5] values include cash: neither a sale nor a deposit is a gain or a loss", async () => {
  await sync();
  order("buy", 10, "AAPL");
  await sync();
  nextDay();
  deposit(5_000);
  order("sell", 4, "AAPL");
  await sync();
  const [first, second] = known(valueHistory(history(), 400)).slice(1);
  expect(first).toMatchObject({ totalMinor: 8_000_000, cashMinor: 7_920_000, flowMinor: 8_000_000, timeWeighted: 0 });
  expect(second).toMatchObject({ totalMinor: 8_400_000, cashMinor: 8_352_000, flowMinor: 400_000, timeWeighted: 0 });
  expect(known(analytics(history(), everything, 400)).performance).toMatchObject({
    timeWeighted: 0,
    moneyWeightedAnnual: expect.closeTo(0, 9),
  });
  expect(known(gainsNow()).split.gainMinor).toBe(0);

  nextDay();
  prices.set("AAPL", 110);
  cashEntry("DIV", 2.5, "AAPL");
  cashEntry("DIVNRA", -0.5, "AAPL");
  cashEntry("FEE", -0.25, null);
  await sync();
  const third = known(valueHistory(history(), 400)).at(-1);
  expect(third).toMatchObject({ totalMinor: 8_404_940, flowMinor: 0, timeWeighted: expect.closeTo(49.4 / 84_000, 12) });
  expect(known(gainsNow()).split).toEqual({
    gainMinor: 4_940,
    priceMinor: 4_800,
    fxMinor: 0,
    dividendsMinor: 200,
    feesMinor: -20,
    taxesMinor: -40,
    otherMinor: 0,
    cashFxMinor: 0,
  });

  nextDay();
  perEuro = 1.2;
  await sync();
  const { split, stocks } = known(gainsNow());
  expect(known(valueHistory(history(), 400)).at(-1)?.totalMinor).toBe(55_000 + 8_700_146);
  // 660.00 USD less 600.00 at the 1.25 of their purchase is the price's; 550.00 less 480.00 was gained in all.
  expect(stocks).toMatchObject([{ symbol: "AAPL", priceMinor: 4_800, fxMinor: 2_200, gainMinor: 4_800 + 2_200 + 160 }]);
  expect(split.gainMinor).toBe(8_755_146 - 8_400_000);
  expect(split.cashFxMinor).toBe(split.gainMinor - 4_800 - 2_200 - 200 + 20 + 40);
});

const everything = { regionsOf: () => ["US"], industriesOf: () => ["Technology"] };

test("whatever is done, the book is the broker's cash to the cent, and all parts are the whole gain", async () => {
  const step = fc.record({
    act: fc.constantFrom("buy", "sell", "deposit", "dividend", "fee", "day", "split"),
    symbol: fc.constantFrom("AAPL", "XOM"),
    qty: fc.integer({ min: 1, max: 40 }),
    cents: fc.integer({ min: 1, max: 99_999 }),
    move: fc.double({ min: 0.8, max: 1.25, noNaN: true }),
  });
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        await sync();
        for (const { act, symbol, qty, cents, move } of steps) {
          const price = prices.get(symbol) ?? 0;
          if (act === "buy" || act === "sell") order(act, qty, symbol);
          else if (act === "deposit") deposit(cents / 100);
          else if (act === "dividend") cashEntry("DIV", cents / 100, symbol);
          else if (act === "fee") cashEntry("FEE", -cents / 100, null);
          else if (act === "split") {
            const [newShares = 1, oldShares = 1] = [[2, 1], [3, 2], [1, 10], [1, 3]][cents % 4] ?? []; // prettier-ignore
            const priceUsd = (price * oldShares) / newShares;
            broker.split(symbol, newShares, oldShares, qty % 2 === 0 ? priceUsd : null);
            prices.set(symbol, priceUsd);
          } else {
            await sync();
            nextDay();
            prices.set(symbol, Number((price * move).toFixed(4)));
            perEuro = Number((perEuro * move).toFixed(5));
          }
        }
        await sync();
        const { cash } = await broker.account();
        const booked = cashOf(readMovements(ledger.db, book));
        expect((booked.get("USD") ?? 0) / 100).toBe(cash["USD"]);
        expect(bookedCash(ledger.db, book)).toEqual(booked);
        const held = (await broker.positions()).map(({ symbol, qty }) => [symbol, qty] as const);
        const told = [...bookedShares(ledger.db, book)].filter(([, qty]) => qty !== 0);
        expect(new Map(told)).toEqual(new Map(held));
        const { split, stocks } = known(gainsNow());
        const { gainMinor, ...parts } = split;
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(gainMinor);
        const days = known(valueHistory(history(), 4_000));
        const flows = days.reduce((sum, { flowMinor }) => sum + flowMinor, 0);
        expect((days.at(-1)?.totalMinor ?? 0) - flows).toBe(gainMinor);
        const attributed = known(analytics(history(), everything, 4_000));
        const all = attributed.stocks.reduce((sum, row) => sum + row.gainMinor, 0);
        expect(all).toBe(gainMinor);
        for (const stock of stocks) {
          const row = attributed.stocks.find(({ key }) => key === stock.symbol);
          expect(row?.gainMinor ?? 0, stock.symbol).toBe(stock.gainMinor);
        }
        const contributions = attributed.stocks.reduce((sum, row) => sum + row.contribution, 0);
        expect(contributions).toBeCloseTo(attributed.performance.timeWeighted ?? Number.NaN, 10);
      })
      .beforeEach(async () => {
        ledger.close();
        ledger = openLedger(join(dir, `ledger-${++sequence}.db`), 250);
        broker = doubleBroker({ nowMs: () => nowMs, priceUsd: (symbol) => prices.get(symbol) ?? null });
      }),
    { numRuns: 25 },
  );
});
