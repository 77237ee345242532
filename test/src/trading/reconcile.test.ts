import { beforeEach, describe, expect, test } from "vitest";
import { parseClientOrderId } from "../../../src/trading/plan-record.ts";
import { reconcile } from "../../../src/trading/reconcile.ts";
import type { TradingDeps } from "../../../src/trading/trading-deps.ts";
import { type DoubleBroker, doubleBroker } from "./double-broker.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";
import { NEXT_SLOT, SLOT, TestTime, intent, plan, tradingDeps } from "./trading-fixture.ts";

let time: TestTime;
let broker: DoubleBroker;
let store: ReturnType<typeof memoryPlanStore>;
let deps: TradingDeps;

beforeEach(() => {
  time = new TestTime();
  broker = doubleBroker({ nowMs: () => time.appMs });
  store = memoryPlanStore();
  deps = tradingDeps(broker, store, time);
});
const states = () => store.read(SLOT)?.intents.map((found) => found.state);
const pastTheSlot = () => void (time.appMs += 900_000);

describe("orders that the ledger lacks", () => {
  test("a whole slot that no plan here holds is adopted, ended and said", async () => {
    broker.deliver(intent(1));
    const { findings } = await reconcile(deps);
    expect(findings).toEqual([expect.stringContaining(`Slot ${SLOT}: Adopted`)]);
    expect(store.read(SLOT)).toMatchObject({
      status: "ended",
      epoch: 2,
      intents: [{ symbol: "AAPL", qty: 10, state: "filled" }],
    });
    expect((await reconcile(deps)).findings).toEqual([]);
  });

  test.each(["rejected", "not-sent"] as const)("one that the ledger calls %s is taken in after all", async (state) => {
    store.insert(plan([intent(1, { state })], { status: "ended" }));
    broker.deliver(intent(1));
    await reconcile(deps);
    expect(states()).toEqual(["filled"]);
  });

  test("in a slot where someone else acted, the present plan ends and what it had left stays in doubt", async () => {
    store.insert(plan([intent(1), intent(2)], { status: "confirmed" }));
    broker.deliver(intent(1, { symbol: "KO" }));
    expect((await reconcile(deps)).findings).toEqual([expect.stringContaining("someone else acted")]);
    expect(store.read(SLOT)).toMatchObject({ status: "ended", intents: [{ symbol: "KO" }, { state: "unknown" }] });
    expect((await reconcile(deps)).findings).toEqual([]);
  });

  test("orders of other clusters, people and programs are left alone", async () => {
    for (const id of ["pair-b-20261122T1415Z-1", "pair-manual-7", "pair-20269999T9999Z-1", "pair-20261122T1415Z-0"]) {
      expect(parseClientOrderId("pair", id)).toBeNull();
      broker.deliver({ ...intent(1), clientOrderId: id });
    }
    expect((await reconcile(deps)).findings).toEqual([]);
    expect(store.newestSlot()).toBeNull();
  });
});

describe("plans of past slots", () => {
  test("are closed: what is there is adopted, what cannot have been sent is not sent", async () => {
    store.insert(plan([intent(1, { state: "sent" }), intent(2), intent(3)], { status: "confirmed" }));
    broker.deliver(intent(1));
    pastTheSlot();
    await reconcile(deps);
    expect(states()).toEqual(["filled", "unknown", "not-sent"]);
    expect(store.read(SLOT)?.status).toBe("ended");
  });

  test("a planned first place may have been sent: absent only after several look-ups over the absence time", async () => {
    store.insert(plan([intent(1), intent(2)], { status: "planned" }));
    pastTheSlot();
    for (const [realMs, state] of [
      [0, "unknown"],
      [10_000, "unknown"],
      [19_999, "unknown"],
      [20_000, "not-sent"],
    ] as const) {
      time.realMs = realMs;
      const { open } = await reconcile(deps);
      expect([realMs, states()]).toEqual([realMs, [state, "not-sent"]]);
      expect(open.map((found) => found.n)).toEqual(state === "unknown" ? [1] : []);
    }
    // From its first doubt on it counts as sent, also when it turns out not to be; the other one never can have been.
    expect(store.read(SLOT)?.intents.map(({ sentAtMs }) => sentAtMs)).toEqual([time.appMs, null]);
  });

  test("time alone is no proof: one look-up after a long while decides nothing", async () => {
    store.insert(plan([intent(1, { state: "unknown" })], { status: "ended" }));
    await reconcile(deps);
    time.realMs = 100_000;
    await reconcile(deps);
    expect(states()).toEqual(["unknown"]);
    await reconcile(deps);
    expect(states()).toEqual(["not-sent"]);
  });

  test("the plan of the present slot is left to its own run", async () => {
    store.insert(plan([intent(1), intent(2)], { status: "confirmed" }));
    expect((await reconcile(deps)).open.map((found) => found.n)).toEqual([1, 2]);
    expect(states()).toEqual(["planned", "planned"]);
  });
});

