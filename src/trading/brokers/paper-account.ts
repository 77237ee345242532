import { convert, toMajor, toMinor, type Currency } from "../../analytics/money/amount.ts";
import { cashOf } from "../../analytics/money/movement.ts";
import type { PlanningSettings } from "../../planning/settings.ts";
import { exactShares } from "../../analytics/money/shares.ts";
import { movementOf, type Valuation } from "../bookkeeping.ts";
import type { BrokerActivity, OrderIntent } from "../broker.ts";

/** What of the lease has to be left to write a row of an account. */
export const writeMarginMs = 50;

/** What trades and conversions cost: the planner's own figures, so that what it expects is what is charged. */
export type PaperCosts = Pick<PlanningSettings, "costFixedEur" | "costFraction" | "conversionFraction">;

/** A price that may be traded at, in major units, and what one unit of its currency is worth in the account's own. */
export type PaperPrice = { readonly price: number; readonly currency: Currency; readonly rate: number };

/** What a fill was and cost, kept with its order: whoever reads it later has the same cash, whatever prices and costs are then. */
export type PaperFill = PaperPrice & {
  readonly atMs: number;
  /** In the account's own currency. */
  readonly feeMinor: number;
  /** Into the listing's currency for a purchase, out of it after a sale; null where there was nothing to change. */
  readonly converted: Conversion | null;
};

/** What was changed between the account's own currency and another. */
export type Conversion = { readonly foreignMinor: number; readonly ownMinor: number };

/** Money that its owner paid in, or out when negative, or a dividend; of another currency it is changed at once. */
export type PaperCash = {
  readonly id: string;
  readonly atMs: number;
  readonly currency: Currency;
  readonly minor: number;
  readonly converted: Conversion | null;
  /** What paid it, where that is not the owner, and the broker's word for it. */
  readonly dividend?: { readonly symbol: string; readonly note: string };
};

/** An order as the ledger has it. */
export type PaperOrder = OrderIntent & {
  readonly state: "open" | "filled" | "cancelled";
  /** Of the account's own cash: what it may need as long as it is open. */
  readonly reservedMinor: number;
  readonly fill: PaperFill | null;
};

/** So many new shares for so many old ones, from this instant on. */
type AccountSplit = {
  readonly symbol: string;
  readonly dayMs: number;
  readonly atMs: number;
  readonly newShares: number;
  readonly oldShares: number;
};

type Holding = { readonly qty: number; readonly currency: Currency; readonly avgPrice: number };

/** What an account is after its orders. */
export type PaperAccount = {
  /** Its own: every conversion is into it or out of it. */
  readonly currency: Currency;
  /** Minor units; the own currency is always there. */
  readonly cash: ReadonlyMap<Currency, number>;
  readonly holdings: ReadonlyMap<string, Holding>;
  /** Oldest first; the cash is what it began with and these. */
  readonly activities: readonly BrokerActivity[];
  readonly open: readonly PaperOrder[];
};

/**
 * The account that began with this much of its own currency, after these orders, which are in the order of their
 * arrival, these splits of what it held, and what was paid to it. It keeps parts of shares.
 */
export function paperAccount(
  currency: Currency,
  startMinor: number,
  orders: readonly PaperOrder[],
  splits: readonly AccountSplit[],
  paid: readonly PaperCash[],
): PaperAccount {
  const fills = orders
    .flatMap((order) => (order.fill === null ? [] : [{ order, fill: order.fill }]))
    .toSorted((a, b) => a.fill.atMs - b.fill.atMs);
  const holdings = new Map<string, Holding>();
  const activities: BrokerActivity[] = [];
  const waiting = splits.toSorted((a, b) => a.atMs - b.atMs);
  const splitUntil = (atMs: number): void => {
    for (let next = waiting[0]; next !== undefined && next.atMs <= atMs; next = waiting[0]) {
      activities.push(...splitHolding(holdings, next));
      waiting.shift();
    }
  };
  for (const { order, fill } of fills) {
    splitUntil(fill.atMs);
    hold(holdings, order, fill);
    activities.push(...activitiesOf(currency, order, fill));
  }
  splitUntil(Number.POSITIVE_INFINITY);
  activities.push(...paid.flatMap((one) => paidActivities(currency, one)));
  activities.sort((a, b) => a.atMs - b.atMs);
  const moved = cashOf(activities.map((activity) => movementOf(activity, () => null)));
  const cash = new Map([...moved].filter(([, minor]) => minor !== 0));
  cash.set(currency, startMinor + (moved.get(currency) ?? 0));
  return { currency, cash, holdings, activities, open: orders.filter(({ state }) => state === "open") };
}

