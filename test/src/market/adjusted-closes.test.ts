import { expect, test } from "vitest";
import { adjustedCloses } from "../../../src/market/adjusted-closes.ts";

const paid = (...days: readonly (readonly [number, number])[]) => [
  ...adjustedCloses(days.map(([close, dividend]) => ({ close, dividend }))),
];

test("closes before an ex-dividend day fall by its share of the close before it, each dividend in turn", () => {
  expect(paid([100, 0], [98, 2], [49, 49], [50, 0])).toEqual([49, 49, 49, 50]);
  expect(paid([7, 0], [8, 0])).toEqual([7, 8]);
  expect(paid()).toEqual([]);
});

test("a dividend that is no part of the price is left out", () => {
  expect(paid([100, 0], [98, 100], [99, -3])).toEqual([100, 98, 99]);
  expect(paid([100, 5])).toEqual([100]);
});
