import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Fault } from "../../../../src/exchange/faults.ts";
import { slotText } from "../../../../src/jobs/slots.ts";
import type { Broker } from "../../../../src/trading/broker.ts";
import { createAlpaca } from "../../../../src/trading/brokers/alpaca.ts";
import { runPlan } from "../../../../src/trading/cycle.ts";
import { type Intent, isInDoubt, slotAtMs } from "../../../../src/trading/plan-record.ts";
import { reconcile } from "../../../../src/trading/reconcile.ts";
import type { TradingDeps } from "../../../../src/trading/trading-deps.ts";
import { doubled } from "../../../e2e/pair-checks.ts";
import { type ExchangeProcess, startExchange } from "../../exchange/exchange-process.ts";
import { memoryPlanStore } from "../memory-plan-store.ts";
import { SLOT, TestTime, intent, plan, tradingDeps } from "../trading-fixture.ts";

/** How long the disturbed cycles wait for an answer: short, so that silence costs little; a slow one takes longer. */
const TIMEOUT_MS = 150;
const SLOW_MS = 400;
const SLOT_MS = 900_000;
const CYCLES_MAX = 8;
const never = new AbortController().signal;

let folder: string;
let exchange: ExchangeProcess;
let broker: Broker;
/** For what comes after the disturbance: a busy machine is no fault. */
let patient: Broker;
let port: string;
const argv = ["--fill-delay", "5", "--cash", "10000000", "--control"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trader-faults-"));
  exchange = await startExchange(folder, argv);
  ({ port } = new URL(exchange.url));
  broker = createAlpaca({ baseUrl: exchange.url, keyId: "k", secret: "s", timeoutMs: TIMEOUT_MS });
  patient = createAlpaca({ baseUrl: exchange.url, keyId: "k", secret: "s" });
});
afterAll(async () => {
  await exchange.kill();
  rmSync(folder, { recursive: true, force: true });
});

type Given = Fault extends infer One ? (One extends Fault ? Omit<One, "times"> & { times?: number } : never) : never;

async function script(...faults: readonly Given[]): Promise<void> {
  const answer = await fetch(`${exchange.url}/control/faults`, { method: "POST", body: JSON.stringify(faults) });
  expect(answer.status, await answer.clone().text()).toBe(200);
}

/** Starts the exchange again where its script has ended it. */
async function alive(): Promise<void> {
  const answers = await fetch(`${exchange.url}/control/faults`).catch(() => null);
  if (answers !== null) return;
  // It is dying: gone for good before another one has its port.
  await exchange.kill();
  exchange = await startExchange(folder, [...argv, "--port", port]);
}

const time = new TestTime();
const absences: TradingDeps["absences"] = new Map();
let store: ReturnType<typeof memoryPlanStore>;
let slot = SLOT;
beforeEach(() => {
  store = memoryPlanStore(store?.rows());
  time.appMs = slotAtMs(slot) + SLOT_MS * CYCLES_MAX;
  slot = slotText(Math.floor(time.appMs / SLOT_MS) * SLOT_MS);
});

const deps = (over = broker): TradingDeps => ({
  ...tradingDeps(over, store, time, { absences }),
  // Waits of milliseconds are waits for the exchange's fills; longer ones only pass on the test's clock.
  realTime: {
    nowMs: () => time.realMs,
    sleep: async (ms) => {
      time.realMs += ms;
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 10)));
    },
  },
});
const own = (n: number, over: Partial<Intent>): Intent =>
  intent(n, { slot, clientOrderId: `pair-${slot}-${n}`, qty: 4, ...over });

