import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { cash, locks, orderIntents, plans, positions, settings, snapshots } from "../../../src/db/ledger-schema.ts";
import { paperOrders } from "../../../src/db/paper-schema.ts";
import { portfolioSyncJob } from "../../../src/jobs/portfolio-sync.ts";
import { readLedgerView } from "../../../src/ledger-view.ts";
import type { Broker, BrokerActivity } from "../../../src/trading/broker.ts";
import { createPaper } from "../../../src/trading/brokers/paper.ts";
import { type CommandDeps, runCommand } from "../../../src/trading/commands.ts";
import { lockText } from "../../../src/trading/locks.ts";
import { tradingNotes } from "../../../src/trading/notes.ts";
import { rebalanceJob } from "../../../src/trading/rebalance-job.ts";
import { tradingDesk, type TradingDesk } from "../../../src/trading/trading-desk.ts";
import { slotAtMs } from "../../../src/trading/plan-record.ts";
import { quietPair } from "../../support/pair-view.ts";
import { eagerSettings, eagerSources } from "../../support/planning-sources.ts";
import { type DoubleBroker, doubleBroker } from "./double-broker.ts";
import { memoryPlanStore } from "./memory-plan-store.ts";
import { SLOT, TestTime, tradingDeps } from "./trading-fixture.ts";
import { noMarket } from "../../support/no-market.ts";
import { paperMarket } from "../../support/paper-market.ts";
import { dollarAccount } from "../../support/dollar-account.ts";

const SLOT_MS = 900_000;
const never = new AbortController().signal;
const strict: typeof quietPair = { ...quietPair, protection: "strict", inSync: ["uno-a", "uno-b"] };

let folder: string;
let ledger: Ledger;
let time: TestTime;
let broker: DoubleBroker;
let pair: typeof quietPair;
let confirmed: "confirmed" | "unknown";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trader-desk-"));
  ledger = openLedger(join(folder, "ledger.db"), 200);
  time = new TestTime();
  broker = doubleBroker({ nowMs: () => time.appMs, money: "real" });
  pair = strict;
  confirmed = "confirmed";
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const listed = ["AAPL", "MSFT"];
const view = () => ({
  prices: new Map(
    listed.map((symbol) => [symbol, { price: 100, currency: "USD", priceBase: 100, priceAgeMs: 0, rateAgeMs: 0 }]),
  ),
  rates: { base: "USD", perBase: new Map([["EUR", 0.9]]) },
  scores: new Map(listed.map((symbol) => [symbol, 0.8])),
  blocked: new Map<string, string>(),
});

const confirm = async () => confirmed;
const open = (): DoubleBroker => doubleBroker({ nowMs: () => time.appMs, fills: false });

function desk(configured: Broker = broker): TradingDesk {
  const { guard, cluster, node, clock, realTime, limits, slotMs, sendMarginMs, log } = tradingDeps(
    configured,
    memoryPlanStore(),
    time,
  );
  const paper = createPaper({
    cache: null,
    ...paperMarket(() => view().prices, { base: "USD" }),
    db: ledger.db,
    guard,
    nowMs: clock.nowMs,
    fills: () => true,
  });
  const own = { guard, cluster, node, clock, realTime, limits, slotMs, sendMarginMs, log, confirm };
  return tradingDesk({ ...own, db: ledger.db, configured, paper, view, pair: () => pair, dayMs: SLOT_MS });
}

const slotNow = () => {
  const atMs = Math.floor(time.appMs / SLOT_MS) * SLOT_MS;
  return { atMs, text: new Date(atMs).toISOString().replaceAll(/[-:]|\d\d\.000/g, "") };
};

const twoTrades = () => ({ ...eagerSettings, tradesMax: 2, weightMax: 0.15 });

const market = { valuation: () => noMarket, rateOn: () => 1 };

