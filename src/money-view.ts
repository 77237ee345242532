import { isCurrency, toMinor, type Currency } from "./analytics/money/amount.ts";
import { movementsCsv } from "./analytics/money/export.ts";
import type { Movement } from "./analytics/money/movement.ts";
import * as report from "./analytics/money/money-report.ts";
import { eq } from "./db/drizzle.ts";
import type { LedgerDb } from "./db/ledger.ts";
import { cash, universe } from "./db/ledger-schema.ts";
import { readAccountDays, readDayRates, readMovements } from "./db/money-rows.ts";
import { shownBook } from "./trading/books.ts";

/** Ten years with weekends, and room. */
const DAYS_READ_MAX = 4_000;

/** How the money of the shown book did. Amounts are in minor units; shares of a whole are fractions. */
export type MoneyView = {
  /** Broker, account and mode. */
  readonly book: string;
  /** What everything is converted to. */
  readonly base: Currency;
  history(days: number): report.Part<readonly report.HistoryDay[]>;
  analytics(days: number): report.Part<report.Analytics>;
  gains(): report.Part<report.Gains>;
  cash(): readonly report.CashLine[];
  /** Newest first. */
  transactions(limit: number): readonly Movement[];
  exportCsv(): string;
  exportJson(): MoneyExport;
};

type MoneyExport = { readonly version: 1; readonly book: string } & report.AccountHistory;

/** The money of the book that is shown, read anew by each function. Throws when books are not kept in this base. */
export function moneyView(db: LedgerDb, base: string): MoneyView {
  if (!isCurrency(base)) throw new Error(`books are not kept in ${base}`);
  const book = shownBook(db);
  const history = (): report.AccountHistory => ({
    base,
    // Days that were kept in another base say nothing in this one.
    days: readAccountDays(db, book, DAYS_READ_MAX).filter((day) => day.base === base),
    movements: readMovements(db, book),
  });
  return {
    book,
    base,
    history: (days) => report.valueHistory(history(), days),
    analytics: (days) => report.analytics(history(), groupsOf(db), days),
    gains: () => {
      const newest = readAccountDays(db, book, 1).find((day) => day.base === base) ?? null;
      return report.gains({ base, newest, rates: readDayRates(db, book, base), movements: readMovements(db, book) });
    },
    cash: () => report.cashBreakdown(readMovements(db, book), statedCash(db, book)),
    transactions: (limit) => readMovements(db, book).slice(-limit).toReversed(),
    exportCsv: () => movementsCsv(readMovements(db, book)),
    exportJson: () => ({ version: 1, book, ...history() }),
  };
}

function statedCash(db: LedgerDb, book: string): ReadonlyMap<Currency, number> {
  const rows = db.select().from(cash).where(eq(cash.book, book)).all();
  return new Map(
    rows.flatMap(({ currency, amount }) => (isCurrency(currency) ? [[currency, toMinor(currency, amount)]] : [])),
  );
}

function groupsOf(db: LedgerDb): report.Groups {
  const stocks = new Map(
    db
      .select()
      .from(universe)
      .all()
      .map((stock) => [stock.symbol, stock]),
  );
  const regionsOf = (symbol: string): readonly string[] => {
    const region = stocks.get(symbol)?.region;
    return region === undefined ? [] : [region];
  };
  return { regionsOf, industriesOf: (symbol) => stocks.get(symbol)?.industries ?? [] };
}
