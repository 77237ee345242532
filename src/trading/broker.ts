import type { Listing } from "../market/listing.ts";

/** The broker port. Every adapter passes `test/contract/broker-contract.ts`. */
export type OrderIntent = {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly qty: number;
};

export type BrokerOrder = OrderIntent & {
  readonly brokerOrderId: string;
  readonly state: "open" | "partly-filled" | "filled" | "rejected" | "cancelled" | "expired";
  readonly filledQty: number;
  /** In the currency of the listing. */
  readonly filledAvgPrice: number | null;
};

/** `unknown`: no answer in time, or one that decides nothing; the order may exist. */
export type PlaceOutcome =
  | { readonly kind: "placed"; readonly order: BrokerOrder }
  | { readonly kind: "duplicate" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** What was paid for a share on average, in the currency of its listing. */
export type BrokerPosition = {
  readonly symbol: string;
  readonly qty: number;
  readonly currency: string;
  readonly avgPrice: number;
};

export type BrokerAccount = {
  readonly accountId: string;
  /** The account's own: its equity is told in it. */
  readonly currency: string;
  /** By currency, in major units; the account's own is always there. */
  readonly cash: { readonly [currency: string]: number };
  /** Cash and positions together. */
  readonly equity: number;
};

/** Cash of the account's own currency. */
export const ownCash = ({ cash, currency }: BrokerAccount): number => cash[currency] ?? 0;

/**
 * Something that moved an account's cash or shares; its id is the broker's and told of nothing else. `amount` is what it
 * did to the cash, in major units, and null for a trade, where price and quantity tell it. `split` and `unbooked` (shares
 * changed in a way that is not understood) have their quantity with the sign of what they did to the shares.
 * `to` is what came of a conversion.
 */
export type BrokerActivity = {
  readonly id: string;
  readonly atMs: number;
  readonly kind:
    | "deposit"
    | "withdrawal"
    | "buy"
    | "sell"
    | "dividend"
    | "tax"
    | "fee"
    | "conversion"
    | "split"
    | "cash-in-lieu"
    | "unbooked"
    | "other";
  readonly currency: string;
  readonly amount: number | null;
  readonly symbol: string | null;
  readonly qty: number | null;
  readonly price: number | null;
  readonly to?: { readonly currency: string; readonly amount: number };
  /** The broker's own word for its kind. */
  readonly note: string;
};

/** Reads throw on failure: a failed read is never an empty portfolio. Every call has its own time limit. */
export type Broker = {
  readonly name: string;
  /** Whether its orders move somebody's money. */
  readonly money: "paper" | "real";
  /** What a second order with a used client order id meets. */
  readonly idempotency: "enforced" | "lookup" | "none";
  /** Why this broker cannot trade a stock, in a few words; null when it can. What it cannot is left out of the plan. */
  whyNotTradable(listing: Listing): string | null;
  place(intent: OrderIntent): Promise<PlaceOutcome>;
  /** null: the broker says that it has no such order. */
  findByClientOrderId(clientOrderId: string): Promise<BrokerOrder | null>;
  /**
   * Every order, in any state, whose client order id starts with this prefix and that was submitted at or after
   * this instant of the app's clock; where an id was accepted twice, both. Newest first, never a part of it.
   */
  listByPrefix(prefix: string, sinceMs: number): Promise<readonly BrokerOrder[]>;
  /** `too-late`: the order had ended already, or no such order is known. */
  cancel(brokerOrderId: string): Promise<"accepted" | "too-late">;
  positions(): Promise<readonly BrokerPosition[]>;
  account(): Promise<BrokerAccount>;
  isMarketOpen(): Promise<boolean>;
  /** Whatever moved cash or shares since this instant of the app's clock, oldest first, never a part of it. */
  activities(sinceMs: number): Promise<readonly BrokerActivity[]>;
};
