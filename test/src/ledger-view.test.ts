import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLedger, type Ledger } from "../../src/db/ledger.ts";
import { cash, jobRuns, orderIntents, plans, positions } from "../../src/db/ledger-schema.ts";
import { readLedgerView } from "../../src/ledger-view.ts";

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

test("an empty ledger shows unknowns, not zeros", () => {
  expect(readLedgerView(ledger.db, () => undefined, ["price-sync"])).toEqual({
    positions: [],
    book: "",
    cashUsd: null,
    equityUsd: null,
    investedShare: null,
    plans: [],
    jobRuns: [],
  });
});

test("shares are of positions at their newest prices and cash together", () => {
  const { db } = ledger;
  db.insert(positions).values({ symbol: "AAPL", qty: 10, avgPrice: 80, syncedAtMs: 1 }).run();
  db.insert(positions).values({ symbol: "JPM", qty: 10, avgPrice: 50, syncedAtMs: 1 }).run();
  db.insert(cash).values({ currency: "USD", amount: 8_500, syncedAtMs: 1 }).run();
  const view = readLedgerView(db, (symbol) => (symbol === "AAPL" ? 100 : undefined), []);
  expect(view).toMatchObject({ cashUsd: 8_500, equityUsd: 10_000, investedShare: 0.15 });
  expect(view.positions.map((row) => [row.symbol, row.priceUsd, row.share])).toEqual([
    ["AAPL", 100, 0.1],
    ["JPM", 50, 0.05],
  ]);
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
  const view = readLedgerView(db, () => undefined, ["rebalance", "price-sync"]);
  expect(view.plans).toHaveLength(8);
  expect(view.plans[0]?.orders.map((order) => order.clientOrderId)).toEqual([
    "c-20261122T1429Z-1",
    "c-20261122T1429Z-2",
  ]);
  expect(view.jobRuns.map((run) => run.slot)).toEqual([29, 28, 27, 26].map((minute) => `20261122T14${minute}Z`));
});
