import { expect, test } from "vitest";
import type { PairView } from "../../ha/contract.ts";
import { PairViews } from "../../ha/pair-views.ts";
import { quietPair } from "../support/pair-view.ts";

const view: PairView = { ...quietPair, epoch: 3, primaryApp: "10.0.0.1:8000", lagTxids: 0 };

test("an app hears of every change at once, of a lag once a second, of nothing twice", () => {
  const told: (readonly [number, number | null])[] = [];
  const views = new PairViews(({ epoch, lagTxids }) => told.push([epoch, lagTxids]));
  const at = (ms: number, change: Partial<PairView>): void => views.tell({ ...view, ...change }, ms);
  at(0, {});
  at(100, {});
  at(200, { lagTxids: 1 });
  at(300, { lagTxids: 2 });
  expect(told).toEqual([[3, 0]]);
  at(1_000, { lagTxids: 4 });
  at(1_100, { lagTxids: 5, epoch: 4 });
  at(2_099, { lagTxids: 0, epoch: 4 });
  at(2_100, { lagTxids: 0, epoch: 4 });
  expect(told).toEqual([
    [3, 0],
    [3, 4],
    [4, 5],
    [4, 0],
  ]);
});
