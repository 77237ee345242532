import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import pino from "pino";
import { type Ledger, openLedger } from "../../../src/db/ledger.ts";
import { plans } from "../../../src/db/ledger-schema.ts";
import { type MarketCache, openMarketCache, writeQuotes } from "../../../src/db/market-cache.ts";
import { ActivityBoard } from "../../../src/led/activity.ts";
import { createYahoo } from "../../../src/market/yahoo.ts";
import { type PrimaryWork, primaryWork } from "../../../src/primary-work.ts";
import { loadEmbeddedMarket } from "../../../src/market/embedded-market.ts";
import { planTrades } from "../../../src/planning/plan.ts";
import { scoreStock } from "../../../src/scoring/score.ts";
import { createAlpaca } from "../../../src/trading/brokers/alpaca.ts";
import type { Broker } from "../../../src/trading/broker.ts";
import { ledgerPlanStore } from "../../../src/trading/ledger-plan-store.ts";
import type { MarketHours, MarketView } from "../../../src/trading/market-view.ts";
import { ownerOrderStore } from "../../../src/trading/owner-order-store.ts";
import { gather } from "../../../src/trading/planning-input.ts";
import { type PlanStore, slotAtMs } from "../../../src/trading/plan-record.ts";
import { type RebalanceDeps, rebalanceJob } from "../../../src/trading/rebalance-job.ts";
import { type ExchangeProcess, startExchange } from "../exchange/exchange-process.ts";
import { dollarPrices } from "../../support/dollar-prices.ts";
import { eagerSettings, eagerSources } from "../../support/planning-sources.ts";
import { doubleBroker } from "./double-broker.ts";
import { SLOT, TestTime, intent, plan, tradingDeps } from "./trading-fixture.ts";
import { dollarAccount } from "../../support/dollar-account.ts";

const market = loadEmbeddedMarket();
const SLOT_MS = 900_000;
const originAppMs = slotAtMs(SLOT);
const never = new AbortController().signal;

let folder: string;
let ledger: Ledger;
let store: PlanStore;
let time: TestTime;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trader-rebalance-"));
  ledger = openLedger(join(folder, "ledger.db"), 200);
  store = ledgerPlanStore(ledger, "b");
  time = new TestTime();
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

function viewNow(): MarketView {
  const day = market.dayAt({ originAppMs, nowMs: () => time.appMs });
  const daysMs = market.days.slice(0, day + 1);
  const total = (symbol: string): number => {
    const closes = daysMs.map((_, index) => market.closeUsd(symbol, index) ?? 0);
    const prices = { daysMs, closes, adjustedCloses: closes };
    return scoreStock({ prices, fundamentals: null, nowMs: daysMs.at(-1) ?? 0 }).total;
  };
  return {
    ...dollarPrices(market.symbols.map((symbol) => [symbol, market.closeUsd(symbol, day) ?? 0])),
    scores: new Map(market.symbols.map((symbol) => [symbol, total(symbol)])),
    blocked: new Map(),
  };
}

const deps = (broker: Broker, over: Partial<RebalanceDeps> = {}): RebalanceDeps => ({
  ...tradingDeps(broker, store, time),
  ...eagerSources(market.symbols, viewNow),
  settings: () => ({ ...eagerSettings, tradesMax: 1 }),
  atomically: (work) => ledger.db.$client.transaction(work).immediate(),
  caps: () => null,
  ownerOrders: ownerOrderStore(ledger.db, "b"),
  lock: async () => ({ locks: [], failed: false }),
  ...over,
});
const upTo = (tradesMax: number) => () => ({ ...eagerSettings, tradesMax });
const slotNow = () => {
  const atMs = Math.floor(time.appMs / SLOT_MS) * SLOT_MS;
  return { atMs, text: new Date(atMs).toISOString().replaceAll(/[-:]|\d\d\.000/g, "") };
};
function best(): string {
  const account = { positions: [], account: dollarAccount(100_000, 100_000, "double"), open: [] };
  const gathered = gather(deps(priced()), account, time.appMs);
  return gathered.kind === "input" ? (planTrades(gathered.input).trades[0]?.symbol ?? "") : "";
}
const priceUsd = (symbol: string) => market.priceAt(symbol, { originAppMs, nowMs: () => time.appMs });
const priced = (): Broker & ReturnType<typeof doubleBroker> => {
  return doubleBroker({ nowMs: () => time.appMs, priceUsd });
};

