import { z } from "zod";
import { isCurrency, toMajor, type Currency } from "../../analytics/money/amount.ts";
import type { Movement } from "../../analytics/money/movement.ts";
import type { Part } from "../../analytics/money/money-report.ts";
import type { MoneyView } from "../../money-view.ts";
import { endpoint, nothing, refuse, type Endpoint } from "./endpoint.ts";

const daysMax = 3_650;
const transactionsMax = 10_000;

/** In major units of the base currency unless another is named; a share or return is a fraction. */
const amount = z.number();
const figure = z.number().nullable();
const day = z.iso.date();
const input = (days: number) =>
  z.object({ query: z.object({ days: z.coerce.number().int().min(1).max(daysMax).default(days) }) });

const attributed = z.array(
  z.object({ key: z.string(), gain: amount, contribution: z.number(), ownReturn: z.number().nullable() }),
);
const performanceSchema = z.object({
  timeWeighted: figure,
  timeWeightedAnnual: figure,
  moneyWeightedAnnual: figure,
  moneyWeightedReason: z.string().nullable(),
  annualVolatility: figure,
  sharpe: figure,
  sortino: figure,
  maxDrawdown: figure,
  calmar: figure,
  valueAtRisk95: figure,
  expectedShortfall95: figure,
  benchmark: z.object({ timeWeighted: figure, alphaAnnual: figure, beta: figure }).nullable(),
});
const parts = { gain: amount, price: amount, fx: amount, dividends: amount, fees: amount, taxes: amount };
const transaction = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  kind: z.string(),
  currency: z.string(),
  amount,
  symbol: z.string().nullable(),
  quantity: figure,
  price: figure,
  toCurrency: z.string().nullable(),
  toAmount: figure,
  rate: figure,
  note: z.string(),
});

/** How the money did: values, returns, gains, cash, and all of it to take away. */
export const moneyEndpoints: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/api/portfolio/history",
    summary:
      "The value at the end of each day, cash included, with the time-weighted return since the first and a benchmark's",
    access: "reader",
    refuses: [409],
    input: input(90),
    answer: z.object({
      base: z.string(),
      days: z.array(
        z.object({ day, value: amount, cash: amount, paidIn: amount, timeWeighted: z.number(), benchmark: z.number() }),
      ),
    }),
    handle: ({ query }, { open }) => {
      const money = open.money();
      const major = majorIn(money.base);
      return told(money.history(query.days), (days) => ({
        base: money.base,
        days: days.map(({ dayMs, totalMinor, cashMinor, flowMinor, timeWeighted, benchmark }) => ({
          day: dayText(dayMs),
          value: major(totalMinor),
          cash: major(cashMinor),
          paidIn: major(flowMinor),
          timeWeighted,
          benchmark,
        })),
      }));
    },
  }),
  endpoint({
    method: "get",
    path: "/api/portfolio/analytics",
    summary: "Time- and money-weighted return, risk, a benchmark, and what each stock, region and industry did",
    access: "reader",
    refuses: [409],
    input: input(365),
    answer: z.object({
      base: z.string(),
      performance: performanceSchema,
      stocks: attributed,
      regions: attributed,
      industries: attributed,
    }),
    handle: ({ query }, { open }) => {
      const money = open.money();
      const rows = (
        list: readonly { key: string; gainMinor: number; contribution: number; ownReturn: number | null }[],
      ) => list.map(({ gainMinor, ...row }) => ({ ...row, gain: toMajor(gainMinor, money.base) }));
      return told(money.analytics(query.days), ({ performance, stocks, regions, industries }) => ({
        base: money.base,
        performance,
        stocks: rows(stocks),
        regions: rows(regions),
        industries: rows(industries),
      }));
    },
  }),
  endpoint({
    method: "get",
    path: "/api/portfolio/gains",
    summary: "Gains since the beginning, split by what they came from; realised ones first in, first out",
    access: "reader",
    refuses: [409],
    input: nothing,
    answer: z.object({
      base: z.string(),
      day,
      total: z.object({ ...parts, other: amount, cashFx: amount }),
      stocks: z.array(
        z.object({ symbol: z.string(), quantity: z.number(), value: amount, cost: amount, realised: amount, ...parts }),
      ),
      realisedByYear: z.array(z.object({ year: z.int(), gain: amount })),
    }),
    handle: (_input, { open }) => gainsAnswer(open.money()),
  }),
  endpoint({
    method: "get",
    path: "/api/portfolio/cash-breakdown",
    summary: "Cash by currency: what its movements sum to, what the broker says, and what moved it",
    access: "reader",
    refuses: [],
    input: nothing,
    answer: z.object({
      cash: z.array(
        z.object({ currency: z.string(), booked: amount, broker: figure, byKind: z.record(z.string(), amount) }),
      ),
    }),
    handle: (_input, { open }) => ({
      cash: open
        .money()
        .cash()
        .map(({ currency, bookMinor, brokerMinor, byKind }) => ({
          currency,
          booked: toMajor(bookMinor, currency),
          broker: brokerMinor === null ? null : toMajor(brokerMinor, currency),
          byKind: Object.fromEntries(Object.entries(byKind).map(([kind, minor]) => [kind, toMajor(minor, currency)])),
        })),
    }),
  }),
  endpoint({
    method: "get",
    path: "/api/portfolio/transactions",
    summary: "What moved cash and shares, newest first",
    access: "reader",
    refuses: [],
    input: z.object({ query: z.object({ limit: z.coerce.number().int().min(1).max(transactionsMax).default(50) }) }),
    answer: z.object({ transactions: z.array(transaction) }),
    handle: ({ query }, { open }) => ({ transactions: open.money().transactions(query.limit).map(transactionOf) }),
  }),
  endpoint({
    method: "get",
    path: "/api/export.json",
    summary: "Everything that the figures are made of: movements, and each day with its prices and rates",
    access: "reader",
    refuses: [],
    input: nothing,
    answer: z.object({
      version: z.literal(1),
      book: z.string(),
      base: z.string(),
      transactions: z.array(transaction),
      days: z.array(
        z.object({
          day,
          held: z.record(z.string(), z.number()),
          prices: z.record(z.string(), z.record(z.string(), z.number())),
          cash: z.record(z.string(), amount),
          rates: z.record(z.string(), z.number()),
          /** Since when prices are those of the new shares, of stocks that split lately. */
          splits: z.record(z.string(), z.string()),
        }),
      ),
    }),
    handle: (_input, { open }) => {
      const { version, book, base, movements, days } = open.money().exportJson();
      return {
        version,
        book,
        base,
        transactions: movements.map(transactionOf),
        days: days.map(({ dayMs, held, prices, cash, rates, splits = {} }) => ({
          day: dayText(dayMs),
          held,
          prices,
          cash: Object.fromEntries(
            Object.entries(cash).flatMap(([currency, minor]) =>
              isCurrency(currency) ? [[currency, toMajor(minor, currency)]] : [],
            ),
          ),
          rates,
          splits: Object.fromEntries(
            Object.entries(splits).map(([symbol, atMs]) => [symbol, new Date(atMs).toISOString()]),
          ),
        })),
      };
    },
  }),
  endpoint({
    method: "get",
    path: "/api/export.csv",
    summary: "A row for each trade and every other movement of cash (RFC 4180)",
    access: "reader",
    refuses: [],
    media: "text/csv",
    input: nothing,
    answer: z.string(),
    handle: (_input, { open }) => open.money().exportCsv(),
  }),
];