function hold(holdings: Map<string, Holding>, { symbol, side, qty }: PaperOrder, { price, currency }: PaperFill): void {
  const held = holdings.get(symbol) ?? { qty: 0, currency, avgPrice: 0 };
  const after = exactShares(held.qty + (side === "buy" ? qty : -qty));
  if (after === 0) holdings.delete(symbol);
  else if (side === "sell") holdings.set(symbol, { ...held, qty: after });
  else holdings.set(symbol, { ...held, qty: after, avgPrice: (held.qty * held.avgPrice + qty * price) / after });
}

/** All old shares out, all new ones in, at what they have cost; nothing of a stock that is not held. */
function splitHolding(holdings: Map<string, Holding>, split: AccountSplit): readonly BrokerActivity[] {
  const { symbol, dayMs, atMs, newShares, oldShares } = split;
  const held = holdings.get(symbol);
  if (held === undefined) return [];
  const qty = exactShares((held.qty * newShares) / oldShares);
  holdings.set(symbol, { ...held, qty, avgPrice: (held.qty * held.avgPrice) / qty });
  const id = eventId("split", symbol, dayMs);
  const common = { atMs, kind: "split", currency: held.currency, amount: 0, symbol, price: null } as const;
  const note = `${newShares} for ${oldShares}`;
  return [
    { ...common, id: `${id}-out`, qty: -held.qty, note },
    { ...common, id: `${id}-in`, qty, note },
  ];
}

/** The id of what happened to the shares of a stock on a day of its market. */
export const eventId = (kind: "split" | "dividend", symbol: string, dayMs: number): string =>
  `${kind}-${symbol}-${new Date(dayMs).toISOString().slice(0, 10)}`;

/** What a fill moves: the shares, the conversion that they need or leave, the fee. */
function activitiesOf(own: Currency, order: PaperOrder, fill: PaperFill): readonly BrokerActivity[] {
  const { clientOrderId: id, symbol, side, qty } = order;
  const { atMs, price, currency, feeMinor } = fill;
  const common = { atMs, symbol, qty: null, price: null, note: "paper" };
  const trade: BrokerActivity = { ...common, id: `${id}-${qty}`, kind: side, currency, amount: null, qty, price };
  const conversion = fill.converted === null ? [] : [conversionOf(own, currency, fill.converted, side === "sell")];
  const changed = conversion.map((moved): BrokerActivity => ({ ...common, id: `${id}-conversion`, ...moved }));
  const fee: BrokerActivity[] =
    feeMinor === 0 ? [] : [{ ...common, id: `${id}-fee`, kind: "fee", currency: own, amount: -toMajor(feeMinor, own) }];
  return side === "buy" ? [...changed, trade, ...fee] : [trade, ...changed, ...fee];
}

function paidActivities(own: Currency, paidCash: PaperCash): readonly BrokerActivity[] {
  const { id, atMs, currency, minor, converted, dividend } = paidCash;
  const common = { atMs, symbol: dividend?.symbol ?? null, qty: null, price: null, note: dividend?.note ?? "paper" };
  const kind = dividend !== undefined ? "dividend" : minor < 0 ? "withdrawal" : "deposit";
  const paid: BrokerActivity = { ...common, id, kind, currency, amount: toMajor(minor, currency) };
  if (converted === null) return [paid];
  const changed = { ...common, id: `${id}-conversion`, ...conversionOf(own, currency, converted, minor > 0) };
  return minor < 0 ? [changed, paid] : [paid, changed];
}

/** A conversion into the account's own currency, or out of it. */
function conversionOf(
  own: Currency,
  foreign: Currency,
  { foreignMinor, ownMinor }: Conversion,
  intoOwn: boolean,
): Pick<BrokerActivity, "kind" | "currency" | "amount"> & Required<Pick<BrokerActivity, "to">> {
  const ofForeign = { currency: foreign, amount: toMajor(foreignMinor, foreign) };
  const ofOwn = { currency: own, amount: toMajor(ownMinor, own) };
  const [from, to] = intoOwn ? [ofForeign, ofOwn] : [ofOwn, ofForeign];
  return { kind: "conversion", currency: from.currency, amount: -from.amount, to };
}