describe("reads", () => {
  test("an open order of an earlier slot is followed to its end and blocks its symbol until then", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs, fills: false });
    deps = tradingDeps(broker, store, time);
    store.insert(plan([intent(1, { state: "sent" })], { status: "confirmed" }));
    broker.deliver(intent(1));
    pastTheSlot();
    expect((await reconcile(deps)).open).toMatchObject([{ symbol: "AAPL", state: "open" }]);
    broker.fill(`pair-${SLOT}-1`);
    expect((await reconcile(deps)).open).toEqual([]);
    expect(store.read(SLOT)).toMatchObject({ status: "done", intents: [{ state: "filled", filledQty: 10 }] });
  });

  test("fills of a part are followed, and an end in the middle keeps what was filled", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs, fills: false });
    deps = tradingDeps(broker, store, time);
    store.insert(plan([intent(1, { state: "sent" })], { status: "confirmed" }));
    broker.deliver(intent(1));
    pastTheSlot();
    await reconcile(deps);
    broker.fill(`pair-${SLOT}-1`, 4);
    expect((await reconcile(deps)).open).toMatchObject([{ state: "partly-filled", filledQty: 4 }]);
    await broker.cancel(store.read(SLOT)?.intents[0]?.brokerOrderId ?? "");
    expect((await reconcile(deps)).open).toEqual([]);
    expect(store.read(SLOT)?.intents).toMatchObject([{ state: "cancelled", filledQty: 4, filledAvgPrice: 100 }]);
  });

  test("a cancel that comes too late leaves the fill, and the ledger has it", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs, fills: false });
    deps = tradingDeps(broker, store, time);
    store.insert(plan([intent(1, { state: "sent" })], { status: "confirmed" }));
    broker.deliver(intent(1));
    await reconcile(deps);
    broker.fill(`pair-${SLOT}-1`);
    expect(await broker.cancel(store.read(SLOT)?.intents[0]?.brokerOrderId ?? "")).toBe("too-late");
    pastTheSlot();
    await reconcile(deps);
    expect(store.read(SLOT)).toMatchObject({ status: "done", intents: [{ state: "filled", filledQty: 10 }] });
  });

  test("a listing that is behind takes nothing back", async () => {
    const order = { ...intent(1), brokerOrderId: "x", state: "filled", filledQty: 10, filledAvgPrice: 100 } as const;
    store.insert(plan([intent(1)], { status: "confirmed" }));
    store.update(SLOT, { intents: [{ ...intent(1), ...order, state: "partly-filled", filledQty: 6 }] });
    for (const [told, known] of [
      [
        { ...order, state: "open", filledQty: 0 },
        { state: "partly-filled", filledQty: 6 },
      ],
      [
        { ...order, state: "filled" },
        { state: "filled", filledQty: 10 },
      ],
      [
        { ...order, state: "partly-filled", filledQty: 6 },
        { state: "filled", filledQty: 10 },
      ],
    ] as const) {
      const behind = { ...broker, listByPrefix: async () => [told], findByClientOrderId: async () => told };
      await reconcile(tradingDeps(behind, store, time));
      expect(store.read(SLOT)?.intents).toMatchObject([known]);
    }
  });

  test("of two orders of one place the known one stays the ledger's, whichever the broker lists first", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs, acceptDuplicates: true });
    deps = tradingDeps(broker, store, time);
    store.insert(plan([intent(1, { state: "sent" })], { status: "confirmed" }));
    broker.deliver(intent(1));
    await reconcile(deps);
    const first = store.read(SLOT)?.intents[0]?.brokerOrderId;
    broker.deliver(intent(1));
    expect((await reconcile(deps)).findings).toEqual([expect.stringContaining("more than once")]);
    expect(store.read(SLOT)).toMatchObject({ status: "ended", intents: [{ brokerOrderId: first, state: "filled" }] });
  });

  test("a failed listing changes nothing and is an error", async () => {
    store.insert(plan([intent(1, { state: "sent" })], { status: "confirmed" }));
    pastTheSlot();
    const before = store.rows();
    const deaf = { ...broker, listByPrefix: async () => Promise.reject(new Error("502")) };
    await expect(reconcile(tradingDeps(deaf, store, time))).rejects.toThrow("502");
    expect(store.rows()).toEqual(before);
  });

  test("the listing reaches back to a day before the oldest thing in doubt, and to the beginning for an empty ledger", async () => {
    const asked: number[] = [];
    const spy = { ...broker, listByPrefix: async (_: string, sinceMs: number) => (asked.push(sinceMs), []) };
    await reconcile(tradingDeps(spy, store, time));
    store.insert(plan([intent(1, { state: "unknown" })], { status: "ended" }));
    store.insert(plan([], { slot: NEXT_SLOT, status: "done" }));
    await reconcile(tradingDeps(spy, store, time));
    expect(asked).toEqual([0, Date.UTC(2026, 10, 21, 14, 15)]);
  });
});
