import type { Job, Slot } from "../app-ports.ts";
import { type TradePlan, noPlan, planTrades } from "../planning/plan.ts";
import { cancelResting } from "./cancel-resting.ts";
import { overCaps, withinCaps } from "./caps.ts";
import { type CycleEnd, runPlan } from "./cycle.ts";
import { lockText } from "./locks.ts";
import { type Intent, type Plan, clientOrderId, isFinished } from "./plan-record.ts";
import type { OwnerOrders } from "./owner-orders.ts";
import { type Account, type Gathered, type PlanningSources, gather } from "./planning-input.ts";
import { reconcile } from "./reconcile.ts";
import type { OpenDesk } from "./trading-desk.ts";
import type { TradingDeps } from "./trading-deps.ts";

export type RebalanceDeps = TradingDeps &
  PlanningSources & {
    /** Does this in one transaction of the ledger: what a plan is decided on is what it is written beside. */
    readonly atomically: <T>(work: () => T) => T;
    /** Finds what may not be traded now, given the orders whose end is open; `failed`: something could not be read. */
    readonly lock: OpenDesk["lock"];
    readonly caps: OpenDesk["caps"];
    readonly ownerOrders: OwnerOrders;
  };

/** When the trading cycle runs: every 15 minutes; of missed slots only the newest still makes sense. */
export const rebalanceTiming = { name: "rebalance", cron: "*/15 * * * *", catchUp: "newest" } as const;

/** The trading cycle as a job. */
export function rebalanceJob(deps: RebalanceDeps): Job {
  return {
    ...rebalanceTiming,
    run: (slot, signal) => runCycle(deps, slot, signal),
  };
}

async function runCycle(deps: RebalanceDeps, slot: Slot, signal: AbortSignal): Promise<string> {
  const before = deps.store.read(slot.text);
  if (before !== null && isFinished(before)) return `Done before: ${before.reason}`;
  const { open } = await reconcile(deps);
  const { locks, failed } = await deps.lock(open);
  if (locks.some(({ name }) => name === "stop-everything")) {
    const said = await cancelResting(deps, open);
    if (said.length > 0) deps.log.warn({ said }, "everything is stopped: what rests at the broker is cancelled");
  }
  const existing = deps.store.read(slot.text);
  if (existing !== null) {
    if (isFinished(existing)) return existing.reason;
    return sentence(await runPlan(deps, slot.text, false, signal));
  }
  if (deps.clock.nowMs() >= slot.atMs + deps.slotMs) return "The slot was over before anything was planned.";
  const total = locks.find(({ symbol, blocks }) => symbol === null && blocks === "all");
  // What could not be read may be readable in a moment: the run has failed, and is tried again within its slot.
  if (failed) throw new Error(total === undefined ? "a read of the broker failed" : lockText(total));
  if (total !== undefined) return lockText(total);
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
  const planned = planOf(deps, gathered, createdAtMs);
  const { considered, waiting } = planned;
  const { trades, reason } = withinLimits(deps, planned);
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
  const places = trades.map(({ ownerOrder }, index) => ({ id: ownerOrder, n: index + 1 }));
  const taken = places.flatMap(({ id, n }) => (id === null ? [] : [{ id, n }]));
  deps.ownerOrders.note(slot.text, taken, waiting);
  return plan;
}

/** The plan on what was gathered, with the owner's orders that are open now: one is never cut to a limit. */
export function planOf(
  deps: Pick<RebalanceDeps, "caps" | "ownerOrders">,
  gathered: Gathered,
  nowMs: number,
): TradePlan {
  const open = deps.ownerOrders.open(nowMs);
  if (gathered.kind === "unknown") return noPlan(gathered.why, open);
  const rules = open.length === 0 ? null : deps.caps();
  return planTrades(gathered.input, open, rules === null ? new Map() : overCaps(open, rules));
}

/** The trades as far as the limits in euros allow, and what those have taken away, said in the plan's sentence. */
export function withinLimits(
  deps: Pick<RebalanceDeps, "caps" | "universe">,
  { trades, reason }: Pick<TradePlan, "trades" | "reason">,
): Pick<TradePlan, "trades" | "reason"> {
  const rules = deps.caps();
  if (rules === null) return { trades, reason };
  const lots = new Map(deps.universe().stocks.map(({ symbol, lotSize }) => [symbol, lotSize]));
  const kept = withinCaps(trades, rules, (symbol) => lots.get(symbol) ?? 1);
  const said = kept.trades.map((trade) => {
    const whole = trades.find(({ symbol }) => symbol === trade.symbol);
    return trade.qty === whole?.qty ? trade : { ...trade, reason: `${trade.reason} Cut to ${trade.qty} by a limit.` };
  });
  return { trades: said, reason: [reason, ...kept.notes].join(" ") };
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
    filledAvgPrice: null,
    sentAtMs: null,
    updatedAtMs: nowMs,
  }));

function sentence(end: CycleEnd): string {
  if (end.kind === "left") throw new Error(end.reason);
  const orders = end.plan.intents.map((order) => `${order.side} ${order.qty} ${order.symbol} ${order.state}`);
  const doubt = end.confirmed ? "" : " The other node has not confirmed this outcome yet.";
  return `${end.plan.status === "ended" ? `Ended early: ${end.plan.reason} ` : ""}${orders.join(", ")}.${doubt}`;
}