/** What a primary does on the embedded market with a real ledger and this cache. */
function workOf(broker: Broker, cache: MarketCache, hours: MarketHours): PrimaryWork {
  const log = pino({ level: "silent" });
  const clock = { nowMs: () => time.appMs, originAppMs, realMs: (ms: number) => ms };
  return primaryWork({
    node: "uno-a",
    cluster: "pair",
    clock,
    guard: { epoch: 1, remainingMs: () => 1_000, check: () => undefined },
    confirm: async () => "confirmed",
    broker,
    pair: () => null,
    write: (change) => change(),
    ledger,
    cache,
    market: createYahoo({ source: "embedded", clock, log }),
    hours,
    base: "USD",
    timeTrouble: () => null,
    board: new ActivityBoard(),
    log,
  });
}

/** All jobs of a primary, slot after slot; it is looked at after the last. */
async function runPrimary(broker: Broker, slots: number, look: (work: PrimaryWork) => void): Promise<string[]> {
  const cache = openMarketCache(join(folder, "market.db"));
  const work = workOf(broker, cache, "replay");
  try {
    await work.begin();
    const outcomes: string[] = [];
    for (let slot = 0; slot < slots; slot++) {
      for (const job of work.jobs) {
        if (job.name === "score-refresh" && slot % 4 !== 0) continue;
        const outcome = await job.run(slotNow(), never);
        if (job.name === "rebalance") outcomes.push(outcome);
      }
      time.appMs += SLOT_MS;
    }
    look(work);
    return outcomes;
  } finally {
    cache.close();
  }
}

describe("on the embedded market", () => {
  test("a paper account trades in most slots: it buys until it is invested, then sells too, and keeps the reserve", async () => {
    const broker = priced();
    const outcomes = await runPrimary(broker, 26, (work) => {
      const scores = [...work.scores().values()];
      expect(scores).toHaveLength(20);
      // The sync of the last slot has found them; a slot, which is a day here, has passed since.
      const parts = scores.flatMap(({ groups }) => groups.at(-1)?.parts ?? []);
      expect(parts.map(({ name, confidence, ageDays }) => `${name} ${confidence} ${ageDays}`)).toEqual(
        scores.flatMap(() => ["region 1 1", "industry 1 1", "averaging down 1 1"]),
      );
    });
    expect(outcomes.filter((outcome) => outcome.endsWith("filled.")).length).toBeGreaterThan(20);
    expect(broker.book.cashUsd).toBeLessThan(10_000);
    expect(broker.book.cashUsd).toBeGreaterThanOrEqual(500);
    expect(outcomes.slice(18).some((outcome) => outcome.startsWith("sell"))).toBe(true);
    const considered = ledger.db.select({ considered: plans.considered }).from(plans).all();
    expect(considered.filter((row) => row.considered !== null)).toHaveLength(20);
    expect(considered.at(-1)?.considered?.rejected.length).toBeGreaterThan(0);
  }, 120_000);

  test("what the broker never trades says so, whatever the market says; the others say what the market says", () => {
    const cache = openMarketCache(":memory:");
    const quote = { price: 60, currency: "USD", asOfMs: 0, fetchedAtMs: time.appMs };
    writeQuotes(cache, [
      { ...quote, symbol: "KO" },
      { ...quote, symbol: "GE" },
    ]);
    const broker: Broker = {
      ...priced(),
      whyNotTradable: ({ symbol }) => (symbol === "KO" ? "the broker has no KO" : null),
    };
    expect(workOf(broker, cache, "exchange").blocked()).toEqual(
      new Map([
        ["GE", "it last traded on 1970-01-01T00:00Z"],
        ["KO", "the broker has no KO"],
      ]),
    );
    cache.close();
  });

  test("a slot that was run is not run again", async () => {
    const broker = priced();
    const job = rebalanceJob(deps(broker));
    const first = await job.run(slotNow(), never);
    expect(await job.run(slotNow(), never)).toMatch(/^Done before: /);
    expect(broker.book.attempts).toHaveLength(1);
    expect(first).toMatch(/^buy \d+ [A-Z]+ filled\.$/);
  });

  test("nothing is planned when a read fails, the market is closed, or the slot is over", async () => {
    const broker = priced();
    const failing = { ...broker, positions: async () => Promise.reject(new Error("502")) };
    await expect(rebalanceJob(deps(failing)).run(slotNow(), never)).rejects.toThrow("502");
    const end = { sinceMs: 0, untilMs: null, ends: "until it opens" };
    const closed = { name: "market", blocks: "all", symbol: null, reason: "the market is closed", ...end } as const;
    const lock = (failed: boolean) => ({ lock: async () => ({ locks: [closed], failed }) });
    expect(await rebalanceJob(deps(broker, lock(false))).run(slotNow(), never)).toContain("the market is closed");
    await expect(rebalanceJob(deps(broker, lock(true))).run(slotNow(), never)).rejects.toThrow("the market is closed");
    const slot = slotNow();
    time.appMs += SLOT_MS;
    expect(await rebalanceJob(deps(broker)).run(slot, never)).toContain("over before anything was planned");
    expect(store.newestSlot()).toBeNull();
  });

  test("a symbol that the market view blocks is not traded, and the others are", async () => {
    const broker = priced();
    const blocked = new Map([[best(), "XNYS is closed (holiday)"]]);
    const job = rebalanceJob(deps(broker, { market: () => ({ ...viewNow(), blocked }) }));
    await job.run(slotNow(), never);
    expect(broker.book.attempts).toHaveLength(1);
    expect(broker.book.attempts[0]?.symbol).not.toBe(best());
    const all = new Map(market.symbols.map((symbol) => [symbol, "XNYS is closed (holiday)"]));
    time.appMs += SLOT_MS;
    const closed = rebalanceJob(deps(broker, { market: () => ({ ...viewNow(), blocked: all }) }));
    expect(await closed.run(slotNow(), never)).toContain("(blocked): XNYS is closed (holiday).");
    expect(broker.book.attempts).toHaveLength(1);
  });

  test("a symbol with an order in doubt is not traded, and its cash is not spent", async () => {
    const broker = priced();
    const earlier = "20261122T1400Z";
    const view = viewNow();
    const wanted = best();
    const qty = Math.floor(90_000 / (view.prices.get(wanted)?.priceBase ?? 1));
    const meant = intent(1, { slot: earlier, clientOrderId: `pair-${earlier}-1`, symbol: wanted, qty });
    store.insert(plan([meant], { slot: earlier }));
    store.update(earlier, { intents: [{ ...meant, state: "unknown" }], status: "ended" });
    await rebalanceJob(deps(broker, { settings: upTo(5) })).run(slotNow(), never);
    const bought = broker.book.attempts.reduce(
      (sum, { symbol, qty }) => sum + qty * (view.prices.get(symbol)?.priceBase ?? 0),
      0,
    );
    expect(broker.book.attempts.map((attempt) => attempt.symbol)).not.toContain(wanted);
    expect(bought).toBeGreaterThan(0);
    expect(bought).toBeLessThan(10_000);
  });
});

