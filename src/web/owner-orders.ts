import { z } from "zod";
import { overridable } from "../planning/owner-orders.ts";
import type { Told } from "../trading/owner-order-store.ts";
import { ownerOrderStates } from "../trading/owner-orders.ts";
import { withoutAmounts } from "./status.ts";

/** One of the owner's orders as `GET /api/owner-orders` answers it. Instants are the app's clock. */
export const ownerOrderSchema = z.object({
  id: z.string(),
  side: z.enum(["buy", "sell"]),
  symbol: z.string(),
  /** Null for whoever may see no amounts. */
  qty: z.number().nullable(),
  overrides: z.array(z.enum(overridable)),
  madeAt: z.iso.datetime(),
  /** No plan takes it from then on. */
  until: z.iso.datetime(),
  state: z.enum(ownerOrderStates),
  /** What it waits for, which order it is, or how it ended: one plain sentence. */
  why: z.string(),
});
export type ShownOwnerOrder = z.infer<typeof ownerOrderSchema>;

/** One of the owner's orders as this caller may see it. */
export const shownOwnerOrder = ({ order, standing }: Told, amounts: boolean): ShownOwnerOrder => ({
  id: order.id,
  side: order.side,
  symbol: order.symbol,
  qty: amounts ? order.qty : null,
  overrides: [...order.overrides],
  madeAt: new Date(order.madeAtMs).toISOString(),
  until: new Date(order.untilMs).toISOString(),
  state: standing.state,
  why: amounts ? standing.why : withoutAmounts(standing.why),
});
