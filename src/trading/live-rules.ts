import type { PairView } from "../../ha/contract.ts";
import type { Broker } from "./broker.ts";

/** Live trading as it was switched on: for one account, within limits in euros. */
export type LiveSwitch = {
  readonly account: string;
  readonly orderEurMax: number;
  readonly dayEurMax: number;
  readonly sinceMs: number;
};

/** What live trading is judged by. */
export type LiveFacts = {
  readonly live: LiveSwitch | null;
  readonly broker: Pick<Broker, "name" | "idempotency">;
  /** The broker's word for whose money it is. */
  readonly account: string;
  /** Of the pair; null while the agent has not said. */
  readonly protection: PairView["protection"] | null;
  readonly whenDetached: "available" | "strict";
};

/** Why no order may go to this broker with real money; null when it may. */
export function whyNotLive({ live, broker, account, protection, whenDetached }: LiveFacts): string | null {
  if (live === null) return "live trading is off";
  if (live.account !== account) {
    // Said where everybody may read it: no account by its id.
    return "live trading was switched on for another account than the broker's";
  }
  if (broker.idempotency === "enforced") return null;
  // Only who cannot be two may send to a broker that takes an order twice.
  const needs = [
    ...(protection === "strict" ? [] : ["an arbiter that is strict (a witness)"]),
    ...(whenDetached === "strict" ? [] : ["strict intents (trader when-detached strict)"]),
  ];
  if (needs.length === 0) return null;
  return `${broker.name} does not refuse an order id that was used, so live trading needs ${needs.join(" and ")}`;
}
