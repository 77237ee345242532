import { beforeEach, describe, expect, test } from "vitest";
import { LeaseOver } from "../../../src/app-ports.ts";
import type { PlaceOutcome } from "../../../src/trading/broker.ts";
import { runPlan } from "../../../src/trading/cycle.ts";
import type { TradingDeps } from "../../../src/trading/trading-deps.ts";
import { type DoubleBroker, doubleBroker } from "./double-broker.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";
import { NEXT_SLOT, SLOT, TestTime, intent, plan, tradingDeps } from "./trading-fixture.ts";

let time: TestTime;
let broker: DoubleBroker;
let store: ReturnType<typeof memoryPlanStore>;
const never = new AbortController().signal;

beforeEach(() => {
  time = new TestTime();
  broker = doubleBroker({ nowMs: () => time.appMs });
  store = memoryPlanStore();
});

const run = (over: Partial<TradingDeps> = {}, fresh = true, signal = never) =>
  runPlan(tradingDeps(broker, store, time, over), SLOT, fresh, signal);
const states = () => store.read(SLOT)?.intents.map((found) => found.state);
const attempts = () => broker.book.attempts.map((attempt) => attempt.clientOrderId);
const answering = (answer: (n: number) => PlaceOutcome | null) => ({
  broker: {
    ...broker,
    place: async (order: Parameters<typeof broker.place>[0]) =>
      answer(Number(order.clientOrderId.at(-1))) ?? broker.deliver(order),
  },
});

describe("a run of a plan", () => {
  test("sends the places in order and ends with what the broker did", async () => {
    store.insert(plan([intent(1), intent(2)]));
    expect(await run()).toMatchObject({ kind: "finished", confirmed: true, plan: { status: "done" } });
    expect(states()).toEqual(["filled", "filled"]);
    expect(attempts()).toEqual([`pair-${SLOT}-1`, `pair-${SLOT}-2`]);
  });

  test("asks the rules right before each order: what they forbid by now is not sent, and the plan ends with the reason", async () => {
    store.insert(plan([intent(1), intent(2), intent(3)]));
    const asked: number[] = [];
    const mayTrade: TradingDeps["mayTrade"] = async ({ n }) => (asked.push(n), n === 2 ? "MSFT is blocked." : null);
    const end = await run({ mayTrade });
    expect(end).toMatchObject({ kind: "finished", plan: { status: "ended", reason: "MSFT is blocked." } });
    expect(asked).toEqual([1, 2]);
    expect(attempts()).toEqual([`pair-${SLOT}-1`]);
    expect(states()).toEqual(["filled", "not-sent", "not-sent"]);
  });

  test("an order that an earlier run may have sent stays unknown when the rules forbid it by now; a failed read sends nothing", async () => {
    store.insert(plan([intent(1, { state: "sent" })], { status: "confirmed" }));
    await expect(run({ mayTrade: () => Promise.reject(new Error("502")) }, false)).rejects.toThrow("502");
    expect(await run({ mayTrade: async () => "no" }, false)).toMatchObject({ plan: { status: "ended" } });
    expect(attempts()).toEqual([]);
    expect(states()).toEqual(["unknown"]);
  });

  test("sends nothing when the plan is not confirmed", async () => {
    store.insert(plan([intent(1)]));
    expect(await run({ confirm: async () => "unknown" })).toMatchObject({ kind: "left" });
    expect(attempts()).toEqual([]);
    expect(states()).toEqual(["planned"]);
  });

  test("sends the next place only when the outcome of the one before it is confirmed", async () => {
    store.insert(plan([intent(1), intent(2)]));
    let confirms = 0;
    const end = await run({ confirm: async () => (++confirms === 1 ? "confirmed" : "unknown") });
    expect(end).toMatchObject({ kind: "left" });
    expect(attempts()).toEqual([`pair-${SLOT}-1`]);
    expect(states()).toEqual(["filled", "planned"]);
  });

  test("[HA-8] sends nothing when the lease ends between writing `sent` and sending; the place stays in doubt", async () => {
    store.insert(plan([intent(1)]));
    const guard = {
      epoch: 2,
      remainingMs: () => 0,
      check: () => {
        if (store.read(SLOT)?.intents[0]?.state === "sent") throw new LeaseOver("over");
      },
    };
    await expect(run({ guard })).rejects.toThrow(LeaseOver);
    expect(attempts()).toEqual([]);
    expect(states()).toEqual(["sent"]);
  });

  test("asks for the send margin right before the request", async () => {
    store.insert(plan([intent(1)]));
    const margins: number[] = [];
    const place = broker.place.bind(broker);
    const asked = { ...broker, place: async (order: Parameters<typeof place>[0]) => (margins.push(-1), place(order)) };
    await run({ broker: asked, guard: { epoch: 2, remainingMs: () => 1_000, check: (ms) => margins.push(ms) } });
    expect(margins[margins.indexOf(-1) - 1]).toBe(100);
  });

  test("ends the cycle at a refusal: its reason is kept, the places behind it are not sent", async () => {
    store.insert(plan([intent(1, { qty: 9_999_999 }), intent(2)]));
    const end = await run();
    expect(end).toMatchObject({ plan: { status: "ended", reason: expect.stringContaining("buying power") } });
    expect(states()).toEqual(["rejected", "not-sent"]);
  });

  test("a duplicate answer means that someone else acted: it adopts that order and ends the cycle", async () => {
    store.insert(plan([intent(1), intent(2)]));
    broker.deliver(intent(1));
    const end = await run();
    expect(end).toMatchObject({ plan: { status: "ended", reason: expect.stringContaining("someone else acted") } });
    expect(states()).toEqual(["filled", "not-sent"]);
  });

  test("an order that differs is adopted as it is, and the cycle ends", async () => {
    store.insert(plan([intent(1), intent(2)]));
    broker.deliver(intent(1, { symbol: "KO", side: "buy", qty: 3 }));
    const end = await run({}, false);
    expect(end).toMatchObject({
      plan: { status: "ended", reason: expect.stringContaining("buy 3 KO, not buy 10 AAPL") },
    });
    expect(store.read(SLOT)?.intents[0]).toMatchObject({ symbol: "KO", qty: 3, state: "filled" });
    expect(attempts()).toHaveLength(1);
  });

  test("an order of the slot that no plan holds ends the cycle and is taken into the ledger", async () => {
    store.insert(plan([intent(1)]));
    broker.deliver(intent(3));
    expect(await run()).toMatchObject({
      plan: { status: "ended", reason: expect.stringContaining("not in the plan") },
    });
    expect(store.read(SLOT)?.intents.map((found) => [found.n, found.state])).toEqual([
      [1, "filled"],
      [3, "filled"],
    ]);
  });

  test("at a broker that accepts duplicates, a second order of one id is noticed", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs, acceptDuplicates: true });
    store.insert(plan([intent(1), intent(2)]));
    broker.deliver(intent(1));
    expect(await run()).toMatchObject({ plan: { status: "ended", reason: expect.stringContaining("more than once") } });
    expect(states()).toEqual(["filled", "not-sent"]);
  });
});

