import type { Currency } from "../analytics/money/amount.ts";
import type { Conversion, PaperFill } from "../trading/brokers/paper-account.ts";
import { integer, primaryKey, real, sqliteTable, text } from "./drizzle.ts";

/* The paper broker's part of the ledger, as the rest of it: instants are milliseconds of the app's clock since 1970. */

/** The orders of the paper broker, which is nowhere but here. */
export const paperOrders = sqliteTable(
  "paper_orders",
  {
    /** One for each currency; rows from before there were several are of the first. */
    account: text().notNull().default("paper"),
    clientOrderId: text("client_order_id").notNull(),
    symbol: text().notNull(),
    side: text({ enum: ["buy", "sell"] }).notNull(),
    qty: integer().notNull(),
    submittedAtMs: integer("submitted_at_ms").notNull(),
    state: text({ enum: ["open", "filled", "cancelled"] }).notNull(),
    /** Cash of the account's own currency that it may need as long as it is open. */
    reservedMinor: integer("reserved_minor").notNull(),
    fill: text({ mode: "json" }).$type<PaperFill>(),
  },
  (table) => [primaryKey({ columns: [table.account, table.clientOrderId] })],
);

/**
 * Splits of what the paper broker holds, each booked once whoever leads: its key is the stock and the day from which on
 * prices are those of the new shares.
 */
export const paperSplits = sqliteTable(
  "paper_splits",
  {
    symbol: text().notNull(),
    dayMs: integer("day_ms").notNull(),
    atMs: integer("at_ms").notNull(),
    newShares: real("new_shares").notNull(),
    oldShares: real("old_shares").notNull(),
  },
  (table) => [primaryKey({ columns: [table.symbol, table.dayMs] })],
);

/** What the owner paid into the paper broker, or out of it when negative, once for each id. */
export const paperCash = sqliteTable(
  "paper_cash",
  {
    account: text().notNull(),
    id: text().notNull(),
    atMs: integer("at_ms").notNull(),
    currency: text().$type<Currency>().notNull(),
    minor: integer().notNull(),
    converted: text({ mode: "json" }).$type<Conversion>(),
  },
  (table) => [primaryKey({ columns: [table.account, table.id] })],
);

/**
 * Dividends that the paper broker's accounts were paid, once for each stock and ex-day whoever leads: what the shares that
 * were held before that day were due, at what was told for a share (as splits until it was booked count them).
 */
export const paperDividends = sqliteTable(
  "paper_dividends",
  {
    account: text().notNull(),
    symbol: text().notNull(),
    /** The ex-day: midnight UTC. */
    dayMs: integer("day_ms").notNull(),
    /** When it was booked, and changed. */
    atMs: integer("at_ms").notNull(),
    qty: real().notNull(),
    perShare: real("per_share").notNull(),
    currency: text().$type<Currency>().notNull(),
    minor: integer().notNull(),
    converted: text({ mode: "json" }).$type<Conversion>(),
  },
  (table) => [primaryKey({ columns: [table.account, table.symbol, table.dayMs] })],
);
