import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLedger } from "../../../../src/db/ledger.ts";
import { createPaper } from "../../../../src/trading/brokers/paper.ts";
import { brokerContract } from "../../../contract/broker-contract.ts";

const nowMs = (): number => Date.UTC(2026, 10, 22, 14, 15);
const guard = { epoch: 1, remainingMs: () => 1_000, check: () => undefined };

function onLedger(fills: () => boolean, prices: Readonly<Record<string, number>> = { AAPL: 100, MSFT: 200 }) {
  const folder = mkdtempSync(join(tmpdir(), "trader-paper-"));
  const open = () => openLedger(join(folder, "ledger.db"), 200);
  let ledger = open();
  const broker = () =>
    createPaper({ db: ledger.db, guard, nowMs, priceUsd: (symbol) => prices[symbol] ?? null, fills });
  return {
    broker,
    reopen: () => {
      ledger.close();
      ledger = open();
    },
    close: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

brokerContract(
  "the paper broker in a ledger",
  async ({ fills }) => {
    const { broker, close } = onLedger(() => fills);
    return { broker: broker(), nowMs, close: async () => close() };
  },
  { acceptsDuplicates: false },
);

test("its orders are in the ledger: whoever opens that next has them, and fills what rested", async () => {
  let filling = false;
  const { broker, reopen, close } = onLedger(() => filling);
  try {
    await broker().place({ clientOrderId: "p-1", symbol: "AAPL", side: "buy", qty: 3 });
    expect(await broker().findByClientOrderId("p-1")).toMatchObject({ state: "open" });
    reopen();
    filling = true;
    expect(await broker().account()).toEqual({
      accountId: "paper",
      currency: "USD",
      cash: { USD: 99_700 },
      equity: 100_000,
    });
    expect(await broker().findByClientOrderId("p-1")).toMatchObject({ state: "filled", filledAvgPrice: 100 });
  } finally {
    close();
  }
});

test("it declares that it cannot fence, and a value without a price is no value", async () => {
  const prices: Record<string, number> = { AAPL: 100 };
  const { broker, close } = onLedger(() => true, prices);
  try {
    expect(broker()).toMatchObject({ idempotency: "lookup", money: "paper" });
    await broker().place({ clientOrderId: "p-1", symbol: "AAPL", side: "buy", qty: 3 });
    delete prices["AAPL"];
    await expect(broker().account()).rejects.toThrow("AAPL is held and has no price");
  } finally {
    close();
  }
});
