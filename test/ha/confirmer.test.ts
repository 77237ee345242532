import { beforeEach, expect, test } from "vitest";
import { Confirmer } from "../../ha/confirmer.ts";
import type { ConfirmMode } from "../../ha/confirmer.ts";

let mode: ConfirmMode;
let nowMs: number;
let answers: string[];
let syncs: ((synced: boolean) => void)[];
let confirmer: Confirmer;

beforeEach(() => {
  mode = "with-standby";
  nowMs = 0;
  answers = [];
  syncs = [];
  confirmer = new Confirmer(
    {
      nowMs: () => nowMs,
      mode: () => mode,
      answer: (n, outcome) => answers.push(`${n} ${outcome}`),
      sync: () => new Promise((resolve) => syncs.push(resolve)),
    },
    1_000,
  );
});

const endSync = async (synced: boolean): Promise<void> => {
  syncs.shift()?.(synced);
  await Promise.resolve();
  await Promise.resolve();
};

test("a request counts on a sync that started after it", async () => {
  confirmer.request(1);
  confirmer.request(2);
  await endSync(true);
  expect(answers).toEqual(["1 confirmed"]);
  await endSync(true);
  expect(answers).toEqual(["1 confirmed", "2 confirmed"]);
});

test("requests that wait share one sync", async () => {
  confirmer.request(1);
  for (let n = 2; n <= 50; n += 1) confirmer.request(n);
  await endSync(true);
  expect(syncs).toHaveLength(1);
  await endSync(true);
  expect(answers).toHaveLength(50);
});

test("too late is unknown, never failed, and a sync that ends later does not change it", async () => {
  confirmer.request(1);
  nowMs = 1_000;
  confirmer.review();
  await endSync(true);
  expect(answers).toEqual(["1 unknown"]);
});

test("a failed sync confirms nothing and is asked again only at the next review", async () => {
  confirmer.request(1);
  await endSync(false);
  expect(answers).toEqual([]);
  expect(syncs).toHaveLength(0);
  confirmer.review();
  expect(syncs).toHaveLength(1);
});

test("rule 9: alone, nothing is confirmed before another voter has recorded the set", () => {
  mode = "wait";
  confirmer.request(1);
  expect(answers).toEqual([]);
  mode = "alone";
  confirmer.review();
  expect(answers).toEqual(["1 confirmed"]);
});

test("[HA-6] a sync that ends after the lease was lost confirms nothing", async () => {
  confirmer.request(1);
  mode = "wait";
  await endSync(true);
  expect(answers).toEqual([]);
  confirmer.abandon();
  expect(answers).toEqual(["1 unknown"]);
});
