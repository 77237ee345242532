import type { PairView } from "../../ha/contract.ts";

/** A standby of a pair in which all is well. */
export const quietPair: PairView = {
  node: "uno-a",
  role: "standby",
  epoch: 1,
  protection: "strict",
  limits: "Any one of the three may die.",
  paused: false,
  inSync: ["uno-a", "uno-b"],
  reasons: [],
  lagTxids: null,
  primaryApp: null,
  primary: "uno-b",
  peer: { name: "uno-b", reachable: true, inSync: true },
  arbiter: { name: "witness", reachable: true },
  troubles: [],
};
