import type { MqttFacts } from "../../../src/mqtt/messages.ts";

export const primaryFacts: MqttFacts = {
  node: "uno-a",
  epoch: 4,
  role: "primary",
  inSync: ["uno-a", "uno-b"],
  lagTxids: 0,
  reasons: [],
  portfolio: {
    investedShare: 0.8274,
    positions: 12,
    actions: ["BUY AAPL 2.5%", "SELL MSFT 1.0%"],
    errors: [],
    lastTrade: "buy",
  },
};

export const standbyFacts: MqttFacts = {
  ...primaryFacts,
  node: "uno-b",
  role: "standby",
  lagTxids: 3,
  reasons: ["uno-b waits for the witness to grant the lease."],
  portfolio: null,
};
