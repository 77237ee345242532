import { expect, test } from "vitest";
import type { ShownView } from "../../../src/cli/agent-view.ts";
import { judgeCopy } from "../../../src/cli/copy-ledger.ts";

const peer = { name: "uno-a", reachable: true, inSync: true, lagTxids: null, lastHeardMs: 5 };
const view: ShownView = {
  node: "uno-b",
  role: "standby",
  primary: "uno-a",
  epoch: 3,
  leaseLeftMs: 0,
  ledgerOpen: false,
  position: { epoch: 0, txid: 0 },
  inSync: ["uno-a"],
  protection: "strict",
  limits: "",
  peer,
  arbiter: null,
  pids: { agent: 1, link: 2, app: 3, litestream: 4 },
  reasons: [],
  appNotes: [],
  paused: false,
  history: [],
  verified: null,
  appPort: 8000,
};
const at = (nowMs: number, shown: ShownView | null, receivedBytes = 0, grewMs = 0) =>
  judgeCopy({ view: shown, receivedBytes, sinceMs: 0, grewMs }, nowMs);

test("a copy is complete when this node is in the set, or has everything of the epoch that it hears of", () => {
  expect(at(100, view)).toBe("goes-on");
  expect(at(100, { ...view, inSync: ["uno-a", "uno-b"] })).toBe("done");
  const caughtUp = { ...view, position: { epoch: 3, txid: 9 }, peer: { ...peer, lagTxids: 0 } };
  expect(at(100, caughtUp)).toBe("done");
  expect(at(100, { ...caughtUp, position: { epoch: 2, txid: 9 } })).toBe("goes-on");
  expect(at(100, { ...caughtUp, peer: { ...peer, lagTxids: 1 } })).toBe("goes-on");
});

const trouble = (text: RegExp) => ({ trouble: expect.stringMatching(text) });

test("one that does not come about says what is in its way: no agent, a firewall for UDP or TCP, nobody who leads", () => {
  expect(at(40_000, null)).toBe("goes-on");
  expect(at(60_000, null)).toEqual(trouble(/agent does not answer/));
  expect(at(20_000, { ...view, peer: { ...peer, reachable: false } })).toEqual(
    trouble(/uno-a is not heard: allow UDP/),
  );
  expect(at(20_000, { ...view, primary: null })).toEqual(trouble(/Nobody leads yet/));
  expect(at(20_000, view)).toEqual(trouble(/Nothing arrives from uno-a: allow TCP/));
  expect(at(20_000, view, 700, 10_000)).toBe("goes-on");
  expect(at(30_000, view, 700, 10_000)).toEqual(trouble(/No more arrives/));
});
