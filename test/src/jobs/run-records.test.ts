import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLedger, type Ledger } from "../../../src/db/ledger.ts";
import { readRecords, recordClosings, recordEnd, recordStart } from "../../../src/jobs/run-records.ts";
import { slotMs } from "../../../src/jobs/slots.ts";

const writer = { epoch: 1, node: "uno-a" };
const [first, second] = [slotMs("20261122T1415Z"), slotMs("20261122T1420Z")];
const begin = (attempt: number) => recordStart(ledger, { job: "prices", atMs: first, attempt, nowMs: 1 }, writer);
const end = (status: "completed" | "failed") =>
  recordEnd(ledger, { job: "prices", atMs: first, attempts: 1, nowMs: 2 }, status, "said");

let ledger: Ledger;
beforeEach(() => {
  ledger = openLedger(":memory:", 250);
});
afterEach(() => ledger.close());

describe("records of runs", () => {
  test("a completed slot can neither begin, nor end, nor be closed again", () => {
    begin(1);
    end("completed");
    expect(() => begin(2)).toThrow("completed already");
    expect(() => end("failed")).toThrow("was not running");
    const again = [second, first].map((atMs) => ({ atMs, outcome: "skipped" }));
    expect(() => recordClosings(ledger, "prices", again, 3, writer)).toThrow("completed already");
    expect(readRecords(ledger, "prices")).toEqual({ newestMs: first, newestBegunMs: first, open: [] });
  });

  test("what is open is read back with its attempts and outcome", () => {
    begin(1);
    const open = { atMs: first, attempts: 1, endedAtMs: null, outcome: null };
    expect(readRecords(ledger, "prices").open).toEqual([{ ...open, status: "running" }]);
    end("failed");
    expect(readRecords(ledger, "prices").open).toEqual([{ ...open, status: "failed", endedAtMs: 2, outcome: "said" }]);
    begin(2);
    expect(readRecords(ledger, "prices").open).toEqual([{ ...open, status: "running", attempts: 2 }]);
    expect(readRecords(ledger, "other")).toEqual({ newestMs: null, newestBegunMs: null, open: [] });
  });

  test("a slot closed without a run is recorded, and not begun", () => {
    begin(1);
    end("completed");
    recordClosings(ledger, "prices", [{ atMs: second, outcome: "skipped" }], 3, writer);
    expect(readRecords(ledger, "prices")).toEqual({ newestMs: second, newestBegunMs: first, open: [] });
  });
});
