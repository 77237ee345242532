import { expect, test } from "vitest";
import { LagWatch } from "../../../src/led/lag.ts";

test("what is on its way is no lag; what has been behind for three seconds is", () => {
  let nowMs = 0;
  const lag = new LagWatch(() => nowMs);
  expect(lag.txids).toBeNull();
  lag.see(7);
  expect(lag.txids).toBe(7);
  lag.see(0);
  nowMs = 2_999;
  lag.see(3);
  expect(lag.txids).toBe(0);
  nowMs = 3_000;
  expect(lag.txids).toBe(3);
  lag.see(null);
  expect(lag.txids).toBeNull();
});
