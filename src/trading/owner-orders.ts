import type { OwnerOrder, Waiting } from "../planning/owner-orders.ts";
import { type Lock, lockOn, lockText } from "./locks.ts";
import { type Intent, isUnplanned, SLOT_MS, slotAtMs } from "./plan-record.ts";

/** One of the owner's orders as the ledger has it. Instants are the app's clock. */
export type KeptOrder = OwnerOrder & {
  readonly book: string;
  readonly madeAtMs: number;
  readonly untilMs: number;
  readonly waitsFor: string | null;
  readonly slot: string | null;
  readonly n: number | null;
  readonly closed: "withdrawn" | "ended" | null;
  readonly closedWhy: string | null;
};

/** What has become of it. `open`: a later plan may take it. */
export const ownerOrderStates = ["open", "planned", "done", "ended", "withdrawn", "expired"] as const;
/** The state, and one plain sentence on it. */
export type Standing = { readonly state: (typeof ownerOrderStates)[number]; readonly why: string };

/** The order in a plan that one has become, and nothing else of it. */
export type Placed = Pick<
  Intent,
  "clientOrderId" | "symbol" | "side" | "qty" | "state" | "reason" | "filledQty" | "sentAtMs"
>;

/** Where the owner's orders of one book are. */
export type OwnerOrders = {
  /** Those that a plan of this instant may take, oldest first. */
  readonly open: (nowMs: number) => readonly OwnerOrder[];
  /** Writes into the transaction of a plan which of them it has taken, at which places, and what the others wait for. */
  readonly note: (
    slot: string,
    taken: readonly { readonly id: string; readonly n: number }[],
    waiting: readonly Waiting[],
  ) => void;
  /** The one that has this place of a plan; null: it is the plan's own idea. */
  readonly at: (slot: string, n: number) => OwnerOrder | null;
};

/** So many may wait in a book at a time. */
export const OPEN_MAX = 20;
const DAY_MS = 86_400_000;
const DAYS = 5;

/** The end of the fifth day (UTC), the day on which it is made being the first. */
export const untilOf = (madeAtMs: number): number => (Math.floor(madeAtMs / DAY_MS) + DAYS) * DAY_MS;

/**
 * What has become of one of the owner's orders. The order that it became tells it, and a place in a plan is left again
 * only where it is certain that nothing was ever sent for it, so that it never becomes two.
 */
export function standingOf(order: KeptOrder, placed: Placed | null, nowMs: number): Standing {
  const told = placed === null ? null : toldBy(order, placed);
  if (told !== null) return told;
  if (order.closed !== null) return { state: order.closed, why: order.closedWhy ?? "" };
  const unsent = placed === null ? null : `Order ${placed.clientOrderId} was not sent.`;
  const waits = order.waitsFor === null ? null : `It waits: ${order.waitsFor}.`;
  if (nowMs >= order.untilMs) {
    const until = `Until ${new Date(order.untilMs).toISOString().slice(0, 16)}Z it could not go out.`;
    return { state: "expired", why: [until, waits ?? unsent].filter((text) => text !== null).join(" ") };
  }
  const next = "The next plan takes it, if no rule forbids it.";
  return { state: "open", why: waits ?? [unsent, next].filter((text) => text !== null).join(" ") };
}

/**
 * Whether an order at the broker may be this one, sent by a node whose plan is lost: no plan here holds it, it is the same
 * trade, and its slot was not over when this one was made.
 */
export const mayBeOrder = (
  { symbol, side, qty, madeAtMs }: KeptOrder,
  intent: Pick<Intent, "slot" | "symbol" | "side" | "qty" | "reason">,
): boolean =>
  isUnplanned(intent) &&
  intent.symbol === symbol &&
  intent.side === side &&
  intent.qty === qty &&
  slotAtMs(intent.slot) + SLOT_MS > madeAtMs;

/** The standing of one that would be open, where the broker has an order that may be it: doubt ends it. */
export const endedBy = ({ clientOrderId }: Pick<Intent, "clientOrderId">): Standing => ({
  state: "ended",
  why: `Order ${clientOrderId} at the broker may be it, and no plan here holds that: give it anew if it is still wanted.`,
});

/** Null: nothing was ever sent for its place. */
function toldBy(order: KeptOrder, placed: Placed): Standing | null {
  const { clientOrderId: id, state, filledQty, reason } = placed;
  if (placed.symbol !== order.symbol || placed.side !== order.side || placed.qty !== order.qty) {
    return { state: "ended", why: `Another order has its place ${id} at the broker: it was not sent.` };
  }
  const part = filledQty > 0 ? `, with ${filledQty} of ${order.qty} filled` : "";
  switch (state) {
    case "planned":
      return { state: "planned", why: `It is order ${id}.` };
    case "sent":
    case "unknown":
    case "open":
    case "partly-filled":
      return { state: "planned", why: `Order ${id} is ${state}${part}.` };
    case "filled":
      return { state: "done", why: `Order ${id} is filled.` };
    case "rejected":
      return { state: "ended", why: `Order ${id} was rejected. ${reason}` };
    case "cancelled":
    case "expired":
      return { state: "ended", why: `Order ${id} is ${state}${part}.` };
    case "not-sent":
      return placed.sentAtMs === null
        ? null
        : {
            state: "ended",
            why: `Order ${id} may have been on its way, and the broker does not have it: give it anew if it is still wanted.`,
          };
  }
}

/** The standing of an order that these locks may hold back. */
export function lockedStanding(order: KeptOrder, standing: Standing, locks: readonly Lock[]): Standing {
  const lock = standing.state === "open" ? lockOn(locks, order) : null;
  return lock === null ? standing : { state: "open", why: `It waits: ${lockText(lock)}` };
}

/** "sell 10 SAP". */
export const orderText = ({ side, qty, symbol }: Pick<OwnerOrder, "side" | "qty" | "symbol">): string =>
  `${side} ${qty} ${symbol}`;