/** The portfolio's job of the present slot, as the schedule runs it. */
async function sync(configured: Broker = broker): Promise<void> {
  const { book, trading } = await desk(configured).open();
  const { guard, clock } = trading;
  await portfolioSyncJob({ ledger, book, broker: trading.broker, market, guard, clock }).run(slotNow(), never);
}

/** The trading cycle of the present slot, as the schedule runs it. */
async function trade(configured: Broker): Promise<string> {
  const { trading: deps, lock, caps, ownerOrders, allowances } = await desk(configured).open();
  const sources = { ...eagerSources(listed, view), settings: twoTrades, allowances };
  return rebalanceJob({ ...deps, ...sources, lock, caps, ownerOrders, atomically: (work) => work() }).run(
    slotNow(),
    never,
  );
}

async function cycle(configured: Broker = broker): Promise<string> {
  await sync(configured);
  return trade(configured);
}

/** The broker whose account has lost half of its value. */
const halved = (): Broker => ({
  ...broker,
  account: async () => dollarAccount(50_000, 50_000, "double"),
});
const found = async (configured: Broker) => (await (await desk(configured).open()).lock([])).locks.map(lockText);

const commandDeps = (configured: Broker = broker): CommandDeps => ({
  db: ledger.db,
  guard: { epoch: 2, remainingMs: () => 1_000, check: () => undefined },
  confirm,
  write: (work) => work(),
  desk: desk(configured),
  paper: { name: "paper", pay: () => expect.fail("not asked") },
  nowMs: () => time.appMs,
  preview: async ({ book }) => [`the plan of ${book}`],
});
const command = (request: object, configured: Broker = broker) => runCommand(commandDeps(configured), request);
const listedNow = async () => (await command({ name: "locks" })).lines;
const liveOn = { name: "live-on", account: "double", orderEurMax: 450, dayEurMax: 900 };
const nextSlot = () => void (time.appMs += SLOT_MS);

