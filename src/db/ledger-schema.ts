import type { Considered } from "../planning/considered.ts";
import type { Overridable } from "../planning/owner-orders.ts";
import type { AccountDay } from "../analytics/money/account-day.ts";
import type { Currency } from "../analytics/money/amount.ts";
import { movementKinds } from "../analytics/money/movement.ts";
import { index, integer, primaryKey, real, sql, sqliteTable, text, uniqueIndex } from "./drizzle.ts";

/**
 * The ledger: what matters and cannot be fetched again. Replicated, so small by design.
 * Instants are milliseconds of the app's clock since 1970; slots are text such as `20261122T1415Z`.
 */
export const settings = sqliteTable("settings", { key: text().primaryKey(), value: text().notNull() });

/** The stocks that are looked after. A row stays when its stock is given up (`active`): it may still be held. */
export const universe = sqliteTable("universe", {
  /** As the broker names it. */
  symbol: text().primaryKey(),
  /** Where it does not follow from the symbol. */
  yahooSymbol: text("yahoo_symbol"),
  name: text().notNull(),
  region: text({ enum: ["EU", "ASIA", "US"] }).notNull(),
  /** A position counts for each of its industries in equal parts. */
  industries: text({ mode: "json" }).$type<readonly string[]>().notNull(),
  /** Of its listing: pounds, never pence. */
  currency: text().notNull(),
  /** Code of the calendar that says when it trades, where that does not follow from Yahoo's symbol. */
  exchange: text(),
  lotSize: integer("lot_size").notNull().default(1),
  allowBuy: integer("allow_buy", { mode: "boolean" }).notNull().default(true),
  /** On unless switched off, unlike the single-board trader's: what may never be sold cannot be rebalanced. */
  allowSell: integer("allow_sell", { mode: "boolean" }).notNull().default(true),
  active: integer({ mode: "boolean" }).notNull().default(true),
});

/**
 * A book is what one broker, account and mode have together: its name is the first part of the keys of all that is
 * traded, so that nothing of research is ever taken for real. Rows from before there were books have an empty one.
 */
const book = () => text().notNull().default("");

/** One plan a slot and book; its orders are the rows of `order_intents`. Written and confirmed before its first order. */
export const plans = sqliteTable(
  "plans",
  {
    book: book(),
    slot: text().notNull(),
    epoch: integer().notNull(),
    node: text().notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    status: text({ enum: ["planned", "confirmed", "done", "ended"] }).notNull(),
    /** Why this plan, or why it ended early: one plain sentence. */
    reason: text().notNull(),
    /** What it was chosen from; of the newest plans only, since the ledger is to stay small. */
    considered: text({ mode: "json" }).$type<Considered>(),
  },
  (table) => [primaryKey({ columns: [table.book, table.slot] })],
);

export const orderIntents = sqliteTable(
  "order_intents",
  {
    book: book(),
    slot: text().notNull(),
    n: integer().notNull(),
    clientOrderId: text("client_order_id").notNull(),
    symbol: text().notNull(),
    side: text({ enum: ["buy", "sell"] }).notNull(),
    qty: integer().notNull(),
    reason: text().notNull(),
    state: text({
      enum: [
        "planned",
        "sent",
        "unknown",
        "open",
        "partly-filled",
        "filled",
        "rejected",
        "cancelled",
        "expired",
        "not-sent",
      ],
    }).notNull(),
    brokerOrderId: text("broker_order_id"),
    filledQty: integer("filled_qty").notNull().default(0),
    /** In the currency of the listing, as all prices. */
    filledAvgPrice: real("filled_avg_price"),
    sentAtMs: integer("sent_at_ms"),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.book, table.slot, table.n] }),
    uniqueIndex("order_intents_id").on(table.book, table.clientOrderId),
  ],
);

/**
 * What the owner has ordered. One becomes the n-th order of a slot's plan in the transaction that writes the plan; what
 * became of it then is told by that order alone.
 */