describe("on the real exchange simulator, with the real ledger", () => {
  let exchange: ExchangeProcess | undefined;
  afterEach(async () => exchange?.kill());

  test("a cycle that dies after its request is taken up by a successor that knows only what was confirmed", async () => {
    const now = Date.now();
    const clock = ["--clock-origin-real", String(now), "--clock-origin-app", String(originAppMs), "--clock-scale", "1"];
    exchange = await startExchange(join(folder, "exchange"), clock);
    const broker = createAlpaca({ baseUrl: exchange.url, keyId: "k", secret: "s" });
    const settings = upTo(3);
    const replica = join(folder, "replica.db");
    const confirm = async () => {
      rmSync(replica, { force: true });
      ledger.db.$client.exec(`VACUUM INTO '${replica}'`);
      return "confirmed" as const;
    };
    // The second order reaches the exchange; its sender dies with the answer.
    let dead = false;
    const place: Broker["place"] = async (order) => {
      const outcome = await broker.place(order);
      dead = order.clientOrderId.endsWith("-2");
      return outcome;
    };
    const check = (): void => {
      if (dead) throw new Error("killed");
    };
    const first = deps({ ...broker, place }, { settings, confirm, guard: { epoch: 1, remainingMs: () => 0, check } });
    await expect(rebalanceJob(first).run(slotNow(), never)).rejects.toThrow("killed");
    expect(await exchange.journal()).toHaveLength(2);

    const successor = openLedger(replica, 200);
    try {
      const heir = ledgerPlanStore(successor, "b");
      expect(heir.read(SLOT)?.intents.map((found) => found.state)).toEqual([expect.any(String), "planned", "planned"]);
      const other = { ...viewNow(), scores: new Map([["KO", 1]]) };
      const over = {
        store: heir,
        settings,
        market: () => other,
        guard: { epoch: 2, remainingMs: () => 0, check: () => undefined },
      };
      await rebalanceJob(deps(broker, over)).run(slotNow(), never);
      const journal = await exchange.journal();
      expect(journal.map((attempt) => attempt.outcome)).toEqual(journal.map(() => "accepted"));
      expect(new Set(journal.map((attempt) => attempt.clientOrderId)).size).toBe(journal.length);
      const intents = heir.read(SLOT)?.intents ?? [];
      expect(journal.map(({ symbol, qty }) => ({ symbol, qty }))).toEqual(
        intents.map(({ symbol, qty }) => ({ symbol, qty })),
      );
      expect(intents).toHaveLength(3);
    } finally {
      successor.close();
    }
  });
});
