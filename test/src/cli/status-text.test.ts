import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { ShownView } from "../../../src/cli/agent-view.ts";
import { statusLines } from "../../../src/cli/status-text.ts";

const primary: ShownView = {
  node: "uno-a",
  role: "primary",
  primary: "uno-a",
  epoch: 7,
  leaseLeftMs: 2_700,
  ledgerOpen: true,
  position: { epoch: 7, txid: 41 },
  inSync: ["uno-a", "uno-b"],
  protection: "strict",
  limits: "Any one of the three may die.",
  peer: { name: "uno-b", reachable: true, inSync: true, lagTxids: 0, lastHeardMs: 90 },
  arbiter: { name: "pi", kind: "witness", reachable: true },
  pids: { agent: 1, link: 2, app: 3, litestream: 4 },
  reasons: [],
  appNotes: [],
  paused: false,
  history: [{ at: "2026-01-01T10:00:00.000Z", text: "uno-a became primary." }],
  verified: null,
  appPort: 8000,
};
const NOW_MS = Date.parse("2026-01-01T10:02:00.000Z");

const shown = (change: Partial<ShownView>): string =>
  statusLines({ ...primary, ...change }, NOW_MS)
    .map(stripVTControlCharacters)
    .join("\n");

test("the whole of a healthy pair, as its primary sees it", () => {
  expect(shown({})).toMatchInlineSnapshot(`
    "uno-a   primary   epoch 7   lease 2.7 s left, trading
    uno-b   standby             in sync, 0 transactions behind
    pi      witness             answers

    Protection: strict. Any one of the three may die.
    All is as it should be.

    Newest events:
       2 min ago  uno-a became primary."
  `);
});

test("a standby says how far it is behind and who leads", () => {
  const peer = { name: "uno-a", reachable: true, inSync: true, lagTxids: 1, lastHeardMs: 20 };
  const text = shown({ node: "uno-b", role: "standby", leaseLeftMs: 0, ledgerOpen: false, peer });
  expect(text).toMatch(/^uno-b +standby +epoch 7 +in sync, 1 transaction behind, at 7\/41$/m);
  expect(text).toMatch(/^uno-a +primary +leads$/m);
});

test("the protection in force comes with what it cannot survive, and a silent node with when it was heard", () => {
  const silent = { name: "uno-b", reachable: false, inSync: false, lagTxids: null, lastHeardMs: 65_000 };
  expect(shown({ protection: "heuristic", limits: "A cut may make two." })).toMatch(
    /Protection: heuristic\. A cut may/,
  );
  expect(shown({ inSync: ["uno-a"], peer: silent })).toMatch(/uno-b +standby +not heard from \(last heard 65 s ago\)/);
});

test("what is not as it should be is said line by line", () => {
  const text = shown({ reasons: ["The app does not run."], paused: true });
  expect(text).toContain("Not as it should be:\n  - The app does not run.");
  expect(text).toContain("Maintenance is on");
  expect(text).not.toContain("All is as it should be");
});
