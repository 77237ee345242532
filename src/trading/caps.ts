/** Limits in euros for one order, and for all orders of a day together. */
export type Caps = { readonly orderEurMax: number; readonly dayEurMax: number };

type Sized = { readonly symbol: string; readonly side: "buy" | "sell"; readonly qty: number; readonly reason: string };

/** What the limits of a book are measured by. */
export type CapRules = {
  readonly caps: Caps;
  /** Value of the day's orders so far. */
  readonly spentEur: number;
  /** Price of one share in euros; null when price or rate is not known. */
  readonly priceEur: (symbol: string) => number | null;
};

/** The trades as far as the limits allow, in their order, and what was cut or left out, one sentence each. */
export function withinCaps<Trade extends Sized>(
  planned: readonly Trade[],
  { caps, spentEur, priceEur }: CapRules,
  lotSize: (symbol: string) => number,
): { readonly trades: readonly Trade[]; readonly notes: readonly string[] } {
  const notes: string[] = [];
  let leftEur = caps.dayEurMax - spentEur;
  const trades = planned.flatMap((trade) => {
    const eur = priceEur(trade.symbol);
    if (eur === null || !(eur > 0)) {
      notes.push(`${trade.symbol} is left out: its price in euros is not known, and there are limits in euros.`);
      return [];
    }
    const lot = lotSize(trade.symbol);
    const mostQty = Math.floor(Math.min(caps.orderEurMax, leftEur) / eur / lot + 1e-9) * lot;
    const qty = Math.min(trade.qty, mostQty);
    if (qty < trade.qty) {
      const limit = leftEur < caps.orderEurMax ? `${caps.dayEurMax} euros a day` : `${caps.orderEurMax} euros an order`;
      notes.push(`${trade.side} ${trade.qty} ${trade.symbol} is ${qty > 0 ? `cut to ${qty}` : "left out"}: ${limit}.`);
    }
    if (qty <= 0) return [];
    leftEur -= qty * eur;
    return [{ ...trade, qty }];
  });
  return { trades, notes };
}
