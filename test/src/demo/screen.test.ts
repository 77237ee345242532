import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { NodeShot, Snapshot } from "../../../src/demo/observe.ts";
import { primaryOf } from "../../../src/demo/observe.ts";
import { type Scene, screenLines } from "../../../src/demo/screen.ts";
import { cut, pad, painter, visible } from "../../../src/demo/text.ts";

const pids = { agent: 11, link: 12, app: 13, litestream: 14 };
const led = {
  mode: "normal",
  error_message: "",
  trade_is_buy: true,
  led3: [0, 255, 0],
  led4: [0, 0, 0],
  ticker_text: "INVESTED 83%",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node: "node-a", epoch: 3 },
} satisfies NodeShot["led"];

const shot = (name: string, role: "primary" | "standby", epoch = 3): NodeShot => ({
  name,
  led,
  view: {
    node: name,
    role,
    primary: "node-a",
    epoch,
    leaseLeftMs: role === "primary" ? 800 : 0,
    ledgerOpen: role === "primary",
    position: { epoch, txid: 9 },
    inSync: ["node-a", "node-b"],
    protection: "strict",
    limits: "Any one of the three may die.",
    peer: {
      name: name === "node-a" ? "node-b" : "node-a",
      reachable: true,
      inSync: true,
      lagTxids: 0,
      lastHeardMs: 20,
    },
    arbiter: { name: "witness", kind: "witness", reachable: true },
    pids,
    reasons: [],
    appNotes: [],
    paused: false,
    history: [{ at: "2026-01-01T10:00:01.000Z", text: "node-a became primary." }],
    verified: null,
    appPort: 9000,
  },
});

const order = (n: number) => ({
  at: "2026-01-01T10:00:00.000Z",
  clientOrderId: `demo-20260106T14${15 + n}Z-1`,
  symbol: "AAPL",
  side: "buy",
  qty: 12,
  outcome: "accepted",
});
const whole: Snapshot = {
  nodes: [shot("node-a", "primary"), shot("node-b", "standby")],
  orders: Array.from({ length: 30 }, (_, n) => order(n)),
  appTime: "2026-01-06T14:31:07.000Z",
  cycles: [],
};
const scene = (snapshot: Snapshot, notes: Scene["notes"] = []): Scene => ({
  snapshot,
  title: "Demo",
  leaseMs: 1000,
  starting: [],
  notes,
  tick: 20,
});

test("24 rows of 80 columns show both nodes, the lease, the protection, orders, events and keys", () => {
  const lines = screenLines(scene(whole), 24, 80, painter(false));
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(lines.filter((line) => visible(line) > 80)).toEqual([]);
  const text = lines.join("\n");
  for (const piece of ["node-a  ● PRIMARY  epoch 3", "0.80 s left", "node-b  ○ standby", "in sync, 0 behind"]) {
    expect(text).toContain(piece);
  }
  for (const piece of [
    "Protection: strict: any one",
    "buy    12 AAPL",
    "node-a became primary.",
    "k kill the primary",
    "1:",
  ]) {
    expect(text).toContain(piece);
  }
});

test("any size of terminal is never overrun, with colours too", () => {
  for (const [rows, columns] of [
    [5, 20],
    [24, 60],
    [50, 200],
  ] as const) {
    const lines = screenLines(scene(whole), rows, columns, painter(true));
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.filter((line) => visible(line) > columns)).toEqual([]);
  }
});

test("a killed node is shown dead and its LEDs dark", () => {
  const dead: Snapshot = { ...whole, nodes: [{ name: "node-a", view: null, led: null }, shot("node-b", "primary", 4)] };
  const lines = screenLines(scene(dead), 30, 80, painter(false));
  expect(lines[2]).toMatch(/^node-a {2}● dead .*node-b {2}● PRIMARY {2}epoch 4/);
  expect(lines[5]).toMatch(/^│ {26}│/);
});

test("a node whose agent was started and does not answer yet is not called dead", () => {
  const early: Snapshot = { ...whole, nodes: [{ name: "node-a", view: null, led: null }, shot("node-b", "primary")] };
  const lines = screenLines({ ...scene(early), starting: ["node-a"] }, 30, 80, painter(false));
  expect(lines[2]).toMatch(/^node-a {2}○ starting/);
});

test("events of both nodes and the demo's own come once, in order", () => {
  const notes = [{ at: "2026-01-01T10:00:00.500Z", text: "node-b starts again." }];
  const lines = screenLines(scene(whole, notes), 40, 80, painter(false)).map((line) => line.trim());
  const events = lines.filter((line) => /^\d\d:\d\d:\d\d/.test(line));
  expect(events).toEqual(["10:00:00  node-b starts again.", "10:00:01  node-a became primary."]);
});

test("of two nodes that both say they lead, the higher epoch counts", () => {
  const both: Snapshot = { ...whole, nodes: [shot("node-a", "primary", 3), shot("node-b", "primary", 4)] };
  expect(primaryOf(both)?.name).toBe("node-b");
});

test("widths count what is seen", () => {
  const red = painter(true)("red", "alarm");
  expect(visible(red)).toBe(5);
  expect(stripVTControlCharacters(pad(red, 8))).toBe("alarm   ");
  expect(stripVTControlCharacters(cut(red, 3))).toBe("ala");
  expect(cut("short", 10)).toBe("short");
});
