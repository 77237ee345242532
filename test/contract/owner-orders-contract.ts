import { describe, expect, test } from "vitest";
import type { OwnerOrder } from "../../src/planning/owner-orders.ts";
import { type OwnerOrders, untilOf } from "../../src/trading/owner-orders.ts";
import { type PlanStore, SLOT_MS, adoptUnplanned, slotAtMs } from "../../src/trading/plan-record.ts";
import { SLOT, intent, plan } from "../src/trading/trading-fixture.ts";

export type OpenOwnerOrders = () => {
  readonly plans: PlanStore;
  readonly orders: OwnerOrders;
  readonly keep: (order: OwnerOrder, nowMs: number) => void;
};

const wish = (id: string, over: Partial<OwnerOrder> = {}): OwnerOrder => ({
  id,
  symbol: "AAPL",
  side: "buy",
  qty: 10,
  overrides: ["last-lot"],
  ...over,
});

/** What the owner's orders keep to wherever they are; the ledger and the store of the tests pass it. */
export function ownerOrdersContract(name: string, open: OpenOwnerOrders): void {
  describe(`${name}, as where the owner's orders are`, () => {
    test("the oldest comes first, and each until its time is over", () => {
      const { orders, keep } = open();
      keep(wish("newer"), 2);
      keep(wish("older", { qty: 3 }), 1);
      expect(orders.open(5)).toMatchObject([wish("older", { qty: 3 }), wish("newer")]);
      expect(orders.open(untilOf(1))).toEqual([]);
    });

    test("one that has its place in a plan is open no more, unless nothing was ever sent for it", () => {
      for (const { state, sentAtMs, isOpen } of [
        { state: "planned", sentAtMs: null, isOpen: false },
        { state: "unknown", sentAtMs: 1, isOpen: false },
        { state: "not-sent", sentAtMs: 1, isOpen: false },
        { state: "not-sent", sentAtMs: null, isOpen: true },
      ] as const) {
        const { plans, orders, keep } = open();
        keep(wish("wish"), 1);
        plans.insert(plan([intent(1)]));
        orders.note(SLOT, [{ id: "wish", n: 1 }], []);
        expect(orders.at(SLOT, 1)).toMatchObject(wish("wish"));
        expect(orders.at(SLOT, 2)).toBeNull();
        if (state !== "planned") plans.update(SLOT, { intents: [{ ...intent(1), state, sentAtMs }], status: "ended" });
        expect(orders.open(5).map(({ id }) => id)).toEqual(isOpen ? ["wish"] : []);
      }
    });

    test("an order at the broker that no plan holds may be it, and ends it: the same trade, in a slot since then", () => {
      const adopt = { state: "filled", brokerOrderId: "x" } as const;
      const unplanned = adoptUnplanned(SLOT, 1, { ...intent(1), ...adopt }, 5);
      const sinceMs = slotAtMs(SLOT);
      for (const [order, madeAtMs, isOpen] of [
        [wish("wish"), sinceMs + 1, false],
        [wish("wish"), sinceMs + SLOT_MS, true],
        [wish("wish", { qty: 11 }), sinceMs, true],
        [wish("wish", { side: "sell" }), sinceMs, true],
        [wish("wish", { symbol: "KO" }), sinceMs, true],
      ] as const) {
        const { plans, orders, keep } = open();
        keep(order, madeAtMs);
        plans.insert(plan([unplanned], { status: "ended" }));
        expect(orders.open(madeAtMs).map(({ id }) => id)).toEqual(isOpen ? ["wish"] : []);
      }
    });

    test("what waits is told, and a place in a plan takes that back", () => {
      const { plans, orders, keep } = open();
      keep(wish("wish"), 1);
      orders.note(SLOT, [], [{ id: "wish", why: "it has no price" }]);
      expect(orders.open(5)).toMatchObject([{ waitsFor: "it has no price" }]);
      plans.insert(plan([intent(1)]));
      orders.note(SLOT, [{ id: "wish", n: 1 }], []);
      expect(orders.at(SLOT, 1)).toMatchObject({ waitsFor: null });
    });
  });
}
