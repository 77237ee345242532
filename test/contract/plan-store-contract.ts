import { afterEach, describe, expect, test } from "vitest";
import type { Intent, Plan, PlanStore } from "../../src/trading/plan-record.ts";

export type OpenPlanStore = () => { readonly store: PlanStore; close(): void };

const intent = (n: number, over: Partial<Intent> = {}): Intent => ({
  slot: "20261122T1415Z",
  n,
  clientOrderId: `pair-20261122T1415Z-${n}`,
  symbol: "AAPL",
  side: "buy",
  qty: 3,
  reason: "Buy 3 AAPL.",
  state: "planned",
  brokerOrderId: null,
  filledQty: 0,
  filledAvgPrice: null,
  sentAtMs: null,
  updatedAtMs: 1,
  ...over,
});
const plan = (over: Partial<Plan> = {}): Plan => ({
  slot: "20261122T1415Z",
  epoch: 3,
  node: "uno-a",
  createdAtMs: 1,
  status: "planned",
  reason: "2 stocks are off target.",
  intents: [intent(1), intent(2, { symbol: "MSFT" })],
  ...over,
});

const orderOf = (state: Intent["state"]): Partial<Intent> =>
  ["open", "partly-filled", "filled", "rejected", "cancelled", "expired"].includes(state)
    ? { state, brokerOrderId: "x" }
    : { state };

/** Writes a plan and what became of it, as the rules write it: first as a plan. */
function write(store: PlanStore, slot: string, states: readonly Intent["state"][], status: Plan["status"]): void {
  const at = (n: number): Partial<Intent> => ({ slot, clientOrderId: `pair-${slot}-${n}` });
  store.insert(plan({ slot, intents: states.map((_, index) => intent(index + 1, at(index + 1))) }));
  const intents = states.map((state, index) => intent(index + 1, { ...at(index + 1), ...orderOf(state) }));
  store.update(slot, { status, intents });
}

/** The rules of the plan store; the ledger and the store of the tests pass them. */
export function planStoreContract(name: string, open: OpenPlanStore): void {
  describe(`${name}, as a plan store`, () => {
    let close: (() => void) | undefined;
    afterEach(() => close?.());
    const start = (): PlanStore => {
      const opened = open();
      close = () => opened.close();
      return opened.store;
    };

    test("a plan is read as it was written, its places in order; an unknown slot is null", () => {
      const store = start();
      store.insert(plan());
      expect(store.read("20261122T1415Z")).toEqual(plan());
      expect(store.read("20261122T1430Z")).toBeNull();
      expect(store.newestSlot()).toBe("20261122T1415Z");
    });

    test("a plan is never replaced, and a refused one leaves nothing behind", () => {
      const store = start();
      store.insert(plan());
      expect(() => store.insert(plan({ reason: "another", intents: [intent(3, { qty: 9 })] }))).toThrow();
      expect(store.read("20261122T1415Z")).toEqual(plan());
    });

    test("an update writes intents by place, new ones too, and the status", () => {
      const store = start();
      store.insert(plan());
      const filled = intent(1, {
        state: "filled",
        brokerOrderId: "x",
        filledQty: 3,
        filledAvgPrice: 101.5,
        sentAtMs: 4,
      });
      const third = intent(3, { state: "open", symbol: "GE", brokerOrderId: "y" });
      store.update("20261122T1415Z", { intents: [filled, third], status: "ended", reason: "why" });
      const read = store.read("20261122T1415Z");
      expect(read).toMatchObject({ status: "ended", reason: "why" });
      expect(read?.intents).toEqual([filled, intent(2, { symbol: "MSFT" }), third]);
    });

    test("what no order and no plan may become is refused, and changes nothing", () => {
      const store = start();
      store.insert(plan());
      const sent = intent(1, { state: "sent" });
      expect(() => store.update("20261122T1415Z", { intents: [sent] })).toThrow("goes from planned to sent");
      expect(() => store.update("20261122T1430Z", { status: "ended" })).toThrow("no plan");
      store.update("20261122T1415Z", { status: "ended" });
      expect(() => store.update("20261122T1415Z", { intents: [], status: "done" })).toThrow("is ended becomes done");
      expect(store.read("20261122T1415Z")).toEqual(plan({ status: "ended" }));
    });

    test("unsettled are the plans that are unfinished or hold an order without a known end, oldest first, once each", () => {
      const store = start();
      const slots = ["20261122T1500Z", "20261122T1400Z", "20261122T1445Z", "20261122T1430Z"];
      const [unfinished = "", doubtful = "", done = "", empty = ""] = slots;
      write(store, unfinished, ["filled", "planned"], "confirmed");
      write(store, doubtful, ["unknown", "open"], "ended");
      write(store, done, ["filled", "not-sent", "rejected", "cancelled", "expired"], "done");
      store.insert(plan({ slot: empty, intents: [] }));
      expect(store.unsettled().map((found) => found.slot)).toEqual([doubtful, empty, unfinished]);
      expect(store.newestSlot()).toBe(unfinished);
    });
  });
}