describe("live and research", () => {
  test("off until switched on: a broker with real money gets nothing, the paper book is traded meanwhile", async () => {
    expect(await cycle()).toMatch(/filled\.$/);
    expect(broker.book.attempts).toEqual([]);
    expect(ledger.db.select().from(paperOrders).all().length).toBeGreaterThan(0);
    expect(readLedgerView(ledger.db, noMarket, []).book).toBe("paper/paper/research");
  });

  test("[do-not-inherit 1] the switch is read from the ledger at every cycle, whoever has set it", async () => {
    const opened = desk();
    expect((await opened.open()).mode).toBe("research");
    const live = JSON.stringify({ account: "double", orderEurMax: 450, dayEurMax: 900, sinceMs: 1 });
    ledger.db.insert(settings).values({ key: "trading:live", value: live }).run();
    expect((await opened.open()).mode).toBe("live");
    ledger.db.delete(settings).run();
    expect((await opened.open()).mode).toBe("research");
  });

  test("needs the account's id and limits, shows the first plan, and keeps to the limits", async () => {
    expect(await command({ ...liveOn, account: "other" })).toMatchObject({ outcome: "refused" });
    expect(await command({ ...liveOn, orderEurMax: 1_000 })).toMatchObject({
      outcome: "refused",
      message: "the limit of an order is above that of a day",
    });
    const preview = await command({ name: "live-preview", orderEurMax: 450, dayEurMax: 900 });
    expect(preview).toMatchObject({ outcome: "done", message: "double" });
    expect(preview.lines).toEqual(["account double at double", "the plan of double/double/live"]);
    expect((await desk().open()).mode).toBe("research");
    expect(await command(liveOn)).toMatchObject({ outcome: "done", confirmed: true });
    await cycle();
    // 100 dollars are 90 euros: five shares an order, ten a day.
    expect(broker.book.attempts.map(({ qty }) => qty)).toEqual([5, 5]);
    nextSlot();
    expect(await cycle()).toContain("900 euros a day");
    expect(broker.book.attempts).toHaveLength(2);
    expect(await command({ name: "live-off" })).toMatchObject({ outcome: "done" });
    expect((await desk().open()).mode).toBe("research");
  });

  test("is refused with a sentence where nothing could keep a second brain from the same order", async () => {
    const doubtful = doubleBroker({ nowMs: () => time.appMs, money: "real", idempotency: "lookup" });
    pair = { ...strict, protection: "heuristic" };
    const refusal = await command(liveOn, doubtful);
    expect(refusal.message).toContain("needs an arbiter that is strict (a witness) and strict intents");
    pair = strict;
    expect((await command(liveOn, doubtful)).message).toContain("trader when-detached strict");
    await command({ name: "when-detached", policy: "strict" }, doubtful);
    expect(await command(liveOn, doubtful)).toMatchObject({ outcome: "done" });
    // What was good when it was switched on is judged again at every cycle.
    pair = { ...strict, protection: "heuristic" };
    expect(await cycle(doubtful)).toContain("needs an arbiter that is strict");
    expect(doubtful.book.attempts).toEqual([]);
  });

  test("a broker whose account is another one gets nothing", async () => {
    await command(liveOn);
    const other = { ...broker, account: async () => ({ ...(await broker.account()), accountId: "another" }) };
    expect(await cycle(other)).toContain("another account");
    expect(broker.book.attempts).toEqual([]);
  });

  test("a real broker that is not configured any more is not traded with paper in its place", async () => {
    await command(liveOn);
    const paperOnly = doubleBroker({ nowMs: () => time.appMs });
    const refusal = "live trading is on, and double, which is configured here, moves no real money";
    expect(await cycle(paperOnly)).toContain(refusal);
    expect((await command({ name: "locks" }, paperOnly)).lines.join()).toContain("trader live off");
    expect(paperOnly.book.attempts).toEqual([]);
    await command({ name: "live-off" }, paperOnly);
    nextSlot();
    expect(await cycle(paperOnly)).toMatch(/filled\.$/);
  });

  test("[do-not-inherit 10] research orders are in a book of their own: they neither fill the live one nor pause it", async () => {
    await cycle();
    const [research] = ledger.db.select().from(orderIntents).all();
    expect(research).toMatchObject({ book: "paper/paper/research", state: "filled" });
    await command(liveOn);
    const { trading, book } = await desk().open();
    expect(book).toBe("double/double/live");
    expect(trading.store.newestSlot()).toBeNull();
    // The same slot again, in the other book: planned and sent as if nothing had been.
    await cycle();
    const ids = broker.book.attempts.map(({ clientOrderId }) => clientOrderId);
    expect(ids).toContain(research?.clientOrderId);
    const shown = readLedgerView(ledger.db, noMarket, []);
    expect(shown.positions.reduce((sum, { qty }) => sum + qty, 0)).toBe(0);
    expect(shown.plans.flatMap(({ orders }) => orders)).toHaveLength(2);
    const held = ledger.db.select().from(positions).all();
    expect(held.every((row) => row.book === "paper/paper/research")).toBe(true);
    expect(
      new Set(
        ledger.db
          .select()
          .from(snapshots)
          .all()
          .map((row) => row.book),
      ).size,
    ).toBe(2);
  });

  test("[do-not-inherit 2] what a sync writes is in the ledger, each order and each figure, again and again", async () => {
    await cycle();
    nextSlot();
    await cycle();
    expect(ledger.db.select().from(snapshots).all()).toHaveLength(2);
    expect(ledger.db.select().from(positions).all().length).toBeGreaterThan(0);
    const intents = ledger.db.select().from(orderIntents).all();
    expect(intents.map(({ state }) => state)).toEqual(intents.map(() => "filled"));
  });

  test("rows from before there were books belong to the first one that is opened", async () => {
    const row = { slot: SLOT, epoch: 1, node: "a", createdAtMs: 1, status: "done", reason: "r" } as const;
    ledger.db.insert(plans).values(row).run();
    ledger.db.insert(cash).values({ currency: "USD", amount: 5, syncedAtMs: 1 }).run();
    const { book, trading } = await desk().open();
    expect(trading.store.read(SLOT)).toMatchObject({ reason: "r" });
    expect(ledger.db.select().from(cash).all()).toMatchObject([{ book }]);
  });
});

