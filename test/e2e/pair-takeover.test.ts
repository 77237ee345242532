import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Pair } from "./pair.ts";
import { ordersOutliveTheirNode } from "./pair-orders.ts";
import { takeoverOfPair } from "./pair-rounds.ts";

const READY_LIMIT_MS = 120_000;
const ROUND_LIMIT_MS = 120_000;

describe.each([
  { exchange: "an exchange that refuses a used order id", args: ["--seed", "11"] },
  { exchange: "an exchange that refuses no order id", args: ["--seed", "12", "--accept-duplicates"] },
])("whole primaries killed in turns, with $exchange", ({ args }) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.start(["--preset", "fast", ...args]);
  }, READY_LIMIT_MS);
  afterAll(() => pair?.stop());
  afterEach(({ task }) => {
    if (task.result?.state === "fail") console.log(pair.logTails());
  });

  const killed: string[] = [];
  test.each([1_300, 2_700])(
    "the other leads with everything confirmed, no slot lost or run twice, no order doubled; the killed one comes back (after %i ms of load)",
    async (loadMs) => {
      const round = await takeoverOfPair(pair, loadMs);
      const { leads, primaryMs, confirmedMs, backMs } = round;
      const figures = [primaryMs, confirmedMs, backMs].map((ms) => `${Math.round(ms)} ms`);
      console.log(`${leads} leads after ${figures[0]}, has confirmed after ${figures[1]}; back after ${figures[2]}`);
      expect(round.violations).toEqual([]);
      killed.push(round.killed);
      expect(new Set(killed).size).toBe(killed.length);
    },
    ROUND_LIMIT_MS,
  );

  if (args.includes("--accept-duplicates")) {
    test(
      "what the owner has ordered outlives the node that took it, and goes out once",
      () => ordersOutliveTheirNode(pair),
      ROUND_LIMIT_MS,
    );
  }
});
