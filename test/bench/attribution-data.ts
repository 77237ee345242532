import type { AccountDay } from "../../src/analytics/money/account-day.ts";
import { toMinor } from "../../src/analytics/money/amount.ts";
import { cashOf, type Movement } from "../../src/analytics/money/movement.ts";
import type { Analytics, Gains, Part } from "../../src/analytics/money/money-report.ts";
import { openLedger } from "../../src/db/ledger.ts";
import { addMovements, writeAccountDay } from "../../src/db/money-rows.ts";
import { loadEmbeddedMarket } from "../../src/market/embedded-market.ts";
import { moneyView } from "../../src/money-view.ts";
import { showBook } from "../../src/trading/books.ts";
import { DAYS } from "./scoring-data.ts";

const market = loadEmbeddedMarket();
const daysMs = market.days.slice(-DAYS);
const from = market.days.length - DAYS;
const SESSIONS_A_MONTH = 21;
const BOOK = "bench/bench/research";

const none = { symbol: null, qty: null, price: null, toCurrency: null, toMinor: null, rate: 0.9, note: "" };

/** Ten years of a 20-stock portfolio: 1,000 USD a month, a trade in a stock every other session. */
const movements: readonly Movement[] = daysMs.flatMap((atMs, index): Movement[] => {
  const common = { ...none, atMs, currency: "USD" } as const;
  const minor = index === 0 ? 5_000_000 : 100_000;
  const paid: Movement[] =
    index % SESSIONS_A_MONTH === 0 ? [{ ...common, id: `deposit-${index}`, kind: "deposit", minor }] : [];
  if (index % 2 === 1) return paid;
  const turn = index / 2;
  const symbol = market.symbols[turn % market.symbols.length] ?? "";
  const price = market.closeUsd(symbol, from + index) ?? Number.NaN;
  const kind = turn % 60 >= 40 ? "sell" : "buy";
  const worth = toMinor("USD", price, 2);
  return [
    ...paid,
    { ...common, id: `trade-${index}`, kind, minor: kind === "buy" ? -worth : worth, symbol, qty: 2, price },
    { ...common, id: `fee-${index}`, kind: "fee", minor: -200, symbol },
  ];
});

/** The account at the end of each of those days, in euros at a rate that moves. */
function accountDays(): readonly AccountDay[] {
  const byDay = Map.groupBy(movements, ({ atMs }) => atMs);
  const held = new Map<string, number>();
  let cash = 0;
  return daysMs.map((dayMs, index) => {
    const today = byDay.get(dayMs) ?? [];
    cash += cashOf(today).get("USD") ?? 0;
    for (const { kind, symbol, qty } of today) {
      if (symbol === null || qty === null) continue;
      held.set(symbol, (held.get(symbol) ?? 0) + (kind === "buy" ? qty : -qty));
    }
    const closes = market.symbols.map((symbol) => [symbol, market.closeUsd(symbol, from + index) ?? Number.NaN]);
    return {
      dayMs,
      base: "EUR",
      held: Object.fromEntries(held),
      prices: { USD: Object.fromEntries(closes) },
      cash: { USD: cash },
      rates: { USD: 0.9 + (index % 100) / 1_000 },
    };
  });
}

/** A ledger in memory with those ten years. */
function filledLedger() {
  const { db } = openLedger(":memory:", 0);
  showBook(db, BOOK, (work) => work());
  db.transaction(() => {
    addMovements(db, BOOK, movements);
    for (const day of accountDays()) writeAccountDay(db, BOOK, day);
  });
  return db;
}
const db = filledLedger();

/** From the rows of the ledger: returns, risk, the benchmark, attribution to stocks, regions and industries. */
export const analyticsOfTenYears = (): Part<Analytics> => mustBeKnown(moneyView(db, "EUR").analytics(DAYS));

/** From the rows of the ledger: gains first in, first out, split by what they came from. */
export const gainsOfTenYears = (): Part<Gains> => mustBeKnown(moneyView(db, "EUR").gains());

function mustBeKnown<T>(part: Part<T>): Part<T> {
  if (part.kind === "unknown") throw new Error(part.reason);
  return part;
}
