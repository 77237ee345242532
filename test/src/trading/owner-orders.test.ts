import { afterEach, beforeEach, describe, expect, test } from "vitest";
import pino from "pino";
import { type Ledger, openLedger } from "../../../src/db/ledger.ts";
import { orderIntents, plans, settings } from "../../../src/db/ledger-schema.ts";
import { type MarketCache, openMarketCache, writeRate } from "../../../src/db/market-cache.ts";
import { ActivityBoard } from "../../../src/led/activity.ts";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { createYahoo } from "../../../src/market/yahoo.ts";
import { overridable } from "../../../src/planning/owner-orders.ts";
import { type PrimaryWork, primaryWork } from "../../../src/primary-work.ts";
import type { Broker } from "../../../src/trading/broker.ts";
import { tradingNotes } from "../../../src/trading/notes.ts";
import { readOwnerOrders } from "../../../src/trading/owner-order-store.ts";
import { untilOf } from "../../../src/trading/owner-orders.ts";
import { slotAtMs } from "../../../src/trading/plan-record.ts";
import { quietPair } from "../../support/pair-view.ts";
import { type DoubleBroker, doubleBroker } from "./double-broker.ts";
import { NEXT_SLOT, SLOT, TestTime } from "./trading-fixture.ts";

const market = loadEmbeddedMarket();
const SLOT_MS = 900_000;
const originAppMs = slotAtMs(SLOT);
const never = new AbortController().signal;

let ledger: Ledger;
let cache: MarketCache;
let time: TestTime;
let broker: DoubleBroker;
beforeEach(() => {
  ledger = openLedger(":memory:", 200);
  cache = openMarketCache(":memory:");
  time = new TestTime();
  broker = doubleBroker({ nowMs: () => time.appMs, priceUsd });
  // Nothing is good enough for a plan to buy it by itself.
  set("scoreMin", 1);
});
afterEach(() => {
  ledger.close();
  cache.close();
});

const log = pino({ level: "silent" });
const clock = { nowMs: () => time.appMs, originAppMs, realMs: (ms: number) => ms };
const source = createYahoo({ source: "embedded", clock, log });
const priceUsd = (symbol: string) => market.priceAt(symbol, { originAppMs, nowMs: () => time.appMs });

/** A whole primary on this ledger, as it is shipped. */
function primary(configured: Broker = broker, confirmed: "confirmed" | "unknown" = "confirmed"): PrimaryWork {
  return primaryWork({
    node: "uno-a",
    cluster: "pair",
    clock,
    guard: { epoch: 1, remainingMs: () => 1_000, check: () => undefined },
    confirm: async () => confirmed,
    broker: configured,
    pair: () => ({ ...quietPair, protection: "strict", inSync: ["uno-a", "uno-b"] }),
    write: (change) => change(),
    ledger,
    cache,
    market: source,
    hours: "replay",
    base: "USD",
    timeTrouble: () => null,
    board: new ActivityBoard(),
    log,
  });
}

/** The jobs of the present slot that trade; what the cycle says. */
async function cycle(configured: Broker = broker): Promise<string> {
  const work = primary(configured);
  await work.begin();
  const atMs = Math.floor(time.appMs / SLOT_MS) * SLOT_MS;
  const slot = { atMs, text: new Date(atMs).toISOString().replaceAll(/[-:]|\d\d\.000/g, "") };
  let said = "";
  for (const job of work.jobs) {
    if (["price-sync", "portfolio-sync", "rebalance"].includes(job.name)) said = await job.run(slot, never);
  }
  return said;
}
const nextSlot = () => void (time.appMs += SLOT_MS);
const command = (request: object, configured: Broker = broker) => primary(configured).command(request);
const order = (over: object = {}) =>
  command({ name: "order", id: "wish", side: "buy", symbol: "KO", qty: 10, ...over }, broker);
const standing = (id = "wish") => readOwnerOrders(ledger.db, time.appMs).find((told) => told.order.id === id)?.standing;
const sent = () => broker.book.attempts.map(({ side, qty, symbol }) => `${side} ${qty} ${symbol}`);
const set = (key: string, value: unknown) => {
  const row = { key: `planning.${key}`, value: JSON.stringify(value) };
  ledger.db.insert(settings).values(row).onConflictDoUpdate({ target: settings.key, set: row }).run();
};

