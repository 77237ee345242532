import type { LedDisplay, LedFacts } from "../led/display.ts";

export type MqttMessage = { readonly topic: string; readonly payload: string; readonly retain: boolean };

/** What a node knows at the moment it publishes. `portfolio` is there on a primary whose lease runs, and nowhere else. */
export type MqttFacts = {
  readonly node: string;
  readonly epoch: number;
  readonly role: "primary" | "standby";
  readonly inSync: readonly string[];
  /** Transactions that the standby of the two has not received yet; null when unknown. */
  readonly lagTxids: number | null;
  /** What is not as it should be, one sentence each. */
  readonly reasons: readonly string[];
  readonly portfolio:
    | (Pick<LedFacts, "investedShare" | "actions" | "errors" | "lastTrade"> & { readonly positions: number })
    | null;
};

/** A node's two topics, and the three that only a primary publishes. */
export const topicsOf = (cluster: string) =>
  ({
    status: (node: string) => `trader/${cluster}/nodes/${node}/status`,
    health: (node: string) => `trader/${cluster}/nodes/${node}/health`,
    pair: `trader/${cluster}/pair`,
    portfolio: `trader/${cluster}/portfolio`,
    display: `trader/${cluster}/display`,
  }) as const;

/** "online" while the node's app lives; the broker itself says "offline" when it does not. */
export const statusMessage = (cluster: string, node: string, status: "online" | "offline"): MqttMessage => ({
  topic: topicsOf(cluster).status(node),
  payload: status,
  retain: true,
});

/** Everything that is retained: each node's own health, and of the pair and the portfolio what the primary knows. */
export function stateMessages(cluster: string, facts: MqttFacts): readonly MqttMessage[] {
  const { node, epoch, role, inSync, lagTxids, reasons, portfolio } = facts;
  const topics = topicsOf(cluster);
  const health = json(topics.health(node), {
    role,
    epoch,
    in_sync: inSync.includes(node),
    lag_txids: lagTxids,
    reasons,
  });
  if (portfolio === null) return [health];
  const pair = { primary: node, epoch, protected: inSync.length > 1, in_sync: inSync, lag_txids: lagTxids };
  const { investedShare, positions, actions, errors, lastTrade } = portfolio;
  const shares = {
    node,
    epoch,
    invested_percent: investedShare === null ? null : percent(investedShare),
    cash_percent: investedShare === null ? null : percent(1 - investedShare),
    positions,
    next_actions: actions,
    last_trade: lastTrade,
    errors,
  };
  return [health, json(topics.pair, pair), json(topics.portfolio, shares)];
}

/** What displays draw. Not retained: what lies at a broker has no age. */
export const displayMessage = (cluster: string, display: LedDisplay): MqttMessage => ({
  ...json(topicsOf(cluster).display, display),
  retain: false,
});

const json = (topic: string, value: object): MqttMessage => ({ topic, payload: JSON.stringify(value), retain: true });

/** With one decimal: 82.7. */
const percent = (share: number): number => Math.round(share * 1_000) / 10;