describe("a request without an answer", () => {
  const lost: PlaceOutcome = { kind: "unknown", reason: "no answer in time" };

  test("that reached the broker is found, and the cycle goes on", async () => {
    store.insert(plan([intent(1), intent(2)]));
    let first = true;
    const over = answering((n) => {
      if (n !== 1 || !first) return null;
      first = false;
      broker.deliver(intent(1));
      return lost;
    });
    expect(await run(over)).toMatchObject({ kind: "finished", plan: { status: "done" } });
    expect(attempts()).toEqual([`pair-${SLOT}-1`, `pair-${SLOT}-2`]);
  });

  test("that did not reach it is sent once more, with the same id, after several look-ups", async () => {
    store.insert(plan([intent(1)]));
    let sends = 0;
    const end = await run(answering(() => (++sends === 1 ? lost : null)));
    expect(end).toMatchObject({ kind: "finished", plan: { status: "done" } });
    expect(sends).toBe(2);
    expect(time.slept.length).toBeGreaterThanOrEqual(3);
  });

  test("is not sent for ever: the place stays unknown and the plan unfinished", async () => {
    store.insert(plan([intent(1), intent(2)]));
    expect(await run(answering(() => lost))).toMatchObject({
      kind: "left",
      reason: expect.stringContaining("unknown"),
    });
    expect(states()).toEqual(["unknown", "planned"]);
    expect(time.realMs).toBeLessThan(3_000);
  });

  test("is not sent again after the slot is over: it stays unknown, and what follows is not sent", async () => {
    store.insert(plan([intent(1), intent(2)]));
    const over = answering(() => {
      time.appMs += 900_000;
      return lost;
    });
    expect(await run(over)).toMatchObject({ kind: "finished", plan: { status: "ended", reason: "The slot is over." } });
    expect(states()).toEqual(["unknown", "not-sent"]);
    expect(attempts()).toEqual([]);
  });

  test("a refusal of the second request does not prove that the first has failed", async () => {
    store.insert(plan([intent(1)]));
    let sends = 0;
    const refused: PlaceOutcome = { kind: "refused", reason: "403: insufficient buying power" };
    const end = await run(answering(() => (++sends === 1 ? lost : refused)));
    expect(end).toMatchObject({ kind: "left" });
    expect(states()).toEqual(["unknown"].map(() => expect.stringMatching(/sent|unknown/)));
    expect(sends).toBe(2);
  });

  test("is sent again at a broker without enforced ids only after the whole absence time, and never at one without look-ups", async () => {
    store.insert(plan([intent(1)]));
    let sends = 0;
    const over = answering(() => (++sends === 1 ? lost : null));
    await run({ broker: { ...over.broker, idempotency: "lookup" } });
    expect(sends).toBe(2);
    expect(time.realMs).toBeGreaterThanOrEqual(20_000);

    store = memoryPlanStore();
    broker = doubleBroker({ nowMs: () => time.appMs });
    store.insert(plan([intent(1)]));
    sends = 0;
    const again = answering(() => (++sends === 1 ? lost : null)).broker;
    expect(await run({ broker: { ...again, idempotency: "none" } })).toMatchObject({ kind: "left" });
    expect(sends).toBe(1);
  });

  test("an order that was placed but does not show in look-ups is not sent a second time", async () => {
    store.insert(plan([intent(1)]));
    let sends = 0;
    const shy = {
      ...broker,
      place: async (order: Parameters<typeof broker.place>[0]) => (sends++, broker.deliver(order)),
    };
    const hidden = { ...shy, findByClientOrderId: async () => null, listByPrefix: async () => [] };
    expect(await run({ broker: hidden })).toMatchObject({ kind: "left", reason: expect.stringContaining("placed") });
    expect(sends).toBe(1);
  });

  test("with look-ups that fail, the cycle is left and nothing is sent again", async () => {
    store.insert(plan([intent(1)]));
    let sends = 0;
    const over = answering(() => (sends++, lost));
    const deaf = { ...over.broker, listByPrefix: async () => Promise.reject(new Error("502")) };
    expect(await run({ broker: deaf })).toMatchObject({ kind: "left", reason: "The broker does not answer look-ups." });
    expect(sends).toBe(1);
  });
});

