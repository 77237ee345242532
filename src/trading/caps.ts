/** Limits in euros for one order, and for all orders of a day together. */
export type Caps = { readonly orderEurMax: number; readonly dayEurMax: number };

type Sized = { readonly symbol: string; readonly side: "buy" | "sell"; readonly qty: number };

/** What the limits of a book are measured by. */
export type CapRules = {
  readonly caps: Caps;
  /** Value of the day's orders so far. */
  readonly spentEur: number;
  /** Price of one share in euros; null when price or rate is not known. */
  readonly priceEur: (symbol: string) => number | null;
};

/** How many of a trade the limits allow, what one share is worth, and which limit is the nearer one. */
type Room = { readonly qty: number; readonly eur: number; readonly limit: string };

const unpriced = "its price in euros is not known, and there are limits in euros";

/** Null: there is no price. */
function roomFor({ symbol, qty }: Sized, { caps, priceEur }: CapRules, leftEur: number, lot: number): Room | null {
  const eur = priceEur(symbol);
  if (eur === null || !(eur > 0)) return null;
  const mostQty = Math.floor(Math.min(caps.orderEurMax, leftEur) / eur / lot + 1e-9) * lot;
  const limit = leftEur < caps.orderEurMax ? `${caps.dayEurMax} euros a day` : `${caps.orderEurMax} euros an order`;
  return { qty: Math.min(qty, mostQty), eur, limit };
}

/** The trades as far as the limits allow, in their order, and what was cut or left out, one sentence each. */
export function withinCaps<Trade extends Sized>(
  planned: readonly Trade[],
  rules: CapRules,
  lotSize: (symbol: string) => number,
): { readonly trades: readonly Trade[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  let leftEur = rules.caps.dayEurMax - rules.spentEur;
  const trades = planned.flatMap((trade) => {
    const room = roomFor(trade, rules, leftEur, lotSize(trade.symbol));
    if (room === null) {
      notes.push(`${trade.symbol} is left out: ${unpriced}.`);
      return [];
    }
    const { qty, eur, limit } = room;
    if (qty < trade.qty) {
      notes.push(`${trade.side} ${trade.qty} ${trade.symbol} is ${qty > 0 ? `cut to ${qty}` : "left out"}: ${limit}.`);
    }
    if (qty <= 0) return [];
    leftEur -= qty * eur;
    return [{ ...trade, qty }];
  });
  return { trades, notes };
}

/** Which of these are over the limits as they are, by their ids, each with one plain clause on why. */
export function overCaps(
  wanted: readonly (Sized & { readonly id: string })[],
  rules: CapRules,
): ReadonlyMap<string, string> {
  const over = new Map<string, string>();
  let leftEur = rules.caps.dayEurMax - rules.spentEur;
  for (const trade of wanted) {
    const room = roomFor(trade, rules, leftEur, 1);
    if (room === null) over.set(trade.id, unpriced);
    else if (room.qty < trade.qty) over.set(trade.id, `it is more than the limit of ${room.limit} allows`);
    else leftEur -= room.qty * room.eur;
  }
  return over;
}
