/*
 * How part shares are kept exact: brokers count them to a billionth of a share, so every number of shares is the double
 * nearest to such a decimal. Up to two million shares sums of them stay exact, and 7.5 or 0.333333333 print as they are.
 */
const PARTS = 1e9;
const PART_DIGITS = 9;

/** A number of shares without what binary fractions add to it: to a billionth, halves away from zero. */
export const exactShares = (qty: number): number => Math.sign(qty) * (shareParts(Math.abs(qty)) / PARTS) + 0;

/** Whole billionths of a share. */
export const shareParts = (qty: number): number => Math.round(qty * PARTS);

/** A number of shares as people write it: `10`, `7.5`, `0.000807009`. */
export const sharesText = (qty: number): string =>
  exactShares(qty)
    .toFixed(PART_DIGITS)
    .replace(/\.?0+$/, "");
