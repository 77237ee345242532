import { exactShares, sharesText } from "../analytics/money/shares.ts";
import { targetsFor } from "./aims.ts";
import { type Considered, consider } from "./considered.ts";
import type { PlanningInput } from "./input.ts";
import { type Portfolio, portfolioOf, valueEur } from "./portfolio.ts";
import { money, percent, score } from "./rules/refusal.ts";
import { bestSequence } from "./sequences.ts";
import { TRADES_A_CYCLE_MAX } from "./settings.ts";
import type { Proposal } from "./stock.ts";
import type { Candidate } from "./propose.ts";
import { windfallOf } from "./windfall.ts";
import type { Scale } from "./worth.ts";

type PlannedTrade = Proposal & { readonly valueEur: number; readonly reason: string };

/** The trades in the order in which they are to be sent, why these or why none, and what they were chosen from. */
export type TradePlan = {
  readonly trades: readonly PlannedTrade[];
  readonly reason: string;
  readonly considered: Considered;
};

const REASONS_SHOWN = 2;

/** Decides a cycle's trades. Deterministic: the same input gives the same plan, whatever the order of its stocks. */
export function planTrades(given: PlanningInput): TradePlan {
  const input = { ...given, stocks: given.stocks.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1)) };
  const unpriced = input.stocks.filter((stock) => !(Math.abs(valueEur(stock)) < Infinity));
  if (unpriced.length > 0) {
    const symbols = unpriced.map(({ symbol }) => symbol).join(", ");
    return noPlan(`${symbols} is held but has no price, so the portfolio's value is unknown`);
  }
  if (input.stocks.every((stock) => stock.score === null)) return noPlan("there are no scores yet");
  const portfolio = portfolioOf(input);
  if (!(portfolio.equityEur > 0)) return noPlan(`the portfolio is worth ${money(portfolio.equityEur, input)}`);
  const scale: Scale = { targets: targetsFor(input, portfolio), settings: input.settings };
  const tradesMax = Math.min(input.settings.tradesMax, TRADES_A_CYCLE_MAX);
  const chosen = bestSequence(input, scale, portfolio, tradesMax);
  const considered = consider(input, scale, { trades: [], portfolio, netEur: 0 }, chosen);
  return {
    trades: chosen.trades.map((trade) => ({
      symbol: trade.symbol,
      side: trade.side,
      qty: trade.qty,
      valueEur: trade.valueEur,
      reason: whyTrade(input, scale, portfolio, trade),
    })),
    reason: chosen.trades.length === 0 ? whyNothing(input, considered) : whyPlan(input, considered),
    considered,
  };
}

function whyTrade(input: PlanningInput, { targets }: Scale, portfolio: Portfolio, trade: Candidate): string {
  const { stock, side, qty, symbol } = trade;
  const shareOf = (amountEur: number): string => percent(amountEur / portfolio.equityEur);
  const target = (targets.stocks.get(symbol) ?? 0) * portfolio.investableEur;
  const verb = side === "buy" ? "Buy" : "Sell";
  const shares = `${shareOf(valueEur(stock))} of the portfolio, target ${shareOf(target)}`;
  const worth = `puts ${money(trade.placedEur, input)} in place, worth ${money(trade.netEur, input)} after costs of ${money(trade.costEur, input)}`;
  return `${verb} ${qty} ${symbol} for ${money(trade.valueEur, input)}: ${shares} (${because(input, trade)}); ${worth}.${whatStays(trade)}`;
}

/** What is left of a stock that is to go. */
function whatStays({ stock, side, qty }: Candidate): string {
  const stays = exactShares(stock.qty - qty);
  if (side === "buy" || stock.active || stays === 0) return "";
  return ` ${sharesText(stays)} stay: less than a lot of ${stock.lotSize} is not traded.`;
}

function because(input: PlanningInput, { stock, side }: Candidate): string {
  if (!stock.active) return "no longer in the universe";
  const scored = stock.score === null ? "no score, taken as neutral" : scoreText(stock.score, stock.scoreInPortfolio);
  if (side === "buy") return scored;
  const windfall = windfallOf(stock, input.nowMs, input.dayMs);
  const sold = `${scored}, sell score ${score(stock.sellScore ?? 0)}`;
  if (windfall === null) return sold;
  return `${sold}, a windfall: ${percent(windfall.gain)} gained, ${percent(windfall.excess)} beyond its own growth`;
}

const scoreText = (alone: number, here: number | null): string =>
  here === null || score(here) === score(alone)
    ? `score ${score(alone)}`
    : `score ${score(alone)}, ${score(here)} in this portfolio`;

const whyPlan = (
  input: PlanningInput,
  { outOfPlaceEur, outOfPlaceAfterEur, netEur, rejected, more }: Considered,
): string => {
  const waiting = rejected.length + more;
  const rest =
    waiting === 0 ? "" : `; ${waiting} ${waiting === 1 ? "other waits or is" : "others wait or are"} ruled out`;
  return `${money(outOfPlaceEur, input)} are out of place and ${money(outOfPlaceAfterEur, input)} will be: worth ${money(netEur, input)} more than doing nothing${rest}.`;
};

function whyNothing({ settings }: PlanningInput, { rejected, more }: Considered): string {
  if (rejected.length === 0) return `Nothing to do: every stock is within ${percent(settings.driftMin)} of its target.`;
  const shown = rejected.slice(0, REASONS_SHOWN).map(({ why }) => why);
  const rest = rejected.length - shown.length + more;
  return ["Nothing to do.", ...shown, ...(rest === 0 ? [] : [`And ${rest} more.`])].join(" ");
}

/** A plan to do nothing, with one plain clause on why. */
export const noPlan = (why: string): TradePlan => ({
  trades: [],
  reason: `Nothing to do: ${why}.`,
  considered: {
    regions: [],
    industries: [],
    outOfPlaceEur: 0,
    outOfPlaceAfterEur: 0,
    costEur: 0,
    netEur: 0,
    rejected: [],
    more: 0,
  },
});
