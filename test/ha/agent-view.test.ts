import { expect, test } from "vitest";
import { viewOf } from "../../ha/agent-view.ts";
import { judge } from "../../ha/core/health.ts";
import { createPair, feed, member, pass, record, start, stop, sync } from "./core/pair.ts";
import type { Pair } from "./core/pair.ts";

const seenBy = (pair: Pair, name: string) =>
  viewOf({
    member: member(pair, name),
    nowMs: pair.nowMs,
    appReady: true,
    ledgerOpen: true,
    pids: { agent: 1, link: 2, app: 3, litestream: 4 },
    troubles: [],
    replicaTrouble: null,
    history: [],
    verified: null,
    appNotes: [],
    appPort: 8000,
    counters: {},
    refusals: [],
    retired: null,
  });

test("a pair is called protected when the standby itself has recorded that it may lead, not when the primary has", () => {
  const alone = record(1, "a", sync(["a"], 1, 2));
  const pair = createPair({ a: alone, b: alone, w: alone });
  for (const name of ["a", "b", "w"]) start(pair, name);
  pass(pair, 2_000);
  stop(pair, "b");
  feed(pair, "a", { kind: "expand" });
  const early = seenBy(pair, "a");
  expect([early.inSync, early.peer?.inSync]).toEqual([["a", "b"], false]);
  expect(judge(early, { kind: "cluster" })).toEqual({
    yes: false,
    reasons: ["b has not recorded yet that it may lead."],
  });
  start(pair, "b");
  pass(pair, 2_000);
  expect(judge(seenBy(pair, "a"), { kind: "cluster" })).toEqual({ yes: true, reasons: [] });
});