export const ownerOrders = sqliteTable(
  "owner_orders",
  {
    /** Made by whoever asks: the same one again is the same order. */
    id: text().primaryKey(),
    /** In force when it was made. */
    book: text().notNull(),
    symbol: text().notNull(),
    side: text({ enum: ["buy", "sell"] }).notNull(),
    qty: integer().notNull(),
    overrides: text({ mode: "json" }).$type<readonly Overridable[]>().notNull(),
    madeAtMs: integer("made_at_ms").notNull(),
    /** It is in no plan from then on. */
    untilMs: integer("until_ms").notNull(),
    /** Why the newest plan did not take it; null: none has looked at it since. */
    waitsFor: text("waits_for"),
    /** Its place in a plan; both or neither. */
    slot: text(),
    n: integer(),
    /** Why no plan takes it any more, whatever its time. */
    closed: text({ enum: ["withdrawn", "ended"] }),
    closedWhy: text("closed_why"),
  },
  (table) => [
    index("owner_orders_made").on(table.madeAtMs),
    index("owner_orders_place").on(table.book, table.slot, table.n),
  ],
);

export const positions = sqliteTable(
  "positions",
  {
    book: book(),
    symbol: text().notNull(),
    /** Shares, to a billionth. */
    qty: real().notNull(),
    /** Of the listing; rows from before it was told are dollars. */
    currency: text().notNull().default("USD"),
    avgPrice: real("avg_price").notNull(),
    syncedAtMs: integer("synced_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.book, table.symbol] })],
);

export const cash = sqliteTable(
  "cash",
  {
    book: book(),
    currency: text().notNull(),
    amount: real().notNull(),
    syncedAtMs: integer("synced_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.book, table.currency] })],
);

export const snapshots = sqliteTable(
  "snapshots",
  {
    book: book(),
    slot: text().notNull(),
    atMs: integer("at_ms").notNull(),
    /** Of the account, its equity (all cash and positions) and this cash; rows from before it was told are dollars. */
    currency: text().notNull().default("USD"),
    equity: real().notNull(),
    cash: real().notNull(),
  },
  (table) => [primaryKey({ columns: [table.book, table.slot] }), index("snapshots_at").on(table.book, table.atMs)],
);

/** What moved an account's cash or shares, told once by its broker; in minor units, so that sums are exact. */
export const movements = sqliteTable(
  "movements",
  {
    book: text().notNull(),
    /** The broker's own, or `opening-` and what was there. */
    id: text().notNull(),
    kind: text({ enum: movementKinds }).notNull(),
    atMs: integer("at_ms").notNull(),
    currency: text().$type<Currency>().notNull(),
    minor: integer().notNull(),
    symbol: text(),
    qty: real(),
    price: real(),
    toCurrency: text("to_currency").$type<Currency>(),
    toMinor: integer("to_minor"),
    rate: real(),
    note: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.book, table.id] }), index("movements_at").on(table.book, table.atMs)],
);

/** An account at the end of each day (UTC), or until now: one row with everything that values it. */
export const accountDays = sqliteTable(
  "account_days",
  {
    book: text().notNull(),
    dayMs: integer("day_ms").notNull(),
    day: text({ mode: "json" }).$type<Omit<AccountDay, "dayMs">>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.book, table.dayMs] })],
);

/** What may not be traded now, as the newest cycle found it. */
export const locks = sqliteTable(
  "locks",
  {
    book: book(),
    name: text().notNull(),
    blocks: text({ enum: ["buys", "sells", "all"] }).notNull(),
    /** Null: every symbol. */
    symbol: text(),
    reason: text().notNull(),
    sinceMs: integer("since_ms").notNull(),
    /** Null: until what `ends` says. */
    untilMs: integer("until_ms"),
    ends: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.book, table.name] })],
);

export const jobRuns = sqliteTable(
  "job_runs",
  {
    job: text().notNull(),
    slot: text().notNull(),
    epoch: integer().notNull(),
    node: text().notNull(),
    status: text({ enum: ["running", "completed", "failed"] }).notNull(),
    /** Starts so far that count against the bound on retries. */
    attempts: integer().notNull().default(1),
    startedAtMs: integer("started_at_ms").notNull(),
    endedAtMs: integer("ended_at_ms"),
    outcome: text(),
  },
  (table) => [
    primaryKey({ columns: [table.job, table.slot] }),
    // The scheduler looks for open rows at every turn; nearly all are completed.
    index("job_runs_open")
      .on(table.job)
      .where(sql`status <> 'completed'`),
  ],
);

/** Rows written from outside to see what survives a takeover. */
export const probes = sqliteTable("probes", {
  n: integer().primaryKey({ autoIncrement: true }),
  value: text().notNull(),
  epoch: integer().notNull(),
  atMs: integer("at_ms").notNull(),
});
