import type { PlanningInput } from "./input.ts";
import type { Portfolio } from "./portfolio.ts";
import { type Candidate, propose } from "./propose.ts";
import { money } from "./rules/refusal.ts";
import { SAME_EUR, type Sequence, possible } from "./sequences.ts";
import type { Side } from "./stock.ts";
import { type Scale, outOfPlaceEur } from "./worth.ts";

/** What was not done: the rule that spoke against it, and one plain sentence with its figures. */
type Rejected = {
  readonly symbol: string;
  readonly side: Side;
  readonly rule: string;
  readonly why: string;
  /** Worth after costs, on the scale; null when a rule forbade it. */
  readonly netEur: number | null;
};

/** What a region or an industry has and should have, as fractions of what is invested and to be invested. */
type Drift = { readonly name: string; readonly share: number; readonly target: number; readonly balanced: boolean };

/** What a plan was chosen from. */
export type Considered = {
  /** Before the plan. */
  readonly regions: readonly Drift[];
  readonly industries: readonly Drift[];
  /** Euros out of place without the plan and with it. */
  readonly outOfPlaceEur: number;
  readonly outOfPlaceAfterEur: number;
  /** What the plan costs, and what it is worth after that; doing nothing is 0. */
  readonly costEur: number;
  readonly netEur: number;
  /** Worth most first, then by size; those beyond the bound are only counted. */
  readonly rejected: readonly Rejected[];
  readonly more: number;
};

export const REJECTED_MAX = 40;

/** What the chosen sequence was compared with, seen from where it leads. */
export function consider(input: PlanningInput, scale: Scale, nothing: Sequence, chosen: Sequence): Considered {
  const rejected = rejections(input, scale, chosen);
  const { targets } = scale;
  const { regionsEur, industriesEur } = nothing.portfolio;
  return {
    regions: driftOf(input, nothing.portfolio, targets.regions, regionsEur),
    industries: driftOf(input, nothing.portfolio, targets.industries, industriesEur),
    outOfPlaceEur: outOfPlaceEur(scale, nothing.portfolio, input.stocks),
    outOfPlaceAfterEur: outOfPlaceEur(scale, chosen.portfolio, input.stocks),
    costEur: chosen.trades.reduce((sum, trade) => sum + trade.costEur, 0),
    netEur: chosen.netEur,
    rejected: rejected.slice(0, REJECTED_MAX),
    more: Math.max(0, rejected.length - REJECTED_MAX),
  };
}

function driftOf(
  { settings }: PlanningInput,
  { investableEur }: Portfolio,
  targets: ReadonlyMap<string, number>,
  hasEur: ReadonlyMap<string, number>,
): readonly Drift[] {
  return [...new Set([...targets.keys(), ...hasEur.keys()])].sort().map((name) => {
    const share = investableEur > 0 ? (hasEur.get(name) ?? 0) / investableEur : 0;
    const target = targets.get(name) ?? 0;
    return { name, share, target, balanced: Math.abs(share - target) <= settings.balancedWithin };
  });
}

type Sized = { readonly rejected: Rejected; readonly sizeEur: number };

function rejections(input: PlanningInput, scale: Scale, chosen: Sequence): readonly Rejected[] {
  const traded = new Set(chosen.trades.map(({ symbol }) => symbol));
  const next = new Set(possible(input, scale, chosen).map(({ symbol }) => symbol));
  const sized = input.stocks
    .filter(({ symbol }) => !traded.has(symbol))
    .flatMap((stock): readonly Sized[] => {
      const answer = propose(input, scale, chosen.portfolio, stock);
      if (answer.kind === "in place") return [];
      if (answer.kind === "candidate") {
        const { candidate } = answer;
        const why = whyNot(input, chosen, candidate, next.has(stock.symbol));
        return [{ rejected: rejectedOf(candidate, why, candidate.netEur), sizeEur: candidate.valueEur }];
      }
      const { side, gapEur, refusal } = answer;
      return [{ rejected: rejectedOf({ symbol: stock.symbol, side }, refusal, null), sizeEur: Math.abs(gapEur) }];
    });
  return sized.toSorted(byWorth).map(({ rejected }) => rejected);
}

const byWorth = (a: Sized, b: Sized): number =>
  (b.rejected.netEur ?? -Number.MAX_VALUE) - (a.rejected.netEur ?? -Number.MAX_VALUE) ||
  b.sizeEur - a.sizeEur ||
  (a.rejected.symbol < b.rejected.symbol ? -1 : 1);

function whyNot(
  input: PlanningInput,
  { trades, portfolio }: Sequence,
  { side, placedEur, costEur, netEur }: Candidate,
  isNext: boolean,
): { readonly rule: string; readonly why: string } {
  const value = money(placedEur * input.settings.misplacedCost, input);
  const worth = `puts ${money(placedEur, input)} in place, worth ${value}, for ${money(costEur, input)}`;
  if (netEur <= SAME_EUR) return { rule: "costs", why: worth };
  if (!isNext) {
    const free = money(portfolio.freeEur, input);
    return { rule: "cash first", why: `${worth}; ${free} of free cash are used before anything is sold` };
  }
  if (trades.length === 0) return { rule: "trades a cycle", why: `${worth}; the owner's orders go first` };
  const most = trades.length === 1 ? "one trade is" : `${trades.length} trades are`;
  const first = side === "sell" && trades.some((trade) => trade.side === "buy") ? " and cash goes first" : "";
  return { rule: "trades a cycle", why: `${worth}; ${most} the most a cycle${first}` };
}

function rejectedOf(
  { symbol, side }: Pick<Candidate, "symbol" | "side">,
  { rule, why }: { readonly rule: string; readonly why: string },
  netEur: number | null,
): Rejected {
  return {
    symbol,
    side,
    rule,
    why: `${symbol} is not ${side === "buy" ? "bought" : "sold"} (${rule}): ${why}.`,
    netEur,
  };
}
