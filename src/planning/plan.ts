import { type PlanningSettings, TRADES_A_CYCLE_MAX } from "./settings.ts";
import { type Stock, targetWeights } from "./targets.ts";

export type PlanningInput = {
  readonly stocks: readonly Stock[];
  /** 0..1 by symbol. */
  readonly scores: ReadonlyMap<string, number>;
  readonly pricesUsd: ReadonlyMap<string, number>;
  /** Shares held, by symbol. */
  readonly held: ReadonlyMap<string, number>;
  readonly cashUsd: number;
  /** Cash that orders without a known end may still take. */
  readonly reservedUsd: number;
  /** Symbols that may not be traded now, each with why. */
  readonly blocked: ReadonlyMap<string, string>;
  readonly settings: PlanningSettings;
};

type PlannedTrade = {
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly qty: number;
  readonly valueUsd: number;
  readonly reason: string;
};

/** The trades in the order in which they are to be sent, and one sentence on the whole: why these, or why none. */
export type TradePlan = { readonly trades: readonly PlannedTrade[]; readonly reason: string };

type Gap = { readonly stock: Stock; readonly priceUsd: number; readonly heldQty: number; readonly gapUsd: number };

/** Decides a cycle's trades. Deterministic: the same input gives the same plan, whatever the order of its maps. */
export function planTrades(input: PlanningInput): TradePlan {
  const { settings, pricesUsd, held } = input;
  if (input.scores.size === 0) return nothing("there are no scores yet");
  const unpriced = [...held].filter(([symbol, qty]) => qty !== 0 && !isPrice(pricesUsd.get(symbol)));
  if (unpriced.length > 0) {
    const symbols = unpriced.map(([symbol]) => symbol).sort();
    return nothing(`${symbols.join(", ")} is held but has no price, so the portfolio's value is unknown`);
  }
  const heldUsd = [...held].reduce((sum, [symbol, qty]) => sum + qty * (pricesUsd.get(symbol) ?? 0), 0);
  const equityUsd = input.cashUsd + heldUsd;
  const gaps = findGaps(input, equityUsd);
  const worthUsd = Math.max(settings.tradeMinUsd, settings.driftMin * equityUsd);
  const wanted = gaps.filter((gap) => Math.abs(gap.gapUsd) >= worthUsd);
  if (wanted.length === 0) {
    return nothing(`every stock is within ${percent(worthUsd / equityUsd)} of its target`);
  }
  return choose(input, wanted, equityUsd);
}

function findGaps(input: PlanningInput, equityUsd: number): Gap[] {
  const investableUsd = Math.max(0, equityUsd - input.settings.cashReserveUsd);
  const weights = targetWeights(input.stocks, input.scores, input.settings);
  return input.stocks
    .flatMap((stock) => {
      const priceUsd = input.pricesUsd.get(stock.symbol);
      if (!isPrice(priceUsd)) return [];
      const heldQty = input.held.get(stock.symbol) ?? 0;
      const gapUsd = (weights.get(stock.symbol) ?? 0) * investableUsd - heldQty * priceUsd;
      return [{ stock, priceUsd, heldQty, gapUsd }];
    })
    .sort((a, b) => Math.abs(b.gapUsd) - Math.abs(a.gapUsd) || (a.stock.symbol < b.stock.symbol ? -1 : 1));
}

function choose(input: PlanningInput, wanted: readonly Gap[], equityUsd: number): TradePlan {
  const { settings } = input;
  const tradesMax = Math.min(settings.tradesMax, TRADES_A_CYCLE_MAX);
  // Proceeds of this cycle's sells are not counted: a sell may still be open when the next buy is sent.
  let freeUsd = input.cashUsd - settings.cashReserveUsd - input.reservedUsd;
  const trades: PlannedTrade[] = [];
  const obstacles = new Set<string>();
  for (const gap of wanted) {
    if (trades.length >= tradesMax) break;
    const sized = size(input, gap, freeUsd);
    if (typeof sized === "string") {
      obstacles.add(sized);
      continue;
    }
    if (sized.side === "buy") freeUsd -= withCosts(sized.valueUsd, settings);
    trades.push({ ...sized, reason: whyTrade(input, gap, sized, equityUsd) });
  }
  if (trades.length === 0) return nothing([...obstacles].join("; "));
  trades.sort((a, b) => Number(a.side === "buy") - Number(b.side === "buy"));
  const rest = wanted.length - trades.length;
  const later = rest > 0 ? `, ${rest} smaller or blocked ${rest === 1 ? "gap waits" : "gaps wait"}` : "";
  return { trades, reason: `${wanted.length} of ${input.stocks.length} stocks are off target${later}.` };
}

/** The trade that closes a gap as far as it may, or what is in its way. */
function size(input: PlanningInput, gap: Gap, freeUsd: number): Omit<PlannedTrade, "reason"> | string {
  const { settings } = input;
  const { symbol, lotSize, allowBuy, allowSell } = gap.stock;
  const side = gap.gapUsd > 0 ? "buy" : "sell";
  const blocked = input.blocked.get(symbol);
  if (blocked !== undefined) return `${symbol} is blocked: ${blocked}`;
  if (side === "buy" ? !allowBuy : !allowSell) return `${symbol} may not be ${side === "buy" ? "bought" : "sold"}`;
  const affordableUsd = (freeUsd - settings.costFixedUsd) / (1 + settings.costFraction);
  const aimUsd = side === "buy" ? Math.min(gap.gapUsd, affordableUsd) : -gap.gapUsd;
  const lots = Math.max(0, Math.floor(aimUsd / gap.priceUsd / lotSize + 1e-9));
  const qty = side === "buy" ? lots * lotSize : Math.min(lots * lotSize, gap.heldQty);
  const valueUsd = qty * gap.priceUsd;
  if (qty >= 1 && valueUsd >= settings.tradeMinUsd) return { symbol, side, qty, valueUsd };
  if (side === "buy" && affordableUsd < gap.gapUsd) return "there is no free cash above the reserve to buy with";
  return `a whole lot of ${symbol} is more than its gap`;
}

function whyTrade(input: PlanningInput, gap: Gap, trade: Omit<PlannedTrade, "reason">, equityUsd: number): string {
  const shareNow = (gap.heldQty * gap.priceUsd) / equityUsd;
  const target = shareNow + gap.gapUsd / equityUsd;
  const score = input.scores.get(trade.symbol);
  const because = gap.stock.active
    ? score === undefined
      ? "no score, taken as neutral"
      : `score ${score.toFixed(2)}`
    : "no longer in the universe";
  const verb = trade.side === "buy" ? "Buy" : "Sell";
  return `${verb} ${trade.qty} ${trade.symbol}: ${percent(shareNow)} of the portfolio, target ${percent(target)} (${because}).`;
}

const nothing = (why: string): TradePlan => ({ trades: [], reason: `Nothing to do: ${why}.` });
const withCosts = (valueUsd: number, settings: PlanningSettings): number =>
  valueUsd * (1 + settings.costFraction) + settings.costFixedUsd;
const isPrice = (priceUsd: number | undefined): priceUsd is number =>
  priceUsd !== undefined && Number.isFinite(priceUsd) && priceUsd > 0;
const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)}%`;
