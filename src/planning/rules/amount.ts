import { sharesText } from "../../analytics/money/shares.ts";
import { costEur, neededEur, tradeMinEur } from "../costs.ts";
import { partsOf } from "../targets.ts";
import { type Refusal, type Situation, money, first, firstBut, percent, refuse } from "./refusal.ts";

/** Prices move between plan and order: a cap may be exceeded by this share of the portfolio, the reserve never. */
const CAP_TOLERANCE = 0.005;

/** What forbids buying this many. */
export function mayBuyQty(situation: Situation, qty: number): Refusal | null {
  const { input, portfolio, stock, waived } = situation;
  const value = qty * (stock.priceEur ?? Number.NaN);
  const needed = neededEur(input, stock, value);
  return firstBut(
    waived,
    notInLots(qty, stock.lotSize),
    tooSmall(situation, "buy", value),
    !(needed <= portfolio.freeEur) &&
      refuse(
        "cash reserve",
        `${money(needed, input)} are needed and ${money(Math.max(0, portfolio.freeEur), input)} are free above the reserve of ${money(input.settings.cashReserveEur, input)}`,
      ),
    overCap(situation, value),
  );
}

/** What forbids selling this many. */
export function maySellQty(situation: Situation, qty: number): Refusal | null {
  const { stock, waived } = situation;
  const { active, lotSize } = stock;
  return firstBut(
    waived,
    qty > stock.qty && refuse("holding", `${qty} are more than the ${sharesText(stock.qty)} that are held`),
    notInLots(qty, lotSize),
    active && stock.qty - qty < lotSize && refuse("last lot", `a lot of ${lotSize} has to stay`),
    tooSmall(situation, "sell", qty * (stock.priceEur ?? Number.NaN)),
  );
}

const notInLots = (qty: number, lotSize: number): Refusal | null =>
  qty > 0 && Number.isInteger(qty) && qty % lotSize === 0
    ? null
    : refuse("lot", `${qty} is no multiple of its lot of ${lotSize}`);

function tooSmall({ input, stock }: Situation, side: "buy" | "sell", value: number): Refusal | null {
  const least = tradeMinEur(input, stock, side);
  if (value >= least) return null;
  return refuse(
    "minimum size",
    `${money(value, input)} are less than ${money(least, input)}, the least for a cost of ${money(costEur(input, stock, value), input)}`,
  );
}

function overCap({ input, portfolio, targets, stock }: Situation, value: number): Refusal | null {
  const { positionMax, groupSlack } = input.settings;
  const { equityEur, investableEur } = portfolio;
  const position = ((portfolio.stocksEur.get(stock.symbol) ?? 0) + value) / equityEur;
  const group = (name: string, share: number, target = 0): Refusal | null =>
    share <= target + groupSlack + CAP_TOLERANCE
      ? null
      : refuse("group cap", `${name} would have ${percent(share)}, at most ${percent(target + groupSlack)}`);
  const part = (map: ReadonlyMap<string, number>, name: string, byEur: number): number =>
    ((map.get(name) ?? 0) + byEur) / investableEur;
  return first(
    !(position <= positionMax + CAP_TOLERANCE) &&
      refuse("position cap", `it would have ${percent(position)}, at most ${percent(positionMax)}`),
    group(stock.region, part(portfolio.regionsEur, stock.region, value), targets.regions.get(stock.region)),
    ...partsOf(stock.industries).map(([industry, share]) =>
      group(industry, part(portfolio.industriesEur, industry, share * value), targets.industries.get(industry)),
    ),
  );
}
