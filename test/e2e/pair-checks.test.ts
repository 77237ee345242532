import { expect, test } from "vitest";
import { slotMs, slotsBetween, slotText } from "../../src/jobs/slots.ts";
import { type JobRun, doubled, incomplete } from "./pair-checks.ts";

const attempt = (clientOrderId: string, qty: number, outcome: string) => ({
  clientOrderId,
  symbol: "KO",
  side: "buy",
  qty,
  outcome,
});

test("a journal with one intention for each place, refused repeats included, is in order", () => {
  const first = attempt("demo-20261122T1415Z-1", 5, "accepted");
  expect(doubled([first, { ...first, outcome: "duplicate" }, attempt("demo-20261122T1430Z-1", 7, "accepted")])).toEqual(
    [],
  );
});

test("a place with two intentions is named, though one of them was refused", () => {
  const id = "demo-20261122T1415Z-1";
  expect(doubled([attempt(id, 5, "accepted"), attempt(id, 6, "duplicate")])).toEqual([
    `${id} was buy 5 KO and buy 6 KO`,
  ]);
});

test("an order that the exchange took twice is named", () => {
  const id = "demo-20261122T1415Z-1";
  expect(doubled([attempt(id, 5, "accepted"), attempt(id, 5, "accepted")])).toEqual([`${id} was accepted 2 times`]);
});

const from = slotMs("20261122T1400Z");
const until = slotMs("20261122T1500Z");
const everyMinutes = { "price-sync": 5, "portfolio-sync": 15, "score-refresh": 30, rebalance: 15 };
const slots: Readonly<Record<string, readonly number[]>> = {
  "daily-maintenance": [slotMs("20261122T0300Z")],
  "weekly-maintenance": [slotMs("20261122T0400Z")],
  ...Object.fromEntries(
    Object.entries(everyMinutes).map(([job, minutes]) => [
      job,
      [from, ...slotsBetween(`*/${minutes} * * * *`, from, until, 100)],
    ]),
  ),
};
const complete: JobRun[] = Object.entries(slots).flatMap(([job, begun]) =>
  begun.map((at) => ({
    job,
    slot: slotText(at),
    epoch: 1,
    node: "node-a",
    status: "completed" as const,
    startedAtMs: at,
  })),
);

const at = (row: JobRun, job: string, slot: string): boolean => row.job === job && row.slot === slot;

test("a schedule without a hole is in order", () => {
  expect(incomplete(complete, until)).toEqual([]);
});

test("a missing slot, a failed one and a job that never ran are named", () => {
  const broken = complete
    .filter((row) => !at(row, "price-sync", "20261122T1420Z") && row.job !== "score-refresh")
    .map((row) => (at(row, "rebalance", "20261122T1430Z") ? { ...row, status: "failed" as const } : row));
  expect(incomplete(broken, until)).toEqual([
    "price-sync 20261122T1420Z is missing",
    "score-refresh never ran",
    "rebalance 20261122T1430Z is failed",
  ]);
});
