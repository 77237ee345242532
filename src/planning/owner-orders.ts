import type { PlanningInput } from "./input.ts";
import type { Portfolio } from "./portfolio.ts";
import { mayTrade } from "./rules/may-trade.ts";
import { type Refusal, type Situation, money, refuse } from "./rules/refusal.ts";
import { after } from "./sequences.ts";
import { costEur } from "./costs.ts";
import { TRADES_A_CYCLE_MAX } from "./settings.ts";
import type { Proposal, StockFacts } from "./stock.ts";
import type { Targets } from "./targets.ts";

/** The rules that an owner may override for one order: those that keep from haste, and none that keep from harm. */
export const overridable = [
  "buy-cool-off",
  "sell-cool-off",
  "minimum-hold",
  "loss-block",
  "last-lot",
  "minimum-size",
] as const;
export type Overridable = (typeof overridable)[number];

const rules: { readonly [name in Overridable]: string } = {
  "buy-cool-off": "buy cool-off",
  "sell-cool-off": "sell cool-off",
  "minimum-hold": "minimum hold",
  "loss-block": "loss block",
  "last-lot": "last lot",
  "minimum-size": "minimum size",
};

/** An order that the owner has given, and not the plan's own idea. */
export type OwnerOrder = Proposal & { readonly id: string; readonly overrides: readonly Overridable[] };
/** Why orders are held back whatever the rules here say, by their ids. */
export type HeldBack = ReadonlyMap<string, string>;

/** One that goes out with this plan, and the rules that spoke against it and were overridden. */
type Taken = {
  readonly order: OwnerOrder;
  readonly stock: StockFacts;
  readonly valueEur: number;
  readonly overridden: readonly Refusal[];
};
/** One that does not, and one plain clause on why. */
export type Waiting = { readonly id: string; readonly why: string };

/** What of the owner's orders goes out, in the order in which they were given, and where that leads. */
export type OwnersPart = {
  readonly taken: readonly Taken[];
  readonly waiting: readonly Waiting[];
  readonly portfolio: Portfolio;
};

/** The names under which the rules themselves know what is overridden. */
export const overriddenRules = (overrides: readonly Overridable[]): ReadonlySet<string> =>
  new Set(overrides.map((name) => rules[name]));

/** Asks the hard rules about each of the owner's orders, and none of those that judge merit. */
export function takeOwnerOrders(
  input: PlanningInput,
  targets: Targets,
  start: Portfolio,
  orders: readonly OwnerOrder[],
  heldBack: HeldBack,
): OwnersPart {
  const taken: Taken[] = [];
  const waiting: Waiting[] = [];
  let portfolio = start;
  for (const order of orders) {
    const why = heldBack.get(order.id);
    const judged = why === undefined ? judge({ input, portfolio, targets }, order, taken) : refuse("limit", why);
    if ("rule" in judged) {
      waiting.push({ id: order.id, why: whyOf(judged) });
      continue;
    }
    const { stock, overridden } = judged;
    const valueEur = order.qty * (stock.priceEur ?? Number.NaN);
    portfolio = after(input, portfolio, { stock, side: order.side, valueEur });
    taken.push({ order, stock, valueEur, overridden });
  }
  return { taken, waiting, portfolio };
}

/** What speaks against it, or what was overridden. */
function judge(
  situation: Omit<Situation, "stock">,
  order: OwnerOrder,
  taken: readonly Taken[],
): Refusal | Pick<Taken, "stock" | "overridden"> {
  const { symbol } = order;
  const stock = situation.input.stocks.find((one) => one.symbol === symbol);
  if (stock === undefined) return refuse("universe", "it is not in the universe");
  if (taken.length >= TRADES_A_CYCLE_MAX) return refuse("trades a cycle", `${taken.length} others go out before it`);
  if (taken.some((one) => one.order.symbol === symbol)) {
    return refuse("one at a time", `another order of ${symbol} goes out before it`);
  }
  const may = overriddenRules(order.overrides);
  const overridden: Refusal[] = [];
  for (;;) {
    const waived = new Set(overridden.map(({ rule }) => rule));
    const refusal = mayTrade({ ...situation, stock, waived }, order);
    if (refusal === null) return { stock, overridden };
    // A rule that is waived says nothing again, so each turn waives another one.
    if (!may.has(refusal.rule) || waived.has(refusal.rule)) return refusal;
    overridden.push(refusal);
  }
}

function whyOf({ rule, why }: Refusal): string {
  const mayBe = overridable.some((name) => rules[name] === rule);
  return `${why} (${rule}${mayBe ? ", which may be overridden" : ""})`;
}

/** An order of the owner's in one sentence, with what it overrides. */
export function ownersSentence(input: PlanningInput, { order, stock, valueEur, overridden }: Taken): string {
  const { side, qty, symbol, id } = order;
  const verb = side === "buy" ? "Buy" : "Sell";
  const cost = money(costEur(input, stock, valueEur), input);
  const despite = overridden.map(({ rule, why }) => `, ${rule} overridden: ${why}`).join("");
  return `${verb} ${qty} ${symbol} for ${money(valueEur, input)}, at a cost of ${cost}: the owner's order ${id}${despite}.`;
}
