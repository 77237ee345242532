import type { PairView } from "../../ha/contract.ts";
import type { LedFacts } from "../led/display.ts";
import type { LedgerView } from "../ledger-view.ts";
import type { MqttFacts } from "./messages.ts";

export type MqttInputs = {
  readonly node: string;
  /** What the agent last said of the pair; null before it did. */
  readonly pair: PairView | null;
  readonly led: LedFacts;
  /** The open ledger of a primary whose lease runs; null elsewhere. */
  readonly ledger: LedgerView | null;
};

/** What this node publishes. Of the portfolio shares only: whoever reads a broker is not paired. */
export function mqttFacts({ node, pair, led, ledger }: MqttInputs): MqttFacts {
  const { investedShare, actions, errors, lastTrade } = led;
  return {
    node,
    epoch: led.epoch,
    role: ledger === null ? "standby" : "primary",
    inSync: pair?.inSync ?? [],
    lagTxids: pair?.lagTxids ?? null,
    reasons: pair?.reasons ?? [],
    portfolio:
      ledger === null ? null : { investedShare, actions, errors, lastTrade, positions: ledger.positions.length },
  };
}