/** One cycle as the rebalance job runs it, on a plan of two orders; what is thrown fails the run, as it would there. */
async function cycle(): Promise<string> {
  try {
    await reconcile(deps());
    const fresh = store.read(slot) === null;
    if (fresh) store.insert(plan([own(1, { symbol: "AAPL" }), own(2, { symbol: "MSFT" })], { slot }));
    const end = await runPlan(deps(), slot, fresh, never);
    return end.kind;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Cycles until nothing is in doubt, as the schedule goes on after a fault; bounded, because an unknown has an end. */
async function untilKnown(): Promise<void> {
  for (let cycles = 0; cycles < CYCLES_MAX; cycles++) {
    await alive();
    const open = await reconcile(deps(patient)).then(
      (done) => done.open,
      () => null,
    );
    if (open !== null && !open.some((one) => isInDoubt(one.state) || one.state === "planned")) return;
    time.appMs += SLOT_MS;
    time.realMs += 10_000;
  }
  throw new Error(`still in doubt: ${JSON.stringify(store.read(slot)?.intents.map((one) => one.state))}`);
}

const orders = z.array(
  z.object({ id: z.string(), client_order_id: z.string(), filled_qty: z.coerce.number(), status: z.string() }),
);
const headers = { "APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s" };

const facts = (id: string | null, qty: number, state: string): string => `${id} ${qty} ${state}`;

/** The ledger has every order of the slot as the exchange has it, and no place has two orders or two intentions. */
async function agree(): Promise<void> {
  expect(doubled(await exchange.journal())).toEqual([]);
  const answer = await fetch(`${exchange.url}/v2/orders?status=all&limit=500`, { headers });
  const there = orders.parse(await answer.json()).filter((one) => one.client_order_id.startsWith(`pair-${slot}-`));
  const here = store.read(slot)?.intents.filter((one) => one.brokerOrderId !== null) ?? [];
  const states: Readonly<Record<string, string>> = {
    new: "open",
    canceled: "cancelled",
    partially_filled: "partly-filled",
  };
  expect(here.map((one) => facts(one.brokerOrderId, one.filledQty, one.state)).sort()).toEqual(
    there.map((one) => facts(one.id, one.filled_qty, states[one.status] ?? one.status)).sort(),
  );
}

const disturbances: readonly Given[] = [
  { fault: "slow", ms: SLOW_MS, on: "place" },
  { fault: "late", ms: SLOW_MS, on: "place" },
  { fault: "double-answer", on: "place", times: 2 },
  { fault: "repeat", on: "place" },
  ...[true, false].flatMap((done): Given[] => [
    { fault: "silent", on: "place", done },
    { fault: "status", status: 429, on: "place", done },
    { fault: "status", status: 500, on: "place", done },
    { fault: "status", status: 503, on: "place", done, times: 2 },
    { fault: "die", on: "place", done },
  ]),
  ...(["look-up", "list"] as const).flatMap((on): Given[] => [
    { fault: "slow", ms: SLOW_MS, on },
    { fault: "silent", on, done: true, times: 3 },
    { fault: "double-answer", on, times: 3 },
    { fault: "status", status: 429, on, done: false, times: 3 },
    { fault: "status", status: 502, on, done: true },
    { fault: "die", on, done: true },
  ]),
];

describe("an exchange that misbehaves", () => {
  test.each(disturbances)("%j: no order twice, and what is unknown becomes known", async (fault) => {
    await script(fault);
    await cycle();
    await alive();
    // Within the slot the schedule tries again, and what may still be on its way arrives.
    await new Promise((resolve) => setTimeout(resolve, fault.fault === "late" || fault.fault === "slow" ? SLOW_MS : 0));
    await cycle();
    await untilKnown();
    await agree();
  });

  test.each(["wait", "fill", "cancel", "expire"] as const)(
    "a part of an order fills and the rest does %s: the ledger has what was filled, and the end",
    async (rest) => {
      await script({ fault: "partial", on: "place", qty: 3, rest });
      await cycle();
      await untilKnown();
      const [first] = store.read(slot)?.intents ?? [];
      const ended = { wait: "partly-filled", fill: "filled", cancel: "cancelled", expire: "expired" }[rest];
      expect(first?.filledQty).toBe(rest === "fill" ? 4 : 3);
      await agree();
      expect(store.read(slot)?.intents[0]?.state).toBe(ended);
      // What rests can be taken back, once.
      const resting = store.read(slot)?.intents[0]?.brokerOrderId ?? "";
      expect(await patient.cancel(resting)).toBe(rest === "wait" ? "accepted" : "too-late");
      await reconcile(deps(patient));
      await agree();
      expect(store.read(slot)?.intents[0]).toMatchObject({ filledQty: rest === "fill" ? 4 : 3 });
    },
  );

  test.each(["positions", "account", "clock", "activities"] as const)(
    "[do-not-inherit 3] a failed read of %s throws, whatever way it fails, and is never an empty answer",
    async (on) => {
      const read = {
        positions: () => broker.positions(),
        account: () => broker.account(),
        clock: () => broker.isMarketOpen(),
        activities: () => broker.activities(0),
      }[on];
      for (const fault of ["silent", "status", "die"] as const) {
        await script(fault === "status" ? { fault, on, status: 500, done: true } : { fault, on, done: true });
        await expect(read(), `${on} ${fault}`).rejects.toThrow("did not tell");
        await alive();
      }
    },
  );

  test("a cancel without an answer is an error, and the next listing tells what became of the order", async () => {
    await script(
      { fault: "partial", on: "place", qty: 1, rest: "wait" },
      { fault: "silent", on: "cancel", done: true },
    );
    await cycle();
    const resting = store.read(slot)?.intents[0]?.brokerOrderId ?? "";
    await expect(broker.cancel(resting)).rejects.toThrow("did not cancel");
    await reconcile(deps(patient));
    expect(store.read(slot)?.intents[0]).toMatchObject({ state: "cancelled", filledQty: 1 });
    await agree();
  });
});

test("without its switch the exchange takes no script", async () => {
  const plain = await startExchange(mkdtempSync(join(tmpdir(), "trader-plain-")));
  try {
    expect((await fetch(`${plain.url}/control/faults`)).status).toBe(404);
    expect((await fetch(`${plain.url}/control/deposits`, { method: "POST", body: "{}" })).status).toBe(404);
  } finally {
    await plain.kill();
  }
});
