import type { PlanningInput } from "./input.ts";
import { type Portfolio, moved } from "./portfolio.ts";
import { type Candidate, propose } from "./propose.ts";
import { neededEur } from "./costs.ts";
import type { Scale } from "./worth.ts";

/** Trades in their order, where they lead, and what they are worth against doing nothing. */
export type Sequence = {
  readonly trades: readonly Candidate[];
  readonly portfolio: Portfolio;
  readonly netEur: number;
};

/** Sequences that are followed further at each length. */
const KEPT = 4;
/** Less than this is no difference: it is below a cent, and above what rounding does. */
export const SAME_EUR = 0.005;

/**
 * The best sequence of at most so many trades by what it is worth after its costs; doing nothing is the one without
 * trades, and wins unless another beats it.
 */
export function bestSequence(input: PlanningInput, scale: Scale, start: Portfolio, tradesMax: number): Sequence {
  const nothing: Sequence = { trades: [], portfolio: start, netEur: 0 };
  let best = nothing;
  let kept: readonly Sequence[] = [nothing];
  for (let length = 1; length <= tradesMax; length++) {
    kept = bestOf(kept.flatMap((sequence) => longer(input, scale, sequence)));
    const [first] = kept;
    if (first !== undefined && first.netEur > best.netEur + SAME_EUR) best = first;
  }
  return best;
}

const longer = (input: PlanningInput, scale: Scale, sequence: Sequence): readonly Sequence[] =>
  possible(input, scale, sequence).map((candidate) => ({
    trades: [...sequence.trades, candidate],
    portfolio: after(input, sequence.portfolio, candidate),
    netEur: sequence.netEur + candidate.netEur,
  }));

/** What may come next. Cash goes first: nothing is sold while there is something worth buying with what is free. */
export function possible(input: PlanningInput, scale: Scale, { trades, portfolio }: Sequence): readonly Candidate[] {
  const traded = new Set(trades.map(({ symbol }) => symbol));
  const candidates = input.stocks
    .filter(({ symbol }) => !traded.has(symbol))
    .map((stock) => propose(input, scale, portfolio, stock))
    .flatMap((answer) => (answer.kind === "candidate" ? [answer.candidate] : []));
  const buys = candidates.filter(({ side, netEur }) => side === "buy" && netEur > SAME_EUR);
  return buys.length > 0 ? buys : candidates;
}

/**
 * The portfolio after a trade. Proceeds are not counted as free: a sale may still be open when the next purchase is sent.
 */
export function after(
  input: PlanningInput,
  portfolio: Portfolio,
  { stock, side, valueEur }: Pick<Candidate, "stock" | "side" | "valueEur">,
): Portfolio {
  return side === "buy"
    ? moved(portfolio, stock, valueEur, neededEur(input, stock, valueEur))
    : moved(portfolio, stock, -valueEur, 0);
}

function bestOf(sequences: readonly Sequence[]): readonly Sequence[] {
  const keyed = sequences.map((sequence) => ({
    sequence,
    // Half cents decide, then the names: what rounding does decides nothing.
    worth: Math.round(sequence.netEur / SAME_EUR),
    names: sequence.trades.map(({ symbol }) => symbol).join(" "),
  }));
  keyed.sort((a, b) => b.worth - a.worth || (a.names < b.names ? -1 : 1));
  const seen = new Set<string>();
  return keyed
    .filter(({ names }) => {
      const set = names.split(" ").sort().join(" ");
      return !seen.has(set) && seen.add(set);
    })
    .slice(0, KEPT)
    .map(({ sequence }) => sequence);
}
