import { targetsFor } from "../planning/aims.ts";
import { overriddenRules } from "../planning/owner-orders.ts";
import { portfolioOf } from "../planning/portfolio.ts";
import { mayTrade } from "../planning/rules/may-trade.ts";
import type { Broker } from "./broker.ts";
import type { OwnerOrders } from "./owner-orders.ts";
import { type Intent, type PlanStore, openIntents } from "./plan-record.ts";
import { type PlanningSources, gather } from "./planning-input.ts";

export type OrderCheckDeps = PlanningSources & {
  readonly broker: Pick<Broker, "positions" | "account">;
  readonly store: Pick<PlanStore, "unsettled">;
  readonly clock: { nowMs(): number };
  /** The owner's order that a place of a plan is; null: the plan's own idea. */
  readonly ownerOrderAt: OwnerOrders["at"];
};

/**
 * Asks the hard rules about an order that is about to be sent, on what the broker, the ledger and the market say at this
 * instant, but those that its owner overrides: one plain sentence on what forbids it, or null. The order itself counts
 * neither as open nor as traded. Throws when a read fails: then nothing is known to allow it.
 */
export async function checkOrder(deps: OrderCheckDeps, intent: Intent): Promise<string | null> {
  const positions = await deps.broker.positions();
  const account = await deps.broker.account();
  const open = openIntents(deps.store.unsettled()).filter(({ clientOrderId, state }) => {
    // What else this plan holds is sent later, if at all, and is asked about then.
    return clientOrderId !== intent.clientOrderId && state !== "planned";
  });
  const gathered = gather(deps, { positions, account, open }, deps.clock.nowMs());
  if (gathered.kind === "unknown") return sentence(intent, gathered.why);
  const { input } = gathered;
  const stock = input.stocks.find(({ symbol }) => symbol === intent.symbol);
  if (stock === undefined) return sentence(intent, "it is not in the universe");
  const portfolio = portfolioOf(input);
  const waived = overriddenRules(deps.ownerOrderAt(intent.slot, intent.n)?.overrides ?? []);
  const refusal = mayTrade({ input, portfolio, targets: targetsFor(input, portfolio), stock, waived }, intent);
  return refusal === null ? null : sentence(intent, `${refusal.why} (${refusal.rule})`);
}

const sentence = ({ n, symbol, side }: Intent, why: string): string =>
  `Order ${n} to ${side} ${symbol} was not sent: ${why}.`;
