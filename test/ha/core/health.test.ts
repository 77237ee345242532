import { describe, expect, test } from "vitest";
import { type AgentView, type Question, judge } from "../../../ha/core/health.ts";
import { primaryView, standbyView } from "./views.ts";

type Kind = Exclude<Question["kind"], "standby">;
const yes = (view: AgentView, kind: Kind) => judge(view, { kind }).yes;
const why = (view: AgentView, kind: Kind) => judge(view, { kind }).reasons;
const standby = (view: AgentView, lagTxidsMax: number | null = null) => judge(view, { kind: "standby", lagTxidsMax });
const kinds: readonly Kind[] = ["live", "ready", "health", "primary", "cluster"];
const answers = (view: AgentView) => [
  ...kinds.filter((kind) => yes(view, kind)),
  ...(standby(view).yes ? ["standby"] : []),
];

const { peer } = primaryView;
const silent = peer && { ...peer, reachable: false };
const without = (child: keyof AgentView["pids"]) => ({ ...primaryView.pids, [child]: null });

describe("what a node answers", () => {
  test.each<[string, AgentView, string[]]>([
    ["a primary of a protected pair", primaryView, ["live", "ready", "health", "primary", "cluster"]],
    ["its standby", standbyView, ["live", "ready", "health", "cluster", "standby"]],
    ["a starting node", { ...standbyView, role: "starting" }, ["live"]],
    ["a primary stepping down", { ...primaryView, role: "stepping-down", leaseLeftMs: 0 }, ["live"]],
    ["a primary whose lease has ended", { ...primaryView, leaseLeftMs: 0 }, ["live", "ready"]],
    ["a primary whose app has not opened the ledger", { ...primaryView, ledgerOpen: false }, ["live", "ready"]],
    ["a primary whose app is dead", { ...primaryView, pids: without("app") }, ["live"]],
    [
      "a primary alone, its standby out of the set",
      { ...primaryView, peer: silent, inSync: ["node-a"] },
      ["live", "ready", "health", "primary"],
    ],
    [
      "a primary without its arbiter",
      { ...primaryView, arbiter: { name: "witness", kind: "witness", reachable: false } },
      ["live", "ready", "health", "primary"],
    ],
    [
      "one board alone",
      { ...primaryView, protection: "none", peer: null, arbiter: null, inSync: ["node-a"] },
      ["live", "ready", "health", "primary"],
    ],
    ["a pair in maintenance", { ...primaryView, paused: true }, ["live", "ready", "health", "primary"]],
    ["a standby that catches up", { ...standbyView, inSync: ["node-a"] }, ["live", "ready"]],
    ["a standby that knows no primary", { ...standbyView, primary: null }, ["live", "ready"]],
    ["a standby that hears nothing", { ...standbyView, peer: silent }, ["live", "ready"]],
    [
      "a standby whose copy is known to be damaged",
      { ...standbyView, verified: { at: "2026-11-26T12:00:00.000Z", sound: false, epoch: 4, txid: 7 } },
      ["live", "ready"],
    ],
    ["a standby without its link", { ...standbyView, pids: without("link") }, ["live"]],
  ])("%s", (_, view, expected) => {
    expect(answers(view)).toEqual(expected);
  });

  test("[complaint 11] a standby answers by its lag: up to the bound yes, above it or unknown no", () => {
    expect(standby(standbyView, 3).yes).toBe(true);
    expect(standby(standbyView, 2)).toEqual({ yes: false, reasons: ["It is 3 transactions behind; 2 are allowed."] });
    const unknown = { ...standbyView, peer: standbyView.peer && { ...standbyView.peer, lagTxids: null } };
    expect(standby(unknown, 1_000).reasons).toEqual(["How far it is behind is not known."]);
    expect(standby(unknown).yes).toBe(true);
  });

  test("a no has a reason, a yes has none", () => {
    for (const view of [primaryView, standbyView, { ...primaryView, leaseLeftMs: 0, peer: null, arbiter: null }]) {
      for (const kind of kinds) expect(why(view, kind).length === 0).toBe(yes(view, kind));
    }
  });

  test("all reasons are said, each once", () => {
    const lost = { ...standbyView, peer: silent && { ...silent, name: "node-a" }, inSync: ["node-a"], arbiter: null };
    expect(why(lost, "cluster")).toEqual([
      "node-a is not heard from.",
      "node-b does not hold everything confirmed yet; it is catching up.",
      "node-b does not hold everything confirmed yet.",
      "There is no arbiter.",
    ]);
  });
});
