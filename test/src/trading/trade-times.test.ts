import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Ledger, openLedger } from "../../../src/db/ledger.ts";
import { addMovements } from "../../../src/db/money-rows.ts";
import { ledgerPlanStore } from "../../../src/trading/ledger-plan-store.ts";
import type { Intent } from "../../../src/trading/plan-record.ts";
import { readTradeTimes } from "../../../src/trading/trade-times.ts";
import { intent, plan } from "./trading-fixture.ts";

let dir: string;
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-times-"));
  ledger = openLedger(join(dir, "ledger.db"), 200);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true, force: true });
});

function traded(slot: string, over: Partial<Intent>): void {
  const name = { slot, clientOrderId: `pair-${slot}-1`, symbol: "KO", brokerOrderId: slot };
  ledgerPlanStore(ledger, "b").insert(
    plan([intent(1, { ...name, state: "filled", ...over })], { slot, status: "ended" }),
  );
}

test("held since the purchase that began it, bought and sold last by what was filled, however little", () => {
  traded("20261101T1400Z", { qty: 10, filledQty: 10, sentAtMs: 1_000 });
  traded("20261102T1400Z", { qty: 5, filledQty: 2, sentAtMs: 2_000, state: "cancelled" });
  traded("20261103T1400Z", { side: "sell", qty: 4, filledQty: 4, sentAtMs: 3_000 });
  traded("20261104T1400Z", { qty: 9, filledQty: 0, sentAtMs: 4_000, state: "rejected" });
  expect(Object.fromEntries(readTradeTimes(ledger.db, "b"))).toEqual({
    KO: { heldSinceMs: 1_000, lastBoughtMs: 2_000, lastSoldMs: 3_000 },
  });
});

test("what was sold whole and bought again is held since the second purchase", () => {
  traded("20261101T1400Z", { qty: 10, filledQty: 10, sentAtMs: 1_000 });
  traded("20261102T1400Z", { side: "sell", qty: 10, filledQty: 10, sentAtMs: 2_000 });
  expect(readTradeTimes(ledger.db, "b").get("KO")?.heldSinceMs).toBeNull();
  traded("20261103T1400Z", { qty: 1, filledQty: 1, sentAtMs: 3_000 });
  expect(readTradeTimes(ledger.db, "b").get("KO")?.heldSinceMs).toBe(3_000);
});

test("a split is neither a purchase nor a sale: half of what there is then is not all of it", () => {
  const legs = [-10, 20].map((qty, n) => ({ ...split, id: `s-${n}`, qty, atMs: 1_500 + n }));
  addMovements(ledger.db, "b", legs);
  addMovements(ledger.db, "live", [{ ...split, id: "s", qty: 5, atMs: 1_600 }]);
  traded("20261101T1400Z", { qty: 10, filledQty: 10, sentAtMs: 1_000 });
  traded("20261102T1400Z", { side: "sell", qty: 10, filledQty: 10, sentAtMs: 2_000 });
  expect(readTradeTimes(ledger.db, "b").get("KO")).toEqual({
    heldSinceMs: 1_000,
    lastBoughtMs: 1_000,
    lastSoldMs: 2_000,
  });
  traded("20261103T1400Z", { side: "sell", qty: 10, filledQty: 10, sentAtMs: 3_000 });
  expect(readTradeTimes(ledger.db, "b").get("KO")?.heldSinceMs).toBeNull();
});

const split = {
  kind: "split",
  currency: "USD",
  minor: 0,
  symbol: "KO",
  price: null,
  toCurrency: null,
  toMinor: null,
  rate: null,
  note: "SPLIT",
} as const;

test("[do-not-inherit 10] what was traded in another book neither cools off nor counts as held", () => {
  traded("20261101T1400Z", { qty: 10, filledQty: 10, sentAtMs: 1_000 });
  expect(readTradeTimes(ledger.db, "live").size).toBe(0);
});
