import type { Fundamentals } from "../scoring/score-input.ts";
import { index, integer, primaryKey, real, sql, sqliteTable, text } from "./drizzle.ts";

/**
 * The market cache: what can be fetched again. Each node has its own; it is never replicated.
 * `dayMs` and `asOfMs` are market time (a replay's are years ago), `fetchedAtMs`, `computedAtMs`, `sinceMs` and `untilMs` the app's clock:
 * how old a value is, is judged by the latter. Prices are in major units of the listing's currency.
 */
export const bars = sqliteTable(
  "bars",
  {
    symbol: text().notNull(),
    /** Midnight UTC of the trading day. */
    dayMs: integer("day_ms").notNull(),
    /** Adjusted for splits. */
    close: real().notNull(),
    /** Paid per share on this ex-dividend day, adjusted for splits. */
    dividend: real().notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.symbol, table.dayMs] }),
    // Dividends are looked for all the time, and one bar in sixty has one.
    index("bars_dividends")
      .on(table.dayMs)
      .where(sql`dividend > 0`),
  ],
);

/** When the bars of a symbol were last fetched as a whole: after a split all of them are others. */
export const histories = sqliteTable("histories", {
  symbol: text().primaryKey(),
  wholeAtMs: integer("whole_at_ms").notNull(),
});

/** Splits that the source told of lately, until whoever leads has booked them. */
export const splits = sqliteTable(
  "splits",
  {
    symbol: text().notNull(),
    /** Midnight UTC of the day from which on prices are those of the new shares, and the instant. */
    dayMs: integer("day_ms").notNull(),
    atMs: integer("at_ms").notNull(),
    newShares: real("new_shares").notNull(),
    oldShares: real("old_shares").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.dayMs] })],
);

export const quotes = sqliteTable("quotes", {
  symbol: text().primaryKey(),
  price: real().notNull(),
  currency: text().notNull(),
  asOfMs: integer("as_of_ms").notNull(),
  fetchedAtMs: integer("fetched_at_ms").notNull(),
});

/** Exchange rates: how many units of the currency one unit of the base is; the last good one. */
export const fxRates = sqliteTable("fx_rates", {
  currency: text().primaryKey(),
  base: text().notNull(),
  perBase: real("per_base").notNull(),
  asOfMs: integer("as_of_ms").notNull(),
  fetchedAtMs: integer("fetched_at_ms").notNull(),
});

export const scores = sqliteTable("scores", {
  symbol: text().primaryKey(),
  /** 0..1, higher is more attractive. */
  total: real().notNull(),
  /** 0..1: how much of what the score should rest on was known. */
  confidence: real().notNull(),
  /** Its groups with their parts, inputs and ages, as JSON. */
  explanation: text().notNull().default("[]"),
  computedAtMs: integer("computed_at_ms").notNull(),
});

/** What the source said of companies; null: it has nothing of this one. */
export const fundamentals = sqliteTable("fundamentals", {
  symbol: text().primaryKey(),
  figures: text({ mode: "json" }).$type<Fundamentals | null>(),
  fetchedAtMs: integer("fetched_at_ms").notNull(),
});

/**
 * Stocks that may not be traded because something is wrong with their prices, and rates (by the source's symbol) whose
 * currency's stocks may not; a row counts until its end.
 */
export const blocks = sqliteTable("blocks", {
  symbol: text().primaryKey(),
  kind: text().notNull(),
  /** One plain sentence. */
  reason: text().notNull(),
  sinceMs: integer("since_ms").notNull(),
  untilMs: integer("until_ms").notNull(),
});