describe("an order of the owner's", () => {
  test("is taken, is the first of the next slot's plan under an ordinary id, and is done when that is filled", async () => {
    expect(await order()).toEqual({
      outcome: "done",
      confirmed: true,
      message: "order wish is taken, for research: buy 10 KO, in a plan of before 2026-11-27T00:00Z",
      lines: [],
    });
    expect(standing()).toEqual({ state: "open", why: "The next plan takes it, if no rule forbids it." });
    expect(tradingNotes(ledger.db, time.appMs)).toEqual([
      "An order by hand (buy KO) waits; what for: trader order list.",
    ]);
    expect(await cycle()).toBe("buy 10 KO filled.");
    expect(broker.book.attempts[0]?.clientOrderId).toBe(`pair-${SLOT}-1`);
    expect(standing()).toEqual({ state: "done", why: `Order pair-${SLOT}-1 is filled.` });
    expect(tradingNotes(ledger.db, time.appMs)).toEqual([]);
    nextSlot();
    await cycle();
    expect(sent()).toEqual(["buy 10 KO"]);
    const [plan] = ledger.db.select().from(plans).all();
    expect(plan?.reason).toMatch(/^Buy 10 KO for \d+\.\d\d USD, at a cost of .*: the owner's order wish\.$/);
  });

  test("comes once however often it is sent, and its id is that of no other", async () => {
    await order();
    expect(await order()).toMatchObject({ outcome: "done", message: "order wish was taken before" });
    expect(await order({ qty: 11 })).toMatchObject({ outcome: "refused", message: expect.stringContaining("another") });
    expect(await order({ override: ["last-lot"] })).toMatchObject({ outcome: "refused" });
    await cycle();
    expect((await order()).lines).toEqual([expect.stringContaining("done: ")]);
    nextSlot();
    await cycle();
    expect(sent()).toEqual(["buy 10 KO"]);
  });

  test("is refused where it could never go out, or too many wait; not confirmed is said", async () => {
    expect((await order({ symbol: "NONE" })).message).toBe("NONE is not in the universe: see the page of stocks");
    expect((await order({ qty: 0 })).message).toContain("1 at least");
    expect((await order({ qty: 1.5 })).message).toContain("a whole number");
    expect((await order({ override: ["cash-reserve"] })).message).toContain("one of buy-cool-off");
    const deaf = { ...broker, account: () => Promise.reject(new Error("502")) };
    const wanted = { name: "order", id: "none", side: "buy", symbol: "KO", qty: 1 };
    expect((await command(wanted, deaf)).message).toBe("whose account it is for is not known: 502");
    expect(standing("none")).toBeUndefined();
    for (let n = 0; n < 20; n++) await order({ id: `number-${n}` });
    expect((await order({ id: "one-too-many" })).message).toBe("20 orders wait already, which is the most");
    const alone = await primary(broker, "unknown").command({ ...wanted, id: "number-0", qty: 10 });
    expect(alone).toMatchObject({ outcome: "done", confirmed: false });
  });

  test("waits with its reason while a rule forbids it, and goes out when none does", async () => {
    await order({ qty: 1 });
    await cycle();
    expect(standing()?.why).toMatch(
      /^It waits: \d+\.\d\d USD are less than .* \(minimum size, which may be overridden\)\.$/,
    );
    await command({ name: "pause-buys", on: true });
    expect(standing()?.why).toBe("It waits: Buying is locked: buys are paused (until: trader pause-buys off).");
    await command({ name: "stop-everything", on: true });
    nextSlot();
    await cycle();
    expect(standing()).toMatchObject({ state: "open", why: expect.stringContaining("everything is stopped") });
    await command({ name: "stop-everything", on: false });
    await command({ name: "pause-buys", on: false });
    set("costFixedEur", 0);
    nextSlot();
    expect(await cycle()).toBe("buy 1 KO filled.");
  });

  test("overrides what it names, in the plan and again right before it is sent; the plan says so", async () => {
    await order();
    await cycle();
    set("holdDaysMin", 90);
    nextSlot();
    await order({ id: "sale", side: "sell", qty: 10 });
    await cycle();
    expect(standing("sale")?.why).toContain("held for 1.0 days, 90 are the least (minimum hold");
    await command({ name: "order-withdraw", id: "sale" });
    nextSlot();
    await order({ id: "again", side: "sell", qty: 10, override: [...overridable] });
    expect(await cycle()).toBe("sell 10 KO filled.");
    expect(ledger.db.select().from(orderIntents).all().at(-1)?.reason).toMatch(
      /the owner's order again, minimum hold overridden: held for 2\.0 days.*, last lot overridden: a lot of 1 has to stay\.$/,
    );
  });

  test("is withdrawn as long as no plan has taken it", async () => {
    await order();
    expect(await command({ name: "order-withdraw", id: "wish" })).toMatchObject({ outcome: "done", confirmed: true });
    expect(await command({ name: "order-withdraw", id: "wish" })).toMatchObject({ outcome: "done" });
    expect(standing()).toEqual({ state: "withdrawn", why: "It was withdrawn before it was sent." });
    await order({ id: "other" });
    await cycle();
    expect(sent()).toEqual(["buy 10 KO"]);
    expect(await command({ name: "order-withdraw", id: "other" })).toMatchObject({
      outcome: "refused",
      message: "order other is done",
    });
    expect(await command({ name: "order-withdraw", id: "no-such" })).toMatchObject({ outcome: "refused" });
    expect((await command({ name: "orders" })).lines).toEqual([
      `other  buy 10 KO  done: Order pair-${SLOT}-1 is filled.`,
      "wish  buy 10 KO  withdrawn: It was withdrawn before it was sent.",
    ]);
  });

  test("expires with the fifth day, and is in no plan from then on", async () => {
    await order({ qty: 1 });
    await cycle();
    time.appMs = untilOf(time.appMs);
    expect(standing()).toMatchObject({
      state: "expired",
      why: expect.stringMatching(/^Until 2026-11-27T00:00Z it could not go out\. It waits: .*minimum size/),
    });
    set("costFixedEur", 0);
    await cycle();
    expect(sent()).toEqual([]);
  });

  test("that a stop caught between its plan and its request was never sent: it waits, and goes out once", async () => {
    await order();
    const stopping: Broker = {
      ...broker,
      // Asked for the plan, and again right before the order is sent: the switch comes in between.
      positions: async () => {
        if (ledger.db.select().from(plans).all().length > 0) await command({ name: "pause-buys", on: true });
        return broker.positions();
      },
    };
    const said = await cycle(stopping);
    expect(said).toContain("Ended early");
    expect(standing()?.why).toContain("buys are paused");
    await command({ name: "pause-buys", on: false });
    expect(standing()).toEqual({
      state: "open",
      why: `Order pair-${SLOT}-1 was not sent. The next plan takes it, if no rule forbids it.`,
    });
    nextSlot();
    expect(await cycle()).toBe("buy 10 KO filled.");
    expect(broker.book.attempts.map(({ clientOrderId }) => clientOrderId)).toEqual([`pair-${NEXT_SLOT}-1`]);
  });
});

describe("books", () => {
  const liveOn = { name: "live-on", account: "double", orderEurMax: 450, dayEurMax: 900 };
  beforeEach(() => {
    broker = doubleBroker({ nowMs: () => time.appMs, priceUsd, money: "real" });
    writeRate(cache, { currency: "EUR", base: "USD", perBase: 0.9, asOfMs: time.appMs, fetchedAtMs: time.appMs });
  });

  test("an order is for the book that was in force, and ends with a sentence when the mode changes", async () => {
    await order();
    await command(liveOn);
    await cycle();
    expect(standing()).toEqual({
      state: "ended",
      why: "It was for research with paper, which was left for live with double before it was sent.",
    });
    expect((await order({ id: "live-one", qty: 8 })).message).toContain("is taken, for live: ");
    await command({ name: "live-off" });
    nextSlot();
    await cycle();
    expect(standing("live-one")).toMatchObject({ state: "ended" });
    await command(liveOn);
    nextSlot();
    await cycle();
    expect(sent()).toEqual([]);
  });

  test("the limits in euros hold it back, and never cut it", async () => {
    await command(liveOn);
    const price = 0.9 * (priceUsd("KO") ?? 0);
    const most = Math.floor(450 / price);
    await order({ qty: most + 1 });
    await cycle();
    expect(standing()?.why).toContain("It waits: it is more than the limit of 450 euros an order allows (limit).");
    await command({ name: "order-withdraw", id: "wish" });
    for (const [id, symbol] of [
      ["order-1", "KO"],
      ["order-2", "GE"],
      ["order-3", "JNJ"],
    ] as const) {
      await order({ id, symbol, qty: Math.floor(440 / (0.9 * (priceUsd(symbol) ?? 0))) });
    }
    nextSlot();
    await cycle();
    expect([standing("order-1")?.state, standing("order-2")?.state]).toEqual(["done", "done"]);
    expect(standing("order-3")?.why).toContain("900 euros a day");
    expect(broker.book.attempts).toHaveLength(2);
  });
});
