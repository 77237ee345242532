import { partOf } from "./amount.ts";
import { exactShares, shareParts } from "./shares.ts";

/** Shares bought together: their cost without fees in the stock's currency, and in the book's at the rate of that day. */
export type Lot = {
  readonly dayMs: number;
  readonly qty: number;
  readonly costMinor: number;
  readonly costBaseMinor: number;
};

/** What the lots have together. */
export const sumOf = (lots: readonly Lot[], key: "qty" | "costMinor" | "costBaseMinor"): number => {
  const sum = lots.reduce((all, lot) => all + lot[key], 0);
  return key === "qty" ? exactShares(sum) : sum;
};

/**
 * Takes so many shares, no more than there are, **first in, first out**: the oldest lots, and of the last of them its
 * part; what is left of a lot keeps what is left of its cost, so costs add up to the cent.
 */
export function firstOut(
  lots: readonly Lot[],
  qty: number,
): { readonly taken: readonly Lot[]; readonly left: readonly Lot[] } {
  const [taken, left]: [Lot[], Lot[]] = [[], []];
  let wanted = qty;
  for (const lot of lots) {
    const some = Math.min(wanted, lot.qty);
    wanted = exactShares(wanted - some);
    const costMinor = partOf(lot.costMinor, shareParts(some), shareParts(lot.qty));
    const costBaseMinor = partOf(lot.costBaseMinor, shareParts(some), shareParts(lot.qty));
    const rest = {
      qty: exactShares(lot.qty - some),
      costMinor: lot.costMinor - costMinor,
      costBaseMinor: lot.costBaseMinor - costBaseMinor,
    };
    if (some > 0) taken.push({ dayMs: lot.dayMs, qty: some, costMinor, costBaseMinor });
    if (rest.qty > 0) left.push({ dayMs: lot.dayMs, ...rest });
  }
  return { taken, left };
}

/** The lots with so many shares instead, each with its part of them and all of its cost: what a split does. */
export function splitLots(lots: readonly Lot[], qty: number): readonly Lot[] {
  const ratio = qty / sumOf(lots, "qty");
  // Each ends at the rounded sum so far, so that they have the shares exactly; one that is left with none goes with its
  // neighbour.
  const split: Lot[] = [];
  let [before, after] = [0, 0];
  for (const lot of lots) {
    before = exactShares(before + lot.qty);
    const own = { ...lot, qty: exactShares(exactShares(before * ratio) - after) };
    after = exactShares(after + own.qty);
    const last = split.at(-1);
    if (last === undefined || (last.qty > 0 && own.qty > 0)) split.push(own);
    else split[split.length - 1] = together(last, own);
  }
  return split;
}

const together = (a: Lot, b: Lot): Lot => ({
  dayMs: a.dayMs,
  qty: exactShares(a.qty + b.qty),
  costMinor: a.costMinor + b.costMinor,
  costBaseMinor: a.costBaseMinor + b.costBaseMinor,
});
