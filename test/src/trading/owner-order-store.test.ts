import { openLedger } from "../../../src/db/ledger.ts";
import { ledgerPlanStore } from "../../../src/trading/ledger-plan-store.ts";
import { keepOwnerOrder, ownerOrderStore } from "../../../src/trading/owner-order-store.ts";
import { ownerOrdersContract } from "../../contract/owner-orders-contract.ts";
import { memoryOwnerOrders } from "./memory-owner-orders.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";

ownerOrdersContract("the ledger", () => {
  const ledger = openLedger(":memory:", 0);
  return {
    plans: ledgerPlanStore(ledger, "b"),
    orders: ownerOrderStore(ledger.db, "b"),
    keep: (order, nowMs) => void keepOwnerOrder(ledger.db, "b", order, nowMs),
  };
});

ownerOrdersContract("memory", () => {
  const plans = memoryPlanStore();
  const orders = memoryOwnerOrders(plans);
  return { plans, orders, keep: orders.keep };
});
