import { sharesText } from "../analytics/money/shares.ts";
import { affordableEur, costEur, neededEur, tradeMinEur } from "./costs.ts";
import { shareless } from "./aims.ts";
import type { PlanningInput } from "./input.ts";
import type { Portfolio } from "./portfolio.ts";
import { mayTrade } from "./rules/may-trade.ts";
import { meritsBuying } from "./rules/merit.ts";
import { type Refusal, type Situation, money, percent, refuse } from "./rules/refusal.ts";
import { mayBuy, maySell } from "./rules/standing.ts";
import { sellableQty, wholeLots } from "./sell-size.ts";
import type { Proposal, Side, StockFacts } from "./stock.ts";
import { windfallOf } from "./windfall.ts";
import { type Scale, gapEur, placedEur } from "./worth.ts";

/** Less than rounding takes from a whole number of lots. */
const EXACT = 1e-9;

/** A trade that no rule forbids, on the scale. */
export type Candidate = Proposal & {
  readonly stock: StockFacts;
  readonly valueEur: number;
  readonly costEur: number;
  /** Euros that it puts in their place. */
  readonly placedEur: number;
  /** What that is worth, less the cost; positive beats doing nothing. */
  readonly netEur: number;
};

/** What may be done about a stock: a trade, nothing since a rule forbids it, or nothing since it is in its place. */
export type Answer =
  | { readonly kind: "candidate"; readonly candidate: Candidate }
  | { readonly kind: "refused"; readonly side: Side; readonly gapEur: number; readonly refusal: Refusal }
  | { readonly kind: "in place" };

/** The trade that brings a stock as near to its target as the rules allow, seen from this portfolio. */
export function propose(input: PlanningInput, scale: Scale, portfolio: Portfolio, stock: StockFacts): Answer {
  const without = stock.active ? shareless(input, stock) : null;
  if (without !== null) return { kind: "refused", side: "buy", gapEur: 0, refusal: without };
  const gap = gapEur(scale, portfolio, stock.symbol);
  const ignored = stock.active ? input.settings.driftMin * portfolio.equityEur : 0;
  if (gap === 0 || Math.abs(gap) < ignored) return { kind: "in place" };
  const side = gap > 0 ? "buy" : "sell";
  const situation: Situation = { input, portfolio, targets: scale.targets, stock };
  const sized = side === "buy" ? buySize(situation, gap) : sellSize(situation, -gap);
  if (typeof sized !== "number") return { kind: "refused", side, gapEur: gap, refusal: sized };
  const proposal = { symbol: stock.symbol, side, qty: sized } as const;
  const refusal = mayTrade(situation, proposal);
  if (refusal !== null) return { kind: "refused", side, gapEur: gap, refusal };
  const valueEur = sized * (stock.priceEur ?? Number.NaN);
  const cost = costEur(input, stock, valueEur);
  const placed = placedEur(scale, portfolio, stock, side === "buy" ? valueEur : -valueEur);
  const netEur = input.settings.misplacedCost * placed - cost;
  return {
    kind: "candidate",
    candidate: { ...proposal, stock, valueEur, costEur: cost, placedEur: placed, netEur },
  };
}

/**
 * Whole lots for the gap, as far as the free cash goes; where one lot, or the smallest trade worth its cost, is more than
 * the gap, that much, and the scale says whether it is worth it.
 */
function buySize(situation: Situation, gap: number): number | Refusal {
  const { input, portfolio, stock } = situation;
  const standing = mayBuy(situation) ?? meritsBuying(situation);
  if (standing !== null) return standing;
  const lotEur = stock.lotSize * (stock.priceEur ?? Number.NaN);
  const least = Math.max(1, Math.ceil(tradeMinEur(input, stock, "buy") / lotEur - EXACT));
  const affordable = Math.floor(affordableEur(input, stock, portfolio.freeEur) / lotEur + EXACT);
  const lots = Math.min(Math.max(least, Math.floor(gap / lotEur + EXACT)), affordable);
  if (lots >= least) return lots * stock.lotSize;
  const free = `${money(Math.max(0, portfolio.freeEur), input)} are free above the reserve of ${money(input.settings.cashReserveEur, input)}`;
  return refuse(
    "cash reserve",
    `${free}, and ${money(neededEur(input, stock, least * lotEur), input)} are the least it takes`,
  );
}

/** Whole lots for what is too much, at least one, as far as so much is sold at once. */
function sellSize(situation: Situation, surplusEur: number): number | Refusal {
  const { input, stock } = situation;
  const standing = maySell(situation);
  if (standing !== null) return standing;
  if (!stock.active) {
    const whole = wholeLots(stock);
    if (whole > 0) return whole;
    return refuse("lot", `the ${sharesText(stock.qty)} held stay: less than a lot of ${stock.lotSize} is not traded`);
  }
  if (stock.sellScore === null) return refuse("sell score", "how much speaks for selling is not known");
  const windfall = windfallOf(stock, input.nowMs, input.dayMs);
  const atOnce = sellableQty(stock, windfall?.share ?? null, input.settings);
  const lots = Math.max(1, Math.floor(surplusEur / (stock.lotSize * (stock.priceEur ?? Number.NaN)) + EXACT));
  if (atOnce > 0) return Math.min(lots * stock.lotSize, atOnce);
  const most = percent(input.settings.sellShareMax);
  return refuse(
    "holding",
    `of ${sharesText(stock.qty)} no lot of ${stock.lotSize} can go: at most ${most} at once, and one stays`,
  );
}