function gainsAnswer(money: MoneyView) {
  const major = majorIn(money.base);
  return told(money.gains(), ({ asOfMs, split, stocks, realisedByYear }) => ({
    base: money.base,
    day: dayText(asOfMs),
    total: { ...partsOf(major, split), other: major(split.otherMinor), cashFx: major(split.cashFxMinor) },
    stocks: stocks.map((stock) => ({
      symbol: stock.symbol,
      quantity: stock.qty,
      value: major(stock.valueMinor),
      cost: major(stock.costMinor),
      realised: major(stock.realisedMinor),
      ...partsOf(major, stock),
    })),
    realisedByYear: realisedByYear.map(({ year, gainMinor }) => ({ year, gain: major(gainMinor) })),
  }));
}

type Split = Readonly<
  Record<"gainMinor" | "priceMinor" | "fxMinor" | "dividendsMinor" | "feesMinor" | "taxesMinor", number>
>;

const partsOf = (major: (minor: number) => number, split: Split) => ({
  gain: major(split.gainMinor),
  price: major(split.priceMinor),
  fx: major(split.fxMinor),
  dividends: major(split.dividendsMinor),
  fees: major(split.feesMinor),
  taxes: major(split.taxesMinor),
});

/** Amounts of this currency in major units. */
const majorIn =
  (currency: Currency) =>
  (minor: number): number =>
    toMajor(minor, currency);

function transactionOf(movement: Movement): z.input<typeof transaction> {
  const { id, atMs, kind, currency, minor, symbol, qty, price, toCurrency, toMinor, rate, note } = movement;
  return {
    id,
    at: new Date(atMs).toISOString(),
    kind,
    currency,
    amount: toMajor(minor, currency),
    symbol,
    quantity: qty,
    price,
    toCurrency,
    toAmount: toCurrency === null || toMinor === null ? null : toMajor(toMinor, toCurrency),
    rate,
    note,
  };
}

const told = <T, Answer>(found: Part<T>, answer: (value: T) => Answer) =>
  found.kind === "known" ? answer(found.value) : refuse({ status: 409, detail: `It cannot be told: ${found.reason}.` });

const dayText = (dayMs: number): string => new Date(dayMs).toISOString().slice(0, 10);