describe("switches", () => {
  test("stop-everything cancels what rests, and nothing is sent until it is off, whoever leads", async () => {
    broker = open();
    await cycle();
    expect([...broker.book.orders.values()].map(({ status }) => status)).toEqual(["new", "new"]);
    const said = await command({ name: "stop-everything", on: true });
    expect(said).toMatchObject({ outcome: "done", confirmed: true });
    expect(said.lines).toEqual([`pair-${SLOT}-1: cancelled`, `pair-${SLOT}-2: cancelled`]);
    nextSlot();
    expect(await cycle()).toContain("everything is stopped (until: trader stop-everything off)");
    expect(tradingNotes(ledger.db, 0)).toContainEqual(expect.stringContaining("everything is stopped"));
    expect(broker.book.attempts).toHaveLength(2);
    await command({ name: "stop-everything", on: false });
    nextSlot();
    await cycle();
    expect(broker.book.attempts.length).toBeGreaterThan(2);
  });

  test("the list of locks has a switch at once, and no longer than it is on", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    await cycle();
    expect(await listedNow()).toEqual([]);
    await command({ name: "pause-buys", on: true });
    expect(await listedNow()).toEqual(["Buying is locked: buys are paused (until: trader pause-buys off)."]);
    nextSlot();
    await cycle();
    expect(await listedNow()).toHaveLength(1);
    await command({ name: "pause-buys", on: false });
    expect(await listedNow()).toEqual([]);
  });

  test("an order whose cancel has failed is cancelled by the next cycle, on whichever node", async () => {
    broker = open();
    await cycle();
    const deaf = { ...broker, cancel: async () => Promise.reject(new Error("504")) };
    const said = await command({ name: "stop-everything", on: true }, deaf);
    expect(said.lines).toEqual([expect.stringContaining("not known whether cancelled (504)"), expect.anything()]);
    nextSlot();
    await cycle();
    expect([...broker.book.orders.values()].map(({ status }) => status)).toEqual(["canceled", "canceled"]);
  });

  test("a stop in the middle of a plan: what is not sent yet is not sent", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    const stopping: Broker = {
      ...broker,
      place: async (intent) => {
        await command({ name: "stop-everything", on: true });
        return broker.deliver(intent);
      },
    };
    expect(await cycle(stopping)).toContain("Ended early: Trading is locked: everything is stopped");
    expect(broker.book.attempts).toHaveLength(1);
    const states = ledger.db.select().from(orderIntents).all();
    expect(states.map(({ state }) => state)).toEqual(["filled", "not-sent"]);
  });

  test("pause-buys ends buying and not selling", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    await command({ name: "pause-buys", on: true });
    expect(await cycle()).toContain("Buying is locked: buys are paused (until: trader pause-buys off).");
    expect(broker.book.attempts).toEqual([]);
    await command({ name: "pause-buys", on: false });
    await cycle();
    expect(broker.book.attempts).toHaveLength(0);
    nextSlot();
    await cycle();
    expect(broker.book.attempts.length).toBeGreaterThan(0);
  });

  test("strict, and no other node in sync: nothing is traded, and it says so", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    pair = { ...strict, inSync: ["uno-a"] };
    await command({ name: "when-detached", policy: "strict" });
    expect(await cycle()).toContain("no other node receives what is written here");
    await command({ name: "when-detached", policy: "available" });
    nextSlot();
    await cycle();
    expect(broker.book.attempts.length).toBeGreaterThan(0);
  });

  test("[do-not-inherit 4] a switch that cannot be read, of whatever kind, blocks everything until it is set anew", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    for (const [key, value] of [
      ["trading:pause-buys", "{"],
      ["trading:when-detached", '"perhaps"'],
      ["trading:live", '{"account":"x"}'],
      ["trading:unheard-of", "1"],
    ] as const) {
      ledger.db.insert(settings).values({ key, value }).run();
      expect(await cycle()).toContain(`the setting ${key === "trading:unheard-of" ? "trading:" : key}`);
      ledger.db.delete(settings).run();
      nextSlot();
    }
    expect(broker.book.attempts).toEqual([]);
  });

  test("a command says when the other node has not confirmed it", async () => {
    confirmed = "unknown";
    expect(await command({ name: "pause-buys", on: true })).toMatchObject({ outcome: "done", confirmed: false });
    expect(await command({ name: "nonsense" })).toMatchObject({ outcome: "refused", confirmed: null });
  });
});

