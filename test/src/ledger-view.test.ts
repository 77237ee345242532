import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLedger, type Ledger } from "../../src/db/ledger.ts";
import { cash, jobRuns, orderIntents, plans, positions, snapshots, universe } from "../../src/db/ledger-schema.ts";
import { orderTeller, readLedgerView } from "../../src/ledger-view.ts";

const orderRow: typeof orderIntents.$inferSelect = {
  book: "",
  slot: "20261122T1415Z",
  n: 1,
  clientOrderId: "c-1",
  symbol: "AAPL",
  side: "buy",
  qty: 1,
  reason: "r",
  state: "filled",
  brokerOrderId: "x",
  filledQty: 1,
  filledAvgPrice: 1,
  sentAtMs: 1,
  updatedAtMs: 1,
};

let dir: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-view-"));
  ledger = openLedger(join(dir, "ledger.db"), 200);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

/** What the market says: prices in the currency of their listing, and euros for one of each currency. */
const market = (
  prices: Readonly<Record<string, [number, string]>> = {},
  rates: Readonly<Record<string, number>> = {},
) => ({
  base: "EUR",
  prices: new Map(Object.entries(prices).map(([symbol, [price, currency]]) => [symbol, { price, currency }])),
  rates: new Map(Object.entries(rates)),
});

test("an empty ledger shows unknowns, not zeros", () => {
  expect(readLedgerView(ledger.db, market(), ["price-sync"])).toEqual({
    base: "EUR",
    positions: [],
    book: "",
    cash: [],
    cashBase: null,
    equityBase: null,
    own: null,
    investedShare: null,
    plans: [],
    jobRuns: [],
  });
});

describe("an account in dollars and francs, told in euros", () => {
  // The dollar is .80 EUR, the franc 1.00; 10 AAPL at 125 are 1,000.00 EUR, 10 SIE.DE at the 50 that was paid 500.00.
  const rates = { USD: 0.8, CHF: 1 };
  beforeEach(() => {
    const { db } = ledger;
    db.insert(positions).values({ symbol: "AAPL", qty: 10, currency: "USD", avgPrice: 80, syncedAtMs: 1 }).run();
    db.insert(positions).values({ symbol: "SIE.DE", qty: 10, currency: "EUR", avgPrice: 50, syncedAtMs: 1 }).run();
    db.insert(cash).values({ currency: "CHF", amount: 500, syncedAtMs: 1 }).run();
    db.insert(cash).values({ currency: "USD", amount: 10_000, syncedAtMs: 1 }).run();
    db.insert(snapshots)
      .values({ slot: "20261122T1415Z", atMs: 1, currency: "USD", equity: 12_500, cash: 10_000 })
      .run();
  });

  test("has cash, equity and shares at the newest prices, and its own equity beside them", () => {
    const view = readLedgerView(ledger.db, market({ AAPL: [125, "USD"] }, rates), []);
    expect(view).toMatchObject({
      cash: [
        { currency: "USD", amount: 10_000 },
        { currency: "CHF", amount: 500 },
      ],
      cashBase: 8_500,
      equityBase: 10_000,
      own: { currency: "USD", equity: 12_500 },
      investedShare: 0.15,
    });
    expect(view.positions.map((row) => [row.symbol, row.price, row.currency, row.valueBase, row.share])).toEqual([
      ["AAPL", 125, "USD", 1_000, 0.1],
      ["SIE.DE", 50, "EUR", 500, 0.05],
    ]);
  });

  test("without a rate its value is unknown, never made up", () => {
    const view = readLedgerView(ledger.db, market({ AAPL: [125, "USD"] }, { USD: 0.8 }), []);
    expect(view).toMatchObject({ cashBase: null, equityBase: null, own: null, investedShare: null });
    expect(view.positions.map(({ valueBase, share }) => [valueBase, share])).toEqual([
      [1_000, 0],
      [500, 0],
    ]);
  });

  test("an order moves its part of it at the rate of its listing", () => {
    const { db } = ledger;
    db.insert(universe).values({ symbol: "9984.T", name: "S", region: "ASIA", industries: [], currency: "JPY" }).run();
    const told = orderTeller(db, market({}, { JPY: 0.008 }), 10_000);
    const row = { ...orderRow, symbol: "9984.T", qty: 100, filledAvgPrice: 1_000 };
    // 100,000 JPY are 800.00 EUR.
    expect(told(row)).toMatchObject({ currency: "JPY", share: 0.08 });
    expect(orderTeller(db, market(), 10_000)(row)).toMatchObject({ currency: "JPY", share: 0 });
  });
});

test("plans come newest first with their own orders in order, runs newest first, both bounded", () => {
  const { db } = ledger;
  for (let minute = 10; minute < 30; minute++) {
    const slot = `20261122T14${minute}Z`;
    db.insert(plans).values({ slot, epoch: 1, node: "a", createdAtMs: 1, status: "done", reason: "r" }).run();
    for (const n of [2, 1]) {
      db.insert(orderIntents)
        .values({
          slot,
          n,
          clientOrderId: `c-${slot}-${n}`,
          symbol: "AAPL",
          side: "buy",
          qty: 1,
          reason: "r",
          state: "planned",
          updatedAtMs: 1,
        })
        .run();
    }
    db.insert(jobRuns)
      .values({ job: "rebalance", slot, epoch: 1, node: "a", status: "completed", startedAtMs: 1 })
      .run();
  }
  const view = readLedgerView(db, market(), ["rebalance", "price-sync"]);
  expect(view.plans).toHaveLength(8);
  expect(view.plans[0]?.orders.map((order) => order.clientOrderId)).toEqual([
    "c-20261122T1429Z-1",
    "c-20261122T1429Z-2",
  ]);
  expect(view.jobRuns.map((run) => run.slot)).toEqual([29, 28, 27, 26].map((minute) => `20261122T14${minute}Z`));
});
