import { z } from "zod";
import { exactShares } from "../../analytics/money/shares.ts";
import type { BrokerOrder } from "../broker.ts";

/** What the SDK hands over is typed but not checked: these schemas check what the port passes on. */
const amount = z.coerce.number();

export const orderWire = z.object({
  id: z.string().min(1),
  clientOrderId: z.string().min(1),
  symbol: z.string().min(1),
  side: z.enum(["buy", "sell"]),
  qty: amount.positive(),
  filledQty: amount.nonnegative().default(0),
  filledAvgPrice: z
    .union([z.string(), z.number()])
    .nullish()
    .transform((price) => (price === null || price === undefined ? null : Number(price))),
  status: z.string(),
});

/** An order as the SDK types it, before it is checked. */
export type WireOrder = {
  readonly id?: string | undefined;
  readonly clientOrderId?: string | undefined;
  readonly submittedAt?: Date | null | undefined;
};

const ENDED: { readonly [status: string]: BrokerOrder["state"] } = {
  filled: "filled",
  canceled: "cancelled",
  // Replaced by hand: this order has ended, the one in its place is nobody's plan.
  replaced: "cancelled",
  expired: "expired",
  rejected: "rejected",
};
const WORKING: ReadonlySet<string> = new Set([
  "new",
  "partially_filled",
  "done_for_day",
  "pending_cancel",
  "pending_replace",
  "accepted",
  "pending_new",
  "accepted_for_bidding",
  "stopped",
  "suspended",
  "calculated",
  "held",
]);

/** Throws for a status that Alpaca does not document. */
export function toBrokerOrder(order: z.infer<typeof orderWire>): BrokerOrder {
  const { id, clientOrderId, symbol, side, qty, filledQty, filledAvgPrice, status } = order;
  const working = WORKING.has(status) ? (filledQty > 0 ? "partly-filled" : "open") : undefined;
  const state = ENDED[status] ?? working;
  if (state === undefined) throw new Error(`order ${clientOrderId} has the unknown status "${status}"`);
  return { brokerOrderId: id, clientOrderId, symbol, side, qty, state, filledQty, filledAvgPrice: filledAvgPrice };
}

export const positionWire = z
  .object({ symbol: z.string().min(1), qty: amount.transform(exactShares), avgEntryPrice: amount })
  .transform(({ symbol, qty, avgEntryPrice }) => ({ symbol, qty, currency: "USD", avgPrice: avgEntryPrice }));

export const accountWire = z
  .object({
    accountNumber: z.string().min(1),
    cash: z.coerce.number(),
    equity: z.coerce.number(),
    currency: z.literal("USD"),
  })
  .transform(({ accountNumber, cash, equity, currency }) => ({
    accountId: accountNumber,
    currency,
    cash: { [currency]: cash },
    equity,
  }));
