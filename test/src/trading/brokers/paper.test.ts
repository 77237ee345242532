import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyBook, post } from "../../../../src/analytics/money/book.ts";
import { cashOf, entriesOf } from "../../../../src/analytics/money/movement.ts";
import { openLedger } from "../../../../src/db/ledger.ts";
import { listingOf } from "../../../../src/market/listing.ts";
import { defaultPlanning } from "../../../../src/planning/settings.ts";
import { movementOf } from "../../../../src/trading/bookkeeping.ts";
import { createPaper } from "../../../../src/trading/brokers/paper.ts";
import { paperMarket } from "../../../support/paper-market.ts";
import { brokerContract } from "../../../contract/broker-contract.ts";

const nowMs = (): number => Date.UTC(2026, 10, 22, 14, 15);
const guard = { epoch: 1, remainingMs: () => 1_000, check: () => undefined };
const dollars = (price: number) => ({ price, currency: "USD" });

/** A paper broker on a ledger of its own; what is changed here is what the next question finds. */
function onLedger(base: "USD" | "EUR") {
  const folder = mkdtempSync(join(tmpdir(), "trader-paper-"));
  const open = () => openLedger(join(folder, "ledger.db"), 200);
  let ledger = open();
  const world = {
    fills: true,
    prices: new Map([["AAPL", dollars(100)], ["MSFT", dollars(200)]]), // prettier-ignore
    perBase: (base === "EUR" ? { USD: 1.25 } : {}) as Record<string, number>,
    costs: defaultPlanning,
  };
  const broker = () =>
    createPaper({
      ...paperMarket(() => world.prices, { base, perBase: world.perBase }),
      costs: () => world.costs,
      db: ledger.db,
      guard,
      nowMs,
      cache: null,
      fills: () => world.fills,
    });
  return {
    world,
    broker,
    db: () => ledger.db,
    reopen: () => {
      ledger.close();
      ledger = open();
    },
    [Symbol.dispose]: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

for (const base of ["USD", "EUR"] as const) {
  brokerContract(
    `the paper broker in a ledger, its account in ${base}`,
    async ({ fills }) => {
      const opened = onLedger(base);
      opened.world.fills = fills;
      return { broker: opened.broker(), nowMs, close: async () => opened[Symbol.dispose]() };
    },
    { acceptsDuplicates: false, splits: false },
  );
}

test("its orders are in the ledger: whoever opens that next has them, and fills what rested", async () => {
  using opened = onLedger("USD");
  opened.world.fills = false;
  await opened.broker().place({ clientOrderId: "p-1", symbol: "AAPL", side: "buy", qty: 3 });
  expect(await opened.broker().findByClientOrderId("p-1")).toMatchObject({ state: "open" });
  opened.reopen();
  opened.world.fills = true;
  // 300.00, and a fee of 2.00 and .2%.
  expect(await opened.broker().account()).toEqual({
    accountId: "paper",
    currency: "USD",
    cash: { USD: 99_697.4 },
    equity: 99_997.4,
  });
  expect(await opened.broker().findByClientOrderId("p-1")).toMatchObject({ state: "filled", filledAvgPrice: 100 });
});

test("it declares that it cannot fence, and a value without a price is no value", async () => {
  using opened = onLedger("USD");
  expect(opened.broker()).toMatchObject({ idempotency: "lookup", money: "paper" });
  await opened.broker().place({ clientOrderId: "p-1", symbol: "AAPL", side: "buy", qty: 3 });
  opened.world.prices.delete("AAPL");
  await expect(opened.broker().account()).rejects.toThrow("AAPL is held and has no price");
});

/*
 * An account of 100,000.00 EUR; the dollar is .80 EUR, the yen .008.
 *   AAPL  3 at 130.01 = 390.03 USD = 312.024 EUR. With .2% for the conversion 312.648: 312.65.
 *         Fee: 2.00 and .2% of 312.024 = .62. In all 315.27.
 *   4063.T  100 at 3,307 = 330,700 JPY = 2,645.60 EUR, converted 2,650.8912: 2,650.89; fee 2.00 + 5.29 = 7.29.
 *   IBE.MC  10 at 11.005 = 110.05 EUR; fee 2.00 + .22 = 2.22.
 *   Cash: 100,000.00 - 315.27 - 2,658.18 - 112.27 = 96,914.28.
 * The dollar rises to .78125 EUR (1.28 for one):
 *   AAPL  2 sold at 140.02 = 280.04 USD = 218.78125 EUR, converted 218.3437: 218.34; fee 2.00 + .44 = 2.44.
 *   Cash: 96,914.28 + 218.34 - 2.44 = 97,130.18. One AAPL = 140.02 USD = 109.39, 2,645.60 and 110.05 are held.
 */
const ratesThen = (currency: string): number => (currency === "JPY" ? 0.008 : 0.8);
const order = (clientOrderId: string, side: "buy" | "sell", symbol: string, qty: number) => ({
  clientOrderId,
  side,
  symbol,
  qty,
});

async function traded(opened: ReturnType<typeof onLedger>): Promise<void> {
  const { world } = opened;
  world.perBase["JPY"] = 125;
  world.prices.set("AAPL", dollars(130.01));
  world.prices.set("4063.T", { price: 3_307, currency: "JPY" });
  world.prices.set("IBE.MC", { price: 11.005, currency: "EUR" });
  const broker = opened.broker();
  await broker.place(order("p-1", "buy", "AAPL", 3));
  expect((await broker.account()).cash).toEqual({ EUR: 99_684.73 });
  await broker.place(order("p-2", "buy", "4063.T", 100));
  await broker.place(order("p-3", "buy", "IBE.MC", 10));
  expect((await broker.account()).cash).toEqual({ EUR: 96_914.28 });
  world.perBase["USD"] = 1.28;
  world.prices.set("AAPL", dollars(140.02));
  await broker.place(order("p-4", "sell", "AAPL", 2));
}

describe("an account in euros", () => {
  test("buys and sells abroad through conversions, each booked with its fee, to the cent", async () => {
    using opened = onLedger("EUR");
    await traded(opened);
    expect(await opened.broker().account()).toEqual({
      accountId: "paper-EUR",
      currency: "EUR",
      cash: { EUR: 97_130.18 },
      equity: 97_130.18 + 109.39 + 2_645.6 + 110.05,
    });
    expect(await opened.broker().positions()).toEqual([
      { symbol: "AAPL", qty: 1, currency: "USD", avgPrice: 130.01 },
      { symbol: "4063.T", qty: 100, currency: "JPY", avgPrice: 3_307 },
      { symbol: "IBE.MC", qty: 10, currency: "EUR", avgPrice: 11.005 },
    ]);
    const told = await opened.broker().activities(0);
    expect(told.map(({ id, kind, currency, amount, to }) => [id, kind, currency, amount, to])).toEqual([
      ["p-1-conversion", "conversion", "EUR", -312.65, { currency: "USD", amount: 390.03 }],
      ["p-1-3", "buy", "USD", null, undefined],
      ["p-1-fee", "fee", "EUR", -2.62, undefined],
      ["p-2-conversion", "conversion", "EUR", -2_650.89, { currency: "JPY", amount: 330_700 }],
      ["p-2-100", "buy", "JPY", null, undefined],
      ["p-2-fee", "fee", "EUR", -7.29, undefined],
      ["p-3-10", "buy", "EUR", null, undefined],
      ["p-3-fee", "fee", "EUR", -2.22, undefined],
      ["p-4-2", "sell", "USD", null, undefined],
      ["p-4-conversion", "conversion", "USD", -280.04, { currency: "EUR", amount: 218.34 }],
      ["p-4-fee", "fee", "EUR", -2.44, undefined],
    ]);
  });

  test("what it tells is a book to the cent: nothing is left in dollars or yen, fees are fees", async () => {
    using opened = onLedger("EUR");
    await traded(opened);
    const movements = (await opened.broker().activities(0)).map((one) => movementOf(one, () => null));
    expect(cashOf(movements)).toEqual(new Map([["EUR", -286_982], ["USD", 0], ["JPY", 0]])); // prettier-ignore
    const book = entriesOf(movements).reduce((before, one) => post(before, one, ratesThen), emptyBook("EUR"));
    expect(book.sums).toMatchObject({ feesMinor: 262 + 729 + 222 + 244, depositedMinor: 0 });
    expect(book.stockSums.get("AAPL")).toMatchObject({ feesMinor: 262 + 244 });
  });

  test("whoever opens the ledger next has the same account, whatever prices, rates and costs are then", async () => {
    using opened = onLedger("EUR");
    await traded(opened);
    const [told, { cash }] = [await opened.broker().activities(0), await opened.broker().account()];
    opened.reopen();
    opened.world.perBase["USD"] = 2;
    opened.world.costs = { ...defaultPlanning, costFixedEur: 9, conversionFraction: 0.1 };
    expect(await opened.broker().activities(0)).toEqual(told);
    expect((await opened.broker().account()).cash).toEqual(cash);
  });

  test("is apart from the account in dollars that the same ledger has", async () => {
    using opened = onLedger("EUR");
    await opened.broker().place(order("p-1", "buy", "AAPL", 3));
    const { db } = opened;
    const inDollars = createPaper({
      ...paperMarket(() => opened.world.prices, { base: "USD" }),
      db: db(),
      guard,
      nowMs,
      cache: null,
      fills: () => true,
    });
    expect(await inDollars.account()).toMatchObject({ accountId: "paper", cash: { USD: 100_000 } });
    expect((await inDollars.place(order("p-1", "buy", "MSFT", 1))).kind).toBe("placed");
    expect(await opened.broker().findByClientOrderId("p-1")).toMatchObject({ symbol: "AAPL" });
  });

  /*
   *   500.00 EUR in; 125.00 USD in at .80 = 100.00 EUR, less .2%: 99.80; 50.05 USD out = 40.04, and .2%: 40.12.
   *   Cash: 100,000.00 + 500.00 + 99.80 - 40.12 = 100,559.68.
   */
  test("what its owner pays in and out is booked once for each id, and changed into the account's currency", async () => {
    using opened = onLedger("EUR");
    const pay = (id: string, amount: number, currency?: string) => opened.broker().pay({ id, amount, currency });
    expect(pay("a", 500)).toEqual({ kind: "booked", currency: "EUR" });
    expect(pay("b", 125, "USD")).toEqual({ kind: "booked", currency: "USD" });
    expect(pay("c", -50.05, "USD")).toEqual({ kind: "booked", currency: "USD" });
    opened.reopen();
    opened.world.perBase["USD"] = 2;
    expect(pay("b", 125, "USD")).toEqual({ kind: "known", currency: "USD" });
    expect(pay("b", 126, "USD")).toEqual({ kind: "refused", reason: "the id b was used for another payment" });
    expect(await opened.broker().account()).toMatchObject({ cash: { EUR: 100_559.68 }, equity: 100_559.68 });
    const told = await opened.broker().activities(0);
    expect(told.map(({ id, kind, currency, amount, to }) => [id, kind, currency, amount, to])).toEqual([
      ["cash-a", "deposit", "EUR", 500, undefined],
      ["cash-b", "deposit", "USD", 125, undefined],
      ["cash-b-conversion", "conversion", "USD", -125, { currency: "EUR", amount: 99.8 }],
      ["cash-c-conversion", "conversion", "EUR", -40.12, { currency: "USD", amount: 50.05 }],
      ["cash-c", "withdrawal", "USD", -50.05, undefined],
    ]);
    const movements = told.map((one) => movementOf(one, () => 0.8));
    expect(cashOf(movements)).toEqual(new Map([["EUR", 55_968], ["USD", 0]])); // prettier-ignore
    const book = entriesOf(movements).reduce((before, one) => post(before, one, ratesThen), emptyBook("EUR"));
    // 500.00 and 100.00 in, 40.04 out.
    expect(book.sums).toMatchObject({ depositedMinor: 55_996, feesMinor: 0 });
  });

  test("no more goes out than is free: what an open order may need is not", async () => {
    using opened = onLedger("EUR");
    opened.world.fills = false;
    // 100 at 80.00 EUR = 8,000.00, the conversion's .2% = 16.00, and a fee of 2.00 + 16.00: 8,034.00.
    await opened.broker().place(order("p-1", "buy", "AAPL", 100));
    const out = (amount: number) => opened.broker().pay({ id: `out-${amount}`, amount: -amount });
    const reason = "91966.01 EUR would go out, and 91966.00 EUR are free";
    expect(out(91_966.01)).toEqual({ kind: "refused", reason });
    expect(out(91_966)).toMatchObject({ kind: "booked" });
    expect((await opened.broker().account()).cash).toEqual({ EUR: 8_034 });
  });

  test.each([
    [99.999, "EUR", "EUR has no amount of 99.999: that is not whole"],
    [1, "XYZ", "XYZ is none of EUR"],
    [1, "CHF", "no good rate of CHF to EUR"],
    [0.01, "JPY", "JPY has no amount of 0.01"],
    [1, "KRW", "1 KRW are worth nothing in EUR"],
  ])("%d %s are not paid in: %s", async (amount, currency, reason) => {
    using opened = onLedger("EUR");
    opened.world.perBase["KRW"] = 1_400;
    expect(opened.broker().pay({ id: "a", amount, currency })).toEqual({
      kind: "refused",
      reason: expect.stringContaining(reason),
    });
    expect((await opened.broker().account()).cash).toEqual({ EUR: 100_000 });
  });

  test("without a rate that may be traded on nothing is bought; what pays for no conversion and no fee is refused", async () => {
    using opened = onLedger("EUR");
    delete opened.world.perBase["USD"];
    const refused = await opened.broker().place(order("p-1", "buy", "AAPL", 1));
    expect(refused).toEqual({ kind: "refused", reason: "AAPL has no price and rate that may be traded on" });
    opened.world.perBase["USD"] = 1.25;
    // 1,245 at 80.00 EUR are 99,600.00; with the conversion's .2% and the fee 100,000.40.
    expect(await opened.broker().place(order("p-2", "buy", "AAPL", 1_245))).toMatchObject({ kind: "refused" });
    expect(await opened.broker().place(order("p-3", "buy", "AAPL", 1_244))).toMatchObject({ kind: "placed" });
    expect(opened.broker().whyNotTradable(listingOf({ symbol: "X", currency: "ZAR" }))).toBe(
      "the paper broker keeps no ZAR",
    );
  });
});
