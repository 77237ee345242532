import type { AgentView } from "../../../ha/core/health.ts";

/** A primary of a pair that is protected. */
export const primaryView: AgentView = {
  node: "node-a",
  role: "primary",
  primary: "node-a",
  epoch: 4,
  leaseLeftMs: 2_500,
  ledgerOpen: true,
  position: { epoch: 4, txid: 77 },
  inSync: ["node-a", "node-b"],
  protection: "strict",
  limits: "Any one of the three may die.",
  peer: { name: "node-b", reachable: true, inSync: true, lagTxids: 0, lastHeardMs: 40 },
  arbiter: { name: "witness", kind: "witness", reachable: true },
  pids: { agent: 10, link: 11, app: 12, litestream: 13 },
  reasons: [],
  troubles: [],
  appNotes: [],
  paused: false,
  history: [],
  verified: null,
  appPort: 8000,
  counters: {},
};

/** Its standby. */
export const standbyView: AgentView = {
  ...primaryView,
  node: "node-b",
  role: "standby",
  leaseLeftMs: 0,
  ledgerOpen: false,
  peer: { name: "node-a", reachable: true, inSync: true, lagTxids: 3, lastHeardMs: 40 },
};
