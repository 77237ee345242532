import { exactShares, sharesText } from "../analytics/money/shares.ts";
import { targetsFor } from "./aims.ts";
import { type Considered, consider } from "./considered.ts";
import type { PlanningInput } from "./input.ts";
import {
  type HeldBack,
  type OwnerOrder,
  type OwnersPart,
  type Waiting,
  ownersSentence,
  takeOwnerOrders,
} from "./owner-orders.ts";
import { type Portfolio, portfolioOf, valueEur } from "./portfolio.ts";
import { money, percent, score } from "./rules/refusal.ts";
import { bestSequence } from "./sequences.ts";
import { TRADES_A_CYCLE_MAX } from "./settings.ts";
import type { Proposal } from "./stock.ts";
import type { Candidate } from "./propose.ts";
import { windfallOf } from "./windfall.ts";
import type { Scale } from "./worth.ts";

type PlannedTrade = Proposal & {
  readonly valueEur: number;
  readonly reason: string;
  /** Id of the owner's order that it is; null: the plan's own idea. */
  readonly ownerOrder: string | null;
};

/** The trades in the order in which they are to be sent, why these or why none, and what they were chosen from. */
export type TradePlan = {
  readonly trades: readonly PlannedTrade[];
  readonly reason: string;
  /** The owner's orders that do not go out with it. */
  readonly waiting: readonly Waiting[];
  readonly considered: Considered;
};

const REASONS_SHOWN = 2;

/**
 * Decides a cycle's trades: the owner's orders, oldest first, and then ideas of its own. Deterministic: the same input
 * gives the same plan, whatever the order of its stocks.
 */
export function planTrades(
  given: PlanningInput,
  orders: readonly OwnerOrder[] = [],
  heldBack: HeldBack = new Map(),
): TradePlan {
  const input = { ...given, stocks: given.stocks.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1)) };
  const unpriced = input.stocks.filter((stock) => !(Math.abs(valueEur(stock)) < Infinity));
  if (unpriced.length > 0) {
    const symbols = unpriced.map(({ symbol }) => symbol).join(", ");
    return noPlan(`${symbols} is held but has no price, so the portfolio's value is unknown`, orders);
  }
  const isScored = input.stocks.some((stock) => stock.score !== null);
  if (!isScored && orders.length === 0) return noPlan("there are no scores yet");
  const portfolio = portfolioOf(input);
  if (!(portfolio.equityEur > 0)) return noPlan(`the portfolio is worth ${money(portfolio.equityEur, input)}`, orders);
  const scale: Scale = { targets: targetsFor(input, portfolio), settings: input.settings };
  const owners = takeOwnerOrders(input, scale.targets, portfolio, orders, heldBack);
  const tradesMax = Math.min(input.settings.tradesMax, TRADES_A_CYCLE_MAX) - owners.taken.length;
  const own = isScored
    ? ownIdeas(withoutOwners(input, orders), scale, owners, tradesMax)
    : noPlan("there are no scores yet");
  return {
    ...own,
    trades: [...owners.taken.map((taken) => ownersTrade(input, taken)), ...own.trades],
    reason: [...owners.taken.map((taken) => ownersSentence(input, taken)), ...ownersWait(owners), own.reason]
      .filter((sentence) => sentence !== "")
      .join(" "),
    waiting: owners.waiting,
  };
}

const ownersTrade = (input: PlanningInput, taken: OwnersPart["taken"][number]): PlannedTrade => ({
  symbol: taken.order.symbol,
  side: taken.order.side,
  qty: taken.order.qty,
  valueEur: taken.valueEur,
  reason: ownersSentence(input, taken),
  ownerOrder: taken.order.id,
});

const ownersWait = ({ waiting }: OwnersPart): readonly string[] =>
  waiting.length === 0
    ? []
    : [`${waiting.length} of the owner's orders ${waiting.length === 1 ? "waits" : "wait"} for a later slot.`];

/** What the owner trades, or has an order for that waits, is left alone by the plan itself. */
const withoutOwners = (input: PlanningInput, orders: readonly OwnerOrder[]): PlanningInput => {
  const symbols = new Set(orders.map(({ symbol }) => symbol));
  const stocks = input.stocks.map((stock) =>
    symbols.has(stock.symbol) ? { ...stock, blocked: stock.blocked ?? "the owner's order of it goes first" } : stock,
  );
  return { ...input, stocks };
};

/** What the plan would do by itself, seen from where the owner's orders lead. */
function ownIdeas(
  input: PlanningInput,
  scale: Scale,
  { taken, portfolio }: OwnersPart,
  tradesMax: number,
): Pick<TradePlan, "trades" | "reason" | "considered"> {
  const chosen = bestSequence(input, scale, portfolio, tradesMax);
  const considered = consider(input, scale, { trades: [], portfolio, netEur: 0 }, chosen);
  const nothing = taken.length === 0 ? whyNothing(input, considered) : "";
  return {
    trades: chosen.trades.map((trade) => ({
      symbol: trade.symbol,
      side: trade.side,
      qty: trade.qty,
      valueEur: trade.valueEur,
      reason: whyTrade(input, scale, portfolio, trade),
      ownerOrder: null,
    })),
    reason: chosen.trades.length === 0 ? nothing : whyPlan(input, considered),
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

/** A plan to do nothing, with one plain clause on why, which is also what the owner's orders wait for. */
export const noPlan = (why: string, orders: readonly OwnerOrder[] = []): TradePlan => ({
  trades: [],
  reason: `Nothing to do: ${why}.`,
  waiting: orders.map(({ id }) => ({ id, why })),
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