describe("a plan that an earlier run has left", () => {
  test("its first open place is looked up before it is sent, and one that is there is not sent again", async () => {
    store.insert(plan([intent(1, { state: "planned" }), intent(2)], { status: "confirmed" }));
    broker.deliver(intent(1));
    expect(await run({}, false)).toMatchObject({ plan: { status: "done" } });
    expect(attempts()).toEqual([`pair-${SLOT}-1`, `pair-${SLOT}-2`]);
  });

  test("is confirmed again by the one that carries it on", async () => {
    store.insert(plan([intent(1)], { status: "confirmed" }));
    expect(await run({ confirm: async () => "unknown" }, false)).toMatchObject({ kind: "left" });
    expect(attempts()).toEqual([]);
  });

  test("is not carried on after its slot: the first place may have been sent and stays unknown", async () => {
    store.insert(plan([intent(1), intent(2)], { status: "confirmed" }));
    time.appMs += 900_000;
    await run({}, false);
    expect(states()).toEqual(["unknown", "not-sent"]);
  });

  test("when the place before it was cancelled, a place that may have been sent stays unknown", async () => {
    store.insert(
      plan([intent(1, { state: "cancelled", brokerOrderId: "x" }), intent(2), intent(3)], { status: "confirmed" }),
    );
    await run({}, false);
    expect(states()).toEqual(["cancelled", "unknown", "not-sent"]);
  });
});

describe("a drain", () => {
  test("sends nothing more, but writes what became of the order on its way", async () => {
    store.insert(plan([intent(1), intent(2)]));
    const stop = new AbortController();
    const over = answering(() => (stop.abort(), null));
    expect(await run(over, true, stop.signal)).toMatchObject({ kind: "left", reason: "Asked to stop." });
    expect(states()).toEqual(["filled", "planned"]);
    expect(attempts()).toHaveLength(1);
  });

  test("leaves an order open that the market has not filled", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs, fills: false });
    store.insert(plan([intent(1)]));
    expect(await run()).toMatchObject({ kind: "finished", plan: { status: "done" } });
    expect(states()).toEqual(["open"]);
  });
});

test("a text that is no slot sends nothing", async () => {
  store.insert(plan([intent(1)], { slot: "never" }));
  await expect(runPlan(tradingDeps(broker, store, time), "never", true, never)).rejects.toThrow("is not a slot");
  expect(NEXT_SLOT > SLOT).toBe(true);
});
