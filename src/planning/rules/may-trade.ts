import type { Proposal } from "../stock.ts";
import { mayBuyQty, maySellQty } from "./amount.ts";
import type { Refusal, Situation } from "./refusal.ts";
import { mayBuy, maySell } from "./standing.ts";

/**
 * The hard rules on an order, whoever thought of it: a plan, a resumed plan, a person. null: nothing forbids it. What
 * makes a stock worth buying is not asked here.
 */
export function mayTrade(situation: Situation, { side, qty }: Proposal): Refusal | null {
  return side === "buy"
    ? (mayBuy(situation) ?? mayBuyQty(situation, qty))
    : (maySell(situation) ?? maySellQty(situation, qty));
}
