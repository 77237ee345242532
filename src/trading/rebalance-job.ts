import type { Job, Slot } from "../app-ports.ts";
import { type PlanningInput, type TradePlan, planTrades } from "../planning/plan.ts";
import type { PlanningSettings } from "../planning/settings.ts";
import type { Stock } from "../planning/targets.ts";
import { type CycleEnd, runPlan } from "./cycle.ts";
import { type Intent, type Plan, clientOrderId, isFinished, isInDoubt } from "./plan-record.ts";
import { toBase } from "../market/fx/rates.ts";
import type { MarketView } from "./market-view.ts";
import { reconcile } from "./reconcile.ts";
import type { TradingDeps } from "./trading-deps.ts";

export type RebalanceDeps = TradingDeps & {
  readonly stocks: () => readonly Stock[];
  readonly market: () => MarketView;
  readonly planning: PlanningSettings;
};

/** The trading cycle as a job: every 15 minutes; of missed slots only the newest still makes sense. */
export function rebalanceJob(deps: RebalanceDeps): Job {
  return {
    name: "rebalance",
    cron: "*/15 * * * *",
    catchUp: "newest",
    run: (slot, signal) => runCycle(deps, slot, signal),
  };
}

async function runCycle(deps: RebalanceDeps, slot: Slot, signal: AbortSignal): Promise<string> {
  const before = deps.store.read(slot.text);
  if (before !== null && isFinished(before)) return `Done before: ${before.reason}`;
  const { open } = await reconcile(deps);
  const existing = deps.store.read(slot.text);
  if (existing !== null) {
    if (isFinished(existing)) return existing.reason;
    return sentence(await runPlan(deps, slot.text, false, signal));
  }
  if (deps.clock.nowMs() >= slot.atMs + deps.slotMs) return "The slot was over before anything was planned.";
  if (!(await deps.broker.isMarketOpen())) return "The market is closed.";
  const plan = await makePlan(deps, slot, open);
  if (signal.aborted) throw new Error("stopped before the plan was written");
  deps.guard.check(0);
  deps.store.insert(plan);
  if (plan.intents.length === 0) return plan.reason;
  return sentence(await runPlan(deps, slot.text, true, signal));
}

async function makePlan(deps: RebalanceDeps, slot: Slot, open: readonly Intent[]): Promise<Plan> {
  const { broker, guard, node } = deps;
  const positions = await broker.positions();
  const account = await broker.account();
  const { prices, rates, scores, ...view } = deps.market();
  const cash = toBase(account.cashUsd, "USD", rates);
  // From here on amounts are in the base currency.
  const pricesUsd = new Map([...prices].map(([symbol, { priceBase }]) => [symbol, priceBase]));
  const held = new Map(positions.map((position) => [position.symbol, position.qty]));
  const blocked = new Map([...view.blocked, ...open.map((intent) => [intent.symbol, whyBlocked(intent)] as const)]);
  const reservedUsd = reserveUsd(open, pricesUsd);
  const createdAtMs = deps.clock.nowMs();
  const base = { slot: slot.text, epoch: guard.epoch, node, createdAtMs };
  if (reservedUsd === null) {
    const reason = "Nothing to do: an order whose end is unknown has no price, so the free cash is unknown.";
    return { ...base, status: "done", reason, intents: [] };
  }
  if (cash.kind === "no-rate") {
    return { ...base, status: "done", reason: `Nothing to do: ${cash.reason}.`, intents: [] };
  }
  const settings = deps.planning;
  const input: PlanningInput = {
    stocks: deps.stocks(),
    scores,
    pricesUsd,
    held,
    cashUsd: cash.amount,
    reservedUsd,
    blocked,
    settings,
  };
  const trades = planTrades(input);
  if (trades.trades.length === 0) return { ...base, status: "done", reason: trades.reason, intents: [] };
  return { ...base, status: "planned", reason: trades.reason, intents: intentsOf(deps, slot, trades, createdAtMs) };
}

const intentsOf = (deps: RebalanceDeps, slot: Slot, plan: TradePlan, nowMs: number): Intent[] =>
  plan.trades.map(({ symbol, side, qty, reason }, index) => ({
    slot: slot.text,
    n: index + 1,
    clientOrderId: clientOrderId(deps.cluster, slot.text, index + 1),
    symbol,
    side,
    qty,
    reason,
    state: "planned",
    brokerOrderId: null,
    filledQty: 0,
    filledAvgPriceUsd: null,
    sentAtMs: null,
    updatedAtMs: nowMs,
  }));

// Cash that an order may still take. The broker's cash does not show it before the fill.
function reserveUsd(open: readonly Intent[], pricesUsd: ReadonlyMap<string, number>): number | null {
  let sumUsd = 0;
  for (const intent of open) {
    if (intent.side === "sell") continue;
    const priceUsd = pricesUsd.get(intent.symbol);
    if (priceUsd === undefined) return null;
    sumUsd += (intent.qty - intent.filledQty) * priceUsd;
  }
  return sumUsd;
}

const whyBlocked = (intent: Intent): string =>
  `order ${intent.clientOrderId} is ${isInDoubt(intent.state) ? "unknown" : intent.state}`;

function sentence(end: CycleEnd): string {
  if (end.kind === "left") throw new Error(end.reason);
  const orders = end.plan.intents.map((order) => `${order.side} ${order.qty} ${order.symbol} ${order.state}`);
  const doubt = end.confirmed ? "" : " The other node has not confirmed this outcome yet.";
  return `${end.plan.status === "ended" ? `Ended early: ${end.plan.reason} ` : ""}${orders.join(", ")}.${doubt}`;
}
