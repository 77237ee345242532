import type { Considered } from "../planning/considered.ts";
import type { BrokerOrder, OrderIntent } from "./broker.ts";
import { isNewer } from "./order-states.ts";

/** What the ledger knows of one place of a slot's plan. Instants are the app's clock. */
export type IntentState =
  | "planned"
  | "sent"
  | "unknown"
  | "open"
  | "partly-filled"
  | "filled"
  | "rejected"
  | "cancelled"
  | "expired"
  | "not-sent";

export type Intent = OrderIntent & {
  readonly slot: string;
  readonly n: number;
  readonly reason: string;
  readonly state: IntentState;
  readonly brokerOrderId: string | null;
  readonly filledQty: number;
  readonly filledAvgPrice: number | null;
  /** When it was sent, or was first said to be unknown; null: nothing was ever sent for it. */
  readonly sentAtMs: number | null;
  readonly updatedAtMs: number;
};

type PlanStatus = "planned" | "confirmed" | "done" | "ended";

/** A slot's whole plan; `intents` in the order of their places 1, 2, …. */
export type Plan = {
  readonly slot: string;
  readonly epoch: number;
  readonly node: string;
  readonly createdAtMs: number;
  readonly status: PlanStatus;
  readonly reason: string;
  readonly intents: readonly Intent[];
};

/** Where plans live. Writes are durable on this node when they return, and all of one call or none of it. */
export type PlanStore = {
  read(slot: string): Plan | null;
  /** Plans that are not finished, and plans with an intent whose end is not known; oldest first. */
  unsettled(): readonly Plan[];
  /** The newest plan's slot; null when there is none. */
  newestSlot(): string | null;
  /**
   * Writes a plan and what it was chosen from, which is kept for the newest plans only. Throws when the slot has a plan
   * already: a plan is never replaced.
   */
  insert(plan: Plan, considered?: Considered): void;
  /** Writes intents by (slot, n), new ones too, and the plan's status and reason when given. */
  update(slot: string, change: PlanChange): void;
};

export type PlanChange = {
  readonly intents?: readonly Intent[];
  readonly status?: PlanStatus;
  readonly reason?: string;
};

/** The name of the n-th order of a slot: of no node, epoch or symbol. */
export function clientOrderId(cluster: string, slot: string, n: number): string {
  return `${cluster}-${slot}-${n}`;
}

/** Slot and place of a client order id of this cluster, or null: cluster "a" must not read those of "a-b" as its own. */
export function parseClientOrderId(cluster: string, id: string): { readonly slot: string; readonly n: number } | null {
  if (!id.startsWith(`${cluster}-`)) return null;
  const match = /^(\d{8}T\d{4}Z)-([1-9]\d{0,3})$/.exec(id.slice(cluster.length + 1));
  const [, slot, n] = match ?? [];
  if (slot === undefined || n === undefined || Number.isNaN(slotAtMs(slot))) return null;
  return { slot, n: Number(n) };
}

/** App time for which the plan of a slot may be written, and its orders may be sent. */
export const SLOT_MS = 900_000;

/** App instant of a slot's text, `20261122T1415Z`; NaN when it is none. */
export function slotAtMs(slot: string): number {
  return Date.parse(slot.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:00Z"));
}

/** Is the broker's order the intended one? */
export const sameIntention = (a: OrderIntent, b: OrderIntent): boolean =>
  a.clientOrderId === b.clientOrderId && a.symbol === b.symbol && a.side === b.side && a.qty === b.qty;

/** The intent as the broker has it: what exists outweighs what was meant, what is newer what is older. */
export function adopt(intent: Intent, order: BrokerOrder, nowMs: number): Intent {
  if (intent.brokerOrderId === order.brokerOrderId && !isNewer(intent, order)) return intent;
  const { symbol, side, qty, state, brokerOrderId, filledQty, filledAvgPrice } = order;
  const meant = `${intent.side} ${intent.qty} ${intent.symbol}`;
  const reason = sameIntention(intent, order) ? intent.reason : `Adopted from the broker; planned was: ${meant}.`;
  return {
    ...intent,
    symbol,
    side,
    qty,
    reason,
    state,
    brokerOrderId,
    filledQty,
    filledAvgPrice,
    sentAtMs: intent.sentAtMs ?? nowMs,
    updatedAtMs: nowMs,
  };
}

const UNPLANNED = "Adopted from the broker; no plan here holds it.";
/** Whether it is an order of this cluster that no plan here holds: the plan that it was sent by is lost. */
export const isUnplanned = ({ reason }: Pick<Intent, "reason">): boolean => reason === UNPLANNED;

/** An intent for an order that the ledger does not have. */
export function adoptUnplanned(slot: string, n: number, order: BrokerOrder, nowMs: number): Intent {
  const { clientOrderId, symbol, side, qty, state, brokerOrderId, filledQty, filledAvgPrice } = order;
  const reason = UNPLANNED;
  const at = { sentAtMs: nowMs, updatedAtMs: nowMs };
  return {
    slot,
    n,
    clientOrderId,
    symbol,
    side,
    qty,
    reason,
    state,
    brokerOrderId,
    filledQty,
    filledAvgPrice,
    ...at,
  };
}

/** The intent from the moment on at which a request for it may have been on its way, whoever sent it. */
export const inDoubt = (intent: Intent, nowMs: number): Intent => ({
  ...intent,
  state: "unknown",
  sentAtMs: intent.sentAtMs ?? nowMs,
  updatedAtMs: nowMs,
});

/** An order exists and can still change. */
export const isWorking = (state: IntentState): boolean => state === "open" || state === "partly-filled";
/** Nothing is known for certain, so an order may exist. */
export const isInDoubt = (state: IntentState): boolean => state === "sent" || state === "unknown";
export const isFinished = (plan: Plan): boolean => plan.status === "done" || plan.status === "ended";
/** Orders whose end is open, of plans that are not settled. */
export const openIntents = (unsettled: readonly Plan[]): readonly Intent[] =>
  unsettled.flatMap((plan) =>
    plan.intents.filter(
      ({ state }) => isInDoubt(state) || isWorking(state) || (state === "planned" && !isFinished(plan)),
    ),
  );
