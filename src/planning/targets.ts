import type { Shares } from "./settings.ts";
import type { Stock } from "./stock.ts";

/** A stock that may have a share: how much it appeals, and the most that it may have. */
export type Aim = Pick<Stock, "symbol" | "region" | "industries"> & { readonly appeal: number; readonly max: number };

/** Shares of the investable money. Groups that no aim is in are left out, and the others have theirs in proportion. */
export type Targets = {
  readonly stocks: ReadonlyMap<string, number>;
  readonly regions: ReadonlyMap<string, number>;
  readonly industries: ReadonlyMap<string, number>;
};

/** More than it takes, unless targets and caps contradict each other. */
const ROUNDS = 200;
/** A round that moves no share by more is the last. */
const STILL = 1e-9;
/** Keeps a share that is next to nothing from becoming infinite. */
const FACTOR_MAX = 1e6;

/**
 * The shares nearest to the appeals that add up to the targets of regions and industries: proportional fitting (Deming
 * and Stephan 1940), each round also cut to what a stock may have. Where targets contradict each other or a cap, those
 * of the regions win over those of the industries, and no share is above its cap: cash is left instead.
 */
export function targetsOf(aims: readonly Aim[], regions: Shares, industries: Shares): Targets {
  const sorted = aims.filter((aim) => aim.appeal > 0).toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const caps = sorted.map((aim) => aim.max);
  const byRegion = grouping(
    sorted.map((aim) => [aim.region]),
    regions,
  );
  const byIndustry = grouping(
    sorted.map((aim) => aim.industries),
    industries,
  );
  const appeal = sorted.reduce((sum, aim) => sum + aim.appeal, 0);
  let weights = sorted.map((aim) => aim.appeal / appeal);
  for (let round = 0; round < ROUNDS; round++) {
    const before = weights;
    // Regions come last: cut to their caps, their sums stay at or below their targets.
    weights = fit(byRegion, fit(byIndustry, weights, caps), caps);
    if (weights.every((weight, index) => Math.abs(weight - (before[index] ?? 0)) <= STILL)) break;
  }
  return {
    stocks: new Map(sorted.map((aim, index) => [aim.symbol, weights[index] ?? 0])),
    regions: byRegion.targets,
    industries: byIndustry.targets,
  };
}

type Part = readonly [group: string, part: number];
type Grouping = { readonly parts: readonly (readonly Part[])[]; readonly targets: ReadonlyMap<string, number> };

/** Which groups each stock is in, and the targets of those that have any. */
const grouping = (groupsOf: readonly (readonly string[])[], shares: Shares): Grouping => ({
  parts: groupsOf.map(partsOf),
  targets: sharesAmong(groupsOf.flat(), shares),
});

/** The targets of the groups with these names, which add up to 1: they have also what is meant for others. */
export function sharesAmong(groups: readonly string[], shares: Shares): ReadonlyMap<string, number> {
  const names = [...new Set(groups)].sort();
  const sum = names.reduce((total, name) => total + (shares[name] ?? 0), 0);
  return new Map(names.map((name) => [name, sum > 0 ? (shares[name] ?? 0) / sum : 0]));
}

/** Scales the weights of each group to its target, and cuts them to their caps. */
function fit({ parts, targets }: Grouping, weights: readonly number[], caps: readonly number[]): number[] {
  const sums = new Map<string, number>();
  for (const [index, groups] of parts.entries()) {
    for (const [group, part] of groups) sums.set(group, (sums.get(group) ?? 0) + part * (weights[index] ?? 0));
  }
  const factors = new Map(
    [...sums].map(([group, sum]) => [group, sum > 0 ? Math.min(FACTOR_MAX, (targets.get(group) ?? 0) / sum) : 0]),
  );
  return weights.map((weight, index) => {
    const scale = (parts[index] ?? []).reduce((total, [group, part]) => total + part * (factors.get(group) ?? 0), 0);
    return Math.min(caps[index] ?? 0, weight * scale);
  });
}

/** Each group with its part of a stock's value. */
export const partsOf = (groups: readonly string[]): readonly Part[] =>
  groups.map((group) => [group, 1 / groups.length]);