/**
 * What a conversion makes of an amount of another currency, at its rate and what converting costs; null where it would
 * bring nothing.
 */
export function converted(
  own: Currency,
  foreign: Currency,
  foreignMinor: number,
  rate: number,
  { conversionFraction }: Pick<PaperCosts, "conversionFraction">,
  intoOwn: boolean,
): Conversion | null {
  if (foreign === own) return null;
  const share = intoOwn ? 1 - conversionFraction : 1 + conversionFraction;
  const ownMinor = toMinor(own, toMajor(foreignMinor, foreign), rate, share);
  if (!intoOwn) return { foreignMinor, ownMinor: Math.max(1, ownMinor) };
  return ownMinor === 0 ? null : { foreignMinor, ownMinor };
}

/** What this order is and costs when it fills at this price. */
export function fillOf(
  { side, qty }: Pick<OrderIntent, "side" | "qty">,
  own: Currency,
  paperPrice: PaperPrice,
  costs: PaperCosts,
  atMs: number,
): PaperFill {
  const { price, currency, rate } = paperPrice;
  const feeMinor = toMinor(own, costs.costFixedEur) + toMinor(own, price, qty, rate, costs.costFraction);
  const valueMinor = toMinor(currency, price, qty);
  return {
    ...paperPrice,
    atMs,
    feeMinor,
    converted: converted(own, currency, valueMinor, rate, costs, side === "sell"),
  };
}

type Verdict =
  | { readonly kind: "accept"; readonly reservedMinor: number }
  | { readonly kind: "refuse"; readonly reason: string };

const refuse = (reason: string): Verdict => ({ kind: "refuse", reason });

/** Whether the account takes this order now; `paperPrice` is null where there is none to trade at. */
export function judge(
  account: PaperAccount,
  order: OrderIntent,
  paperPrice: PaperPrice | null,
  costs: PaperCosts,
  atMs: number,
): Verdict {
  const { symbol, side, qty } = order;
  const { currency: own, holdings, open } = account;
  if (paperPrice === null) return refuse(`${symbol} has no price and rate that may be traded on`);
  const held = holdings.get(symbol);
  if (held !== undefined && held.currency !== paperPrice.currency) {
    return refuse(`${symbol} is held in ${held.currency} and priced in ${paperPrice.currency}`);
  }
  if (side === "sell") {
    const selling = open.filter((one) => one.side === "sell" && one.symbol === symbol);
    const available = selling.reduce((left, one) => left - one.qty, held?.qty ?? 0);
    if (qty <= available) return { kind: "accept", reservedMinor: 0 };
    return refuse(`insufficient qty available for order (requested: ${qty}, available: ${available})`);
  }
  const { feeMinor, converted: changed } = fillOf(order, own, paperPrice, costs, atMs);
  const paidMinor = changed?.ownMinor ?? toMinor(own, paperPrice.price, qty);
  const reservedMinor = paidMinor + feeMinor;
  return reservedMinor > freeMinor(account) ? refuse("insufficient buying power") : { kind: "accept", reservedMinor };
}

/** Cash of the account's own currency that no open order may still need. */
export const freeMinor = ({ currency, cash, open }: PaperAccount): number =>
  open.reduce((left, { reservedMinor }) => left - reservedMinor, cash.get(currency) ?? 0);

/** Cash and positions together by the last good prices and rates, in the account's own currency. Throws where one is missing. */
export function equityMinor({ currency: own, cash, holdings }: PaperAccount, { prices, rates }: Valuation): number {
  const inOwn = (minor: number, currency: Currency): number => {
    const rate = currency === own ? 1 : rates.get(currency);
    if (rate === undefined) throw new Error(`there is no rate for ${currency}, so the value is not known`);
    return convert(minor, currency, own, rate);
  };
  const held = [...holdings].map(([symbol, { qty, currency }]) => {
    const quoted = prices.get(symbol);
    if (quoted === undefined) throw new Error(`${symbol} is held and has no price, so the value is not known`);
    if (quoted.currency !== currency)
      throw new Error(`${symbol} is held in ${currency} and priced in ${quoted.currency}`);
    return inOwn(toMinor(currency, quoted.price, qty), currency);
  });
  return [...held, ...[...cash].map(([currency, minor]) => inOwn(minor, currency))].reduce((sum, one) => sum + one, 0);
}
