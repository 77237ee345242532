import assert from "node:assert/strict";
import type { Intent, IntentState, Plan, PlanChange } from "./plan-record.ts";

/** An order's life as it is told: a place of a plan that the other node has too is confirmed, not only planned. */
export type OrderState = IntentState | "confirmed";
type PlanStatus = Plan["status"];

/** What a broker can say of an order that it has. */
const AT_BROKER = ["open", "partly-filled", "filled", "rejected", "cancelled", "expired"] as const;

/** Where an order may go from each state; staying is always allowed. What is not here is a broken invariant. */
const NEXT: { readonly [state in OrderState]: readonly OrderState[] } = {
  // A copy of the ledger may be older than what its writer did: what is only planned here may be at the broker.
  planned: ["confirmed", "unknown", "not-sent", ...AT_BROKER],
  confirmed: ["sent", "unknown", "not-sent", ...AT_BROKER],
  sent: ["unknown", "not-sent", ...AT_BROKER],
  unknown: ["sent", "not-sent", ...AT_BROKER],
  open: ["partly-filled", "filled", "rejected", "cancelled", "expired"],
  "partly-filled": ["filled", "rejected", "cancelled", "expired"],
  filled: [],
  cancelled: [],
  expired: [],
  // Only where the broker has named no order: what exists after all outweighs what was concluded.
  rejected: [...AT_BROKER],
  "not-sent": [...AT_BROKER],
};

const NEXT_STATUS: { readonly [status in PlanStatus]: readonly PlanStatus[] } = {
  planned: ["confirmed", "done", "ended"],
  confirmed: ["done", "ended"],
  // What comes to light afterwards can end it in another way, never bring it back.
  done: ["ended"],
  ended: [],
};

/** Whether an order in one state may be in the other next. */
export const mayBecome = (from: OrderState, to: OrderState): boolean => from === to || NEXT[from].includes(to);

/** Whether a plan with one status may have the other next. */
export const mayTurn = (from: PlanStatus, to: PlanStatus): boolean => from === to || NEXT_STATUS[from].includes(to);

/** The state as it is told of a place of this plan. */
export const orderStateOf = (plan: Pick<Plan, "status">, { state }: Pick<Intent, "state">): OrderState =>
  state === "planned" && plan.status === "confirmed" ? "confirmed" : state;

type Known = Pick<Intent, "state" | "brokerOrderId" | "filledQty">;

/** Whether what is told of one and the same order can be newer than what is known of it: a listing may be late. */
export const isNewer = (known: Known, told: Known): boolean =>
  mayBecome(known.state, told.state) && told.filledQty >= known.filledQty;

/** Throws unless this plan may be written as a slot's first: nothing sent yet, or orders that were found at the broker. */
export function assertNewPlan({ slot, status, intents }: Plan): void {
  for (const intent of intents) {
    const adopted = status === "ended" && intent.brokerOrderId !== null;
    assert(intent.state === "planned" || adopted, `${slot}: order ${intent.n} begins as ${intent.state}`);
  }
}

/** Throws unless the plan may be changed so. */
export function assertPlanChange(plan: Plan, change: PlanChange): void {
  const { slot } = plan;
  const { status = plan.status } = change;
  assert(mayTurn(plan.status, status), `${slot}: a plan that is ${plan.status} becomes ${status}`);
  for (const after of change.intents ?? []) {
    const before = plan.intents.find((intent) => intent.n === after.n);
    if (before !== undefined) assertOrderChange(plan, before, after);
    else assert(after.brokerOrderId !== null, `${slot}: order ${after.n} is not in the plan, and not at the broker`);
  }
}

function assertOrderChange(plan: Plan, before: Intent, after: Intent): void {
  const name = `${plan.slot}: order ${after.n}`;
  const from = orderStateOf(plan, before);
  assert(mayBecome(from, after.state), `${name} goes from ${from} to ${after.state}`);
  if (before.brokerOrderId === null) return;
  assert.equal(after.brokerOrderId, before.brokerOrderId, `${name} becomes another order`);
  const changed = before.state !== after.state;
  assert(!changed || before.state !== "rejected", `${name} was rejected by the broker and becomes ${after.state}`);
  assert(after.filledQty >= before.filledQty, `${name} loses fills`);
}
