import { allToBase, toBase } from "../market/fx/rates.ts";
import type { Allowances, PlanningInput } from "../planning/input.ts";
import { placesOf } from "../planning/place.ts";
import { type Portfolio, portfolioOf, valueEur } from "../planning/portfolio.ts";
import type { PlanningSettings } from "../planning/settings.ts";
import { type Stock, type StockFacts, gainOf } from "../planning/stock.ts";
import type { BrokerAccount, BrokerPosition } from "./broker.ts";
import type { MarketView, TradableUniverse } from "./market-view.ts";
import { type Intent, isInDoubt } from "./plan-record.ts";
import type { StockFigures } from "./stock-figures.ts";
import type { TradeTimes } from "./trade-times.ts";

/** Where a plan's facts come from, besides the broker. Each is read anew for every plan and every order. */
export type PlanningSources = {
  /** App time that a day of the market takes. */
  readonly dayMs: number;
  readonly settings: () => PlanningSettings;
  readonly universe: () => TradableUniverse;
  readonly tradeTimes: () => ReadonlyMap<string, TradeTimes>;
  readonly market: () => MarketView;
  readonly figures: (symbols: readonly string[]) => ReadonlyMap<string, StockFigures>;
  readonly allowances: () => Allowances;
};

/** What the broker has, and the orders whose end is open. */
export type Account = {
  readonly positions: readonly BrokerPosition[];
  readonly account: BrokerAccount;
  readonly open: readonly Intent[];
};

/** What a plan is decided on; or one plain clause on why none can be. */
export type Gathered =
  | { readonly kind: "input"; readonly input: PlanningInput }
  | { readonly kind: "unknown"; readonly why: string };

/** Puts together what a plan, or the check of an order, is decided on at this instant. */
export function gather(sources: PlanningSources, account: Account, nowMs: number): Gathered {
  const market = sources.market();
  const { prices, rates } = market;
  const cash = allToBase(account.account.cash, rates);
  if (cash.kind === "no-rate") return { kind: "unknown", why: cash.reason };
  const reservedEur = reserveEur(account.open, prices);
  if (reservedEur === null) {
    return { kind: "unknown", why: "an order whose end is unknown has no price, so the free cash is unknown" };
  }
  const rows = rowsOf(sources.universe(), account.positions);
  const known: Known = {
    market,
    account,
    figures: sources.figures(rows.map(({ symbol }) => symbol)),
    times: sources.tradeTimes(),
  };
  const input: PlanningInput = {
    nowMs,
    dayMs: sources.dayMs,
    stocks: rows.map((row) => factsOf(row, known)),
    accountCurrency: account.account.currency,
    base: rates.base,
    cashEur: cash.amount,
    reservedEur,
    allowances: sources.allowances(),
    settings: sources.settings(),
  };
  const portfolio = portfolioOf(input);
  const places = placesOf(input, portfolio);
  const stocks = input.stocks.map((stock): StockFacts => {
    const figure = known.figures.get(stock.symbol);
    const here = figure?.inPortfolio(places.get(stock.symbol) ?? null, 0);
    return {
      ...stock,
      // A score that is too old to trade on is too old in a portfolio too.
      scoreInPortfolio: stock.score === null ? null : (here?.total ?? null),
      sellScore: sellScoreOf(input, portfolio, stock, figure),
    };
  });
  return { kind: "input", input: { ...input, stocks } };
}

type Row = Stock & Pick<StockFacts, "untradable">;
type Known = {
  readonly market: MarketView;
  readonly account: Account;
  readonly figures: ReadonlyMap<string, StockFigures>;
  readonly times: ReadonlyMap<string, TradeTimes>;
};

/** The universe, and what else is held: that counts for what it is worth, and is left alone. */
function rowsOf({ stocks, excluded }: TradableUniverse, positions: readonly BrokerPosition[]): readonly Row[] {
  const known = [
    ...stocks.map((stock) => ({ ...stock, untradable: null })),
    ...excluded.map(({ stock, why }) => ({ ...stock, untradable: why })),
  ];
  const symbols = new Set(known.map(({ symbol }) => symbol));
  return [
    ...known,
    ...positions
      .filter(({ symbol }) => !symbols.has(symbol))
      .map(({ symbol, currency }) => ({ ...foreign, symbol, currency })),
  ];
}

function factsOf(row: Row, { market, account, figures, times }: Known): StockFacts {
  const { symbol, region, industries, currency, lotSize, allowBuy, allowSell, active, untradable } = row;
  const listed = market.prices.get(symbol);
  const figure = figures.get(symbol);
  const position = account.positions.find((each) => each.symbol === symbol);
  const cost = position && toBase(position.avgPrice, position.currency, market.rates);
  const { lastBoughtMs, lastSoldMs, heldSinceMs } = times.get(symbol) ?? neverTraded;
  return {
    symbol,
    region,
    industries,
    currency,
    lotSize,
    allowBuy,
    allowSell,
    active,
    priceEur: listed?.priceBase ?? null,
    priceToHigh: listed === undefined ? null : (figure?.toHigh(listed.price) ?? null),
    score: market.scores.get(symbol) ?? null,
    scoreInPortfolio: null,
    confidence: figure?.confidence ?? 0,
    quality: figure?.quality ?? null,
    growth: figure?.growth ?? null,
    sellScore: null,
    qty: position?.qty ?? 0,
    averageCostEur: cost?.kind === "converted" ? cost.amount : null,
    heldSinceMs,
    lastBoughtMs,
    lastSoldMs,
    untradable,
    blocked: whyBlocked(account.open, symbol) ?? market.blocked.get(symbol) ?? null,
  };
}

const neverTraded: TradeTimes = { lastBoughtMs: null, lastSoldMs: null, heldSinceMs: null };

const foreign = {
  region: "",
  industries: [],
  lotSize: 1,
  allowBuy: false,
  allowSell: false,
  active: true,
  untradable: "it is not in the universe",
} satisfies Omit<Row, "symbol" | "currency">;

function sellScoreOf(
  input: PlanningInput,
  { equityEur, regionsEur, industriesEur }: Portfolio,
  stock: StockFacts,
  figure: StockFigures | undefined,
): number | null {
  if (stock.qty <= 0 || figure === undefined) return null;
  const shareOf = (amountEur = 0): number => amountEur / equityEur;
  return figure.sellScore({
    gain: gainOf(stock),
    heldDays: stock.heldSinceMs === null ? null : (input.nowMs - stock.heldSinceMs) / input.dayMs,
    share: shareOf(valueEur(stock)),
    regionShare: shareOf(regionsEur.get(stock.region)),
    industryShare: Math.max(0, ...stock.industries.map((industry) => shareOf(industriesEur.get(industry)))),
  });
}

// Cash that an order may still take. The broker's cash does not show it before the fill.
function reserveEur(open: readonly Intent[], prices: MarketView["prices"]): number | null {
  let sumEur = 0;
  for (const intent of open) {
    if (intent.side === "sell") continue;
    const price = prices.get(intent.symbol);
    if (price === undefined) return null;
    sumEur += (intent.qty - intent.filledQty) * price.priceBase;
  }
  return sumEur;
}

function whyBlocked(open: readonly Intent[], symbol: string): string | null {
  const intent = open.find((each) => each.symbol === symbol);
  if (intent === undefined) return null;
  return `order ${intent.clientOrderId} is ${isInDoubt(intent.state) ? "unknown" : intent.state}`;
}