describe("what a cycle finds", () => {
  test("is in the ledger for whoever leads next, keeps its beginning, and goes when it is over", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    const closed = { ...broker, isMarketOpen: async () => false };
    expect(await cycle(closed)).toContain("the market is closed (until it opens)");
    const [first] = ledger.db.select().from(locks).all();
    expect(first).toMatchObject({ name: "market", blocks: "all", sinceMs: time.appMs });
    nextSlot();
    await cycle(closed);
    expect(ledger.db.select().from(locks).all()).toEqual([first]);
    expect(tradingNotes(ledger.db, 0)).toEqual([expect.stringContaining("the market is closed")]);
    nextSlot();
    await cycle();
    expect(ledger.db.select().from(locks).all()).toEqual([]);
  });

  test("[do-not-inherit 4] a failed read is a failed run with a lock, and nothing is sent", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    for (const read of ["isMarketOpen", "activities"] as const) {
      const deaf = { ...broker, [read]: async () => Promise.reject(new Error("502")) };
      await sync();
      await expect(trade(deaf)).rejects.toThrow("not known: 502");
      expect(tradingNotes(ledger.db, 0)).toEqual([expect.stringContaining("502")]);
    }
    expect(broker.book.attempts).toEqual([]);
  });

  test("money that its owner moves is neither gain nor loss, whatever the broker calls its way", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    await sync();
    nextSlot();
    const journaled: BrokerActivity = {
      id: "1",
      atMs: time.appMs,
      kind: "withdrawal",
      currency: "USD",
      amount: -50_000,
      symbol: null,
      qty: null,
      price: null,
      note: "JNLC",
    };
    expect(await found({ ...halved(), activities: async () => [journaled] })).toEqual([]);
    // 45,000 euros at .9 a dollar.
    const inEuros = { ...journaled, currency: "EUR", amount: -45_000 };
    expect(await found({ ...halved(), activities: async () => [inEuros] })).toEqual([]);
    const inFrancs = { ...journaled, currency: "CHF" };
    expect(await found({ ...halved(), activities: async () => [inFrancs] })).toContainEqual(
      expect.stringContaining("what was paid in is not known: no good rate of CHF"),
    );
    expect(await found(halved())).toContainEqual(expect.stringContaining("the day's loss is 50"));
  });

  test("values in two currencies are never compared: a loss is not known until the account's own has one", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    await sync();
    nextSlot();
    const inEuros = { accountId: "double", currency: "EUR", cash: { EUR: 90_000 }, equity: 90_000 };
    expect(await found({ ...broker, account: async () => inEuros })).toContainEqual(
      expect.stringContaining("the gain or loss of the day is not known: there is no value from before"),
    );
  });

  test("an order that is unknown is said until it is known", async () => {
    broker = doubleBroker({ nowMs: () => time.appMs });
    const silent: Broker = { ...broker, place: async () => ({ kind: "unknown", reason: "no answer" }) };
    await expect(cycle(silent)).rejects.toThrow("is unknown");
    expect(tradingNotes(ledger.db, 0)[0]).toMatch(/^Order pair-\S+ \(buy \w+\) is unknown: it blocks/);
    expect(slotAtMs(SLOT)).toBeLessThan(time.appMs);
  });
});
