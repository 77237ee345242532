import pino from "pino";
import type { Broker } from "../../../src/trading/broker.ts";
import { defaultLimits } from "../../../src/trading/order-rules.ts";
import { type Intent, type Plan, type PlanStore, slotAtMs } from "../../../src/trading/plan-record.ts";
import type { TradingDeps } from "../../../src/trading/trading-deps.ts";

export const SLOT = "20261122T1415Z";
export const NEXT_SLOT = "20261122T1430Z";

/** An intent of `SLOT`: buy 10 × n of stock n. */
export const intent = (n: number, over: Partial<Intent> = {}): Intent => ({
  slot: SLOT,
  n,
  clientOrderId: `pair-${SLOT}-${n}`,
  symbol: ["AAPL", "MSFT", "GE"][n - 1] ?? "KO",
  side: "buy",
  qty: 10 * n,
  reason: "why",
  state: "planned",
  brokerOrderId: null,
  filledQty: 0,
  filledAvgPrice: null,
  sentAtMs: null,
  updatedAtMs: 0,
  ...over,
});

export const plan = (intents: readonly Intent[], over: Partial<Plan> = {}): Plan => ({
  slot: SLOT,
  epoch: 1,
  node: "uno-a",
  createdAtMs: 0,
  status: "planned",
  reason: "Two stocks are off target.",
  intents,
  ...over,
});

/** Time that only moves when somebody sleeps or says so. */
export class TestTime {
  appMs = slotAtMs(SLOT) + 1_000;
  realMs = 0;
  readonly slept: number[] = [];
}

export function tradingDeps(
  broker: Broker,
  store: PlanStore,
  time: TestTime,
  over: Partial<TradingDeps> = {},
): TradingDeps {
  return {
    cluster: "pair",
    node: "uno-b",
    broker,
    store,
    guard: { epoch: 2, remainingMs: () => 1_000, check: () => undefined },
    confirm: async () => "confirmed",
    clock: { nowMs: () => time.appMs },
    realTime: {
      nowMs: () => time.realMs,
      sleep: async (ms) => {
        time.slept.push(ms);
        time.realMs += ms;
      },
    },
    limits: defaultLimits,
    slotMs: 900_000,
    sendMarginMs: 100,
    absences: new Map(),
    mayTrade: async () => null,
    log: pino({ level: "silent" }),
    ...over,
  };
}
