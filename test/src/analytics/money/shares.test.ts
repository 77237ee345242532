import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exactShares, sharesText } from "../../../../src/analytics/money/shares.ts";

test.each<[number, string]>([
  [10, "10"],
  [100, "100"],
  [7.5, "7.5"],
  [0, "0"],
  [-0, "0"],
  [-2.5, "-2.5"],
  [0.1 + 0.2, "0.3"],
  [33 * 0.05, "1.65"],
  [1e-7, "0.0000001"],
  [4e-10, "0"],
  [1_000_000.000000001, "1000000.000000001"],
])("%d shares read %s", (qty, text) => {
  expect(sharesText(qty)).toBe(text);
});

test("a billionth of a share is kept exactly, whatever is added and taken away", () => {
  const billionths = fc.integer({ min: 1, max: 999_999_999_999_999 });
  fc.assert(
    fc.property(billionths, billionths, (a, b) => {
      const [one, other] = [a / 1e9, b / 1e9];
      expect(exactShares(one)).toBe(one);
      expect(exactShares(exactShares(one + other) - other)).toBe(one);
      expect(Number(sharesText(one))).toBe(one);
    }),
  );
});
