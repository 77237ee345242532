import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HistoryEvent, HistoryFile, readHistory } from "../../../ha/io/history.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-history-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const base = { at: "2026-11-22T14:15:00.000Z", node: "node-b" };
const started = (epoch: number): HistoryEvent => ({ kind: "started", ...base, epoch });
const path = () => join(dir, "history.jsonl");

describe("the history", () => {
  test("is empty before anything happened", async () => {
    expect(await readHistory(dir, 10)).toEqual([]);
  });

  test("keeps events in order over runs, for this user only", async () => {
    const first = new HistoryFile(dir);
    await Promise.all([1, 2, 3].map((epoch) => first.append(started(epoch))));
    await new HistoryFile(dir).append(started(4));
    expect(await readHistory(dir, 10)).toEqual([1, 2, 3, 4].map(started));
    expect(await readHistory(dir, 2)).toEqual([3, 4].map(started));
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test("a last line torn at any byte costs that line only, and the next one stands by itself", async () => {
    const file = new HistoryFile(dir);
    await file.append(started(1));
    const whole = readFileSync(path(), "utf8");
    const next = JSON.stringify(started(2));
    for (let torn = 0; torn < next.length; torn += 1) {
      writeFileSync(path(), whole + next.slice(0, torn));
      expect(await readHistory(dir, 10)).toEqual([started(1)]);
    }
    await file.append(started(3));
    expect(await readHistory(dir, 10)).toEqual([started(1), started(3)]);
  });

  test("lines of another version or of nobody are left out", async () => {
    await new HistoryFile(dir).append(started(1));
    appendFileSync(path(), '{"kind":"teleported","at":"x"}\n\nnonsense\n[1]\n');
    await new HistoryFile(dir).append(started(2));
    expect(await readHistory(dir, 10)).toEqual([started(1), started(2)]);
  });

  test("is bounded: at a megabyte the file before the last is dropped", async () => {
    const file = new HistoryFile(dir);
    const line = `${JSON.stringify(started(1))}\n`;
    writeFileSync(path(), line.repeat(Math.floor(1_000_000 / line.length)));
    await file.append(started(2));
    expect(statSync(path()).size).toBeLessThan(200);
    expect(await readHistory(dir, 2)).toEqual([started(1), started(2)]);
    writeFileSync(path(), line.repeat(Math.floor(1_000_000 / line.length)));
    await file.append(started(3));
    expect(readdirSync(dir).toSorted()).toEqual(["history.1.jsonl", "history.jsonl"]);
    expect(await readHistory(dir, 1)).toEqual([started(3)]);
  });

  test("an event that breaks its own rules is refused, and the next one is written", async () => {
    const file = new HistoryFile(dir);
    const wrong = file.append(started(-1));
    const right = file.append(started(1));
    await expect(wrong).rejects.toThrow();
    await right;
    expect(await readHistory(dir, 10)).toEqual([started(1)]);
  });
});
