import type { Job, Slot } from "../app-ports.ts";
import { type TradePlan, noPlan, planTrades } from "../planning/plan.ts";
import { type CycleEnd, runPlan } from "./cycle.ts";
import { type Intent, type Plan, clientOrderId, isFinished } from "./plan-record.ts";
import { type Account, type PlanningSources, gather } from "./planning-input.ts";
import { reconcile } from "./reconcile.ts";
import type { TradingDeps } from "./trading-deps.ts";

export type RebalanceDeps = TradingDeps &
  PlanningSources & {
    /** Does this in one transaction of the ledger: what a plan is decided on is what it is written beside. */
    readonly atomically: <T>(work: () => T) => T;
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
  const positions = await deps.broker.positions();
  const account = await deps.broker.account();
  if (signal.aborted) throw new Error("stopped before the plan was written");
  const plan = deps.atomically(() => writePlan(deps, slot, { positions, account, open }));
  if (plan.intents.length === 0) return plan.reason;
  return sentence(await runPlan(deps, slot.text, true, signal));
}

/** Decides the slot's plan and writes it, without a pause in between. */
function writePlan(deps: RebalanceDeps, slot: Slot, account: Account): Plan {
  const createdAtMs = deps.clock.nowMs();
  const gathered = gather(deps, account, createdAtMs);
  const { trades, reason, considered } = gathered.kind === "input" ? planTrades(gathered.input) : noPlan(gathered.why);
  const plan: Plan = {
    slot: slot.text,
    epoch: deps.guard.epoch,
    node: deps.node,
    createdAtMs,
    status: trades.length === 0 ? "done" : "planned",
    reason,
    intents: intentsOf(deps, slot, trades, createdAtMs),
  };
  deps.guard.check(0);
  deps.store.insert(plan, considered);
  return plan;
}

const intentsOf = (deps: RebalanceDeps, slot: Slot, trades: TradePlan["trades"], nowMs: number): Intent[] =>
  trades.map(({ symbol, side, qty, reason }, index) => ({
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

function sentence(end: CycleEnd): string {
  if (end.kind === "left") throw new Error(end.reason);
  const orders = end.plan.intents.map((order) => `${order.side} ${order.qty} ${order.symbol} ${order.state}`);
  const doubt = end.confirmed ? "" : " The other node has not confirmed this outcome yet.";
  return `${end.plan.status === "ended" ? `Ended early: ${end.plan.reason} ` : ""}${orders.join(", ")}.${doubt}`;
}
