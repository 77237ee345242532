import { expect, test } from "vitest";
import type { HistoryEvent } from "../../../ha/io/history.ts";
import { sentence, told } from "../../../ha/io/history-sentences.ts";

let minute = 0;
const on = (node: string) => ({ at: new Date(Date.UTC(2026, 10, 22, 14, (minute += 1))).toISOString(), node });
const promoted = (
  node: string,
  epoch: number,
  cause: Extract<HistoryEvent, { kind: "promoted" }>["cause"],
  rest: { from?: string; gapMs?: number; lostEstimate?: number } = {},
): HistoryEvent => ({
  kind: "promoted",
  ...on(node),
  epoch,
  cause,
  from: rest.from ?? null,
  gapMs: rest.gapMs ?? null,
  lostEstimate: rest.lostEstimate ?? null,
});
const back = (node: string, fromEpoch: number, toEpoch: number, tailRows: number | null, attic: string | null) =>
  ({ kind: "rejoined", ...on(node), fromEpoch, toEpoch, tailRows, attic }) as const;
const verified = (node: string, outcome: Extract<HistoryEvent, { kind: "verified" }>["outcome"]): HistoryEvent => ({
  kind: "verified",
  ...on(node),
  outcome,
  tookMs: 1_490,
});

const story: readonly HistoryEvent[] = [
  { kind: "started", ...on("node-a"), epoch: 0 },
  promoted("node-a", 1, "start"),
  { kind: "members", ...on("node-a"), version: 3, members: ["node-a", "node-b", "w"], arbiter: "witness" },
  { kind: "set-changed", ...on("node-a"), epoch: 1, inSync: ["node-a", "node-b"], reason: null },
  // A kill, and what it cost when the killed one is back.
  promoted("node-b", 2, "failover", { from: "node-a", gapMs: 3_214, lostEstimate: 2 }),
  { kind: "set-changed", ...on("node-b"), epoch: 2, inSync: ["node-b"], reason: "node-a is silent" },
  back("node-a", 1, 2, 7, "attic/a-1"),
  // A planned one, and one that came back with nothing of its own.
  promoted("node-a", 3, "switchover", { from: "node-b", gapMs: 180, lostEstimate: 0 }),
  back("node-b", 2, 3, 0, null),
  // The primary itself would rather not.
  { kind: "stepped-down", ...on("node-a"), epoch: 3, reason: "the disk is full: 12.0 MB are left for /data" },
  promoted("node-b", 4, "switchover", { from: "node-a", gapMs: 420, lostEstimate: 0 }),
  // By hand, without what the other confirmed alone; it could not be compared.
  { kind: "maintenance", ...on("node-a"), epoch: 4, paused: true },
  promoted("node-a", 5, "forced", { from: "node-b", lostEstimate: 1 }),
  { kind: "maintenance", ...on("node-a"), epoch: 5, paused: false },
  back("node-b", 4, 5, null, "attic/b-4"),
  // The one before has not come back, and nothing, or not even that much, is known.
  promoted("node-b", 6, "failover", { from: "node-a", gapMs: 1_050, lostEstimate: 0 }),
  promoted("node-a", 7, "failover", { from: "node-b", gapMs: 900 }),
  promoted("node-a", 8, "unasked"),
  verified("node-b", { kind: "sound", epoch: 8, txid: 77, rows: 1_234, bytes: 2_400_000 }),
  verified("node-b", { kind: "damaged", epoch: 8, txid: 90, reason: "litestream restore failed: checksum mismatch" }),
  { kind: "reinitialised", ...on("node-b"), epoch: 8, txid: 90, attic: "attic/b-8" },
  verified("node-b", { kind: "undone", reason: "node-a is not heard from" }),
];

test("every event is one plain sentence: what, why, for how long nobody led, what was lost", async () => {
  const lines = story.map((event) => sentence(event));
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/history.txt");
});

test("with what both nodes wrote down, a takeover says why the one before gave up, and the rows that only it had", async () => {
  const shuffled = story.toSorted((a, b) => a.node.localeCompare(b.node));
  const lines = told(shuffled).map((event) => event.sentence);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/history-of-both.txt");
});

test("clocks that differ put nobody's words to another takeover: they belong together by their epochs", () => {
  const early = back("node-a", 1, 2, 7, "attic/a-1");
  const later = {
    ...promoted("node-b", 2, "failover", { from: "node-a", lostEstimate: 2 }),
    at: "2026-12-24T12:00:00.000Z",
  };
  const next = promoted("node-b", 9, "failover", { from: "node-a", lostEstimate: 0 });
  const sentences = told([early, later, next]).map((event) => event.sentence);
  expect(sentences[0]).toMatch(/came back as standby/);
  expect(sentences.find((text) => text.includes("(epoch 2)"))).toMatch(/7 rows of its own/);
  expect(sentences.find((text) => text.includes("(epoch 9)"))).toMatch(/nothing is known to be lost/);
});

test("why a node once gave the lease away explains no later takeover", () => {
  const gave = { kind: "stepped-down", ...on("node-a"), epoch: 3, reason: "the disk is full" } as const;
  const events = [gave, promoted("node-b", 4, "switchover", { from: "node-a" }), promoted("node-a", 5, "start")];
  const later = promoted("node-b", 6, "switchover", { from: "node-a" });
  const sentences = told([...events, later]).map((event) => event.sentence);
  expect(sentences[1]).toMatch(
    /^node-b took over from node-a, which gave the lease away \(the disk is full\) \(epoch 4\)/,
  );
  expect(sentences[3]).toMatch(/^node-b took over from node-a by switchover \(epoch 6\)/);
});
