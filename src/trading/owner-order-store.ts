import { and, asc, desc, eq, getTableColumns, gt, isNull, or, sql } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { orderIntents, ownerOrders, universe } from "../db/ledger-schema.ts";
import type { OwnerOrder } from "../planning/owner-orders.ts";
import {
  type KeptOrder,
  OPEN_MAX,
  type OwnerOrders,
  type Placed,
  type Standing,
  endedBy,
  lockedStanding,
  mayBeOrder,
  standingOf,
  untilOf,
} from "./owner-orders.ts";
import { readTradingState } from "./trading-state.ts";

const SHOWN = 50;

/** One of the owner's orders and what has become of it. */
export type Told = { readonly order: KeptOrder; readonly standing: Standing };

/** The owner's orders of one book in the ledger. */
export function ownerOrderStore(db: LedgerDb, book: string): OwnerOrders {
  return {
    open: (nowMs) => openOf(db, book, nowMs).map(({ order }) => order),
    note: (slot, taken, waiting) =>
      db.transaction((tx) => {
        for (const { id, n } of taken) {
          tx.update(ownerOrders).set({ slot, n, waitsFor: null }).where(eq(ownerOrders.id, id)).run();
        }
        for (const { id, why } of waiting) {
          tx.update(ownerOrders).set({ waitsFor: why }).where(eq(ownerOrders.id, id)).run();
        }
      }),
    at: (slot, n) => {
      const place = and(eq(ownerOrders.book, book), eq(ownerOrders.slot, slot), eq(ownerOrders.n, n));
      return db.select().from(ownerOrders).where(place).get() ?? null;
    },
  };
}

const ofPlace = and(
  eq(orderIntents.book, ownerOrders.book),
  eq(orderIntents.slot, ownerOrders.slot),
  eq(orderIntents.n, ownerOrders.n),
);

const selectTold = (db: LedgerDb) =>
  db
    .select({ order: getTableColumns(ownerOrders), placed: getTableColumns(orderIntents) })
    .from(ownerOrders)
    .leftJoin(orderIntents, ofPlace);

function told(db: LedgerDb, { order, placed }: { order: KeptOrder; placed: Placed | null }, nowMs: number): Told {
  const standing = standingOf(order, placed, nowMs);
  const found = standing.state === "open" ? lostOrder(db, order) : undefined;
  return { order, standing: found === undefined ? standing : endedBy(found) };
}

/** An order at the broker that may be this one, sent by a node whose plan is lost. */
function lostOrder(db: LedgerDb, order: KeptOrder): typeof orderIntents.$inferSelect | undefined {
  const { book, symbol, side, qty } = orderIntents;
  const same = and(eq(book, order.book), eq(symbol, order.symbol), eq(side, order.side), eq(qty, order.qty));
  return db
    .select()
    .from(orderIntents)
    .where(same)
    .all()
    .find((intent) => mayBeOrder(order, intent));
}

function openOf(db: LedgerDb, book: string, nowMs: number): readonly Told[] {
  const free = or(isNull(ownerOrders.slot), eq(orderIntents.state, "not-sent"));
  return selectTold(db)
    .where(and(eq(ownerOrders.book, book), isNull(ownerOrders.closed), gt(ownerOrders.untilMs, nowMs), free))
    .orderBy(asc(ownerOrders.madeAtMs), asc(ownerOrders.id))
    .all()
    .map((row) => told(db, row, nowMs))
    .filter(({ standing }) => standing.state === "open");
}

/**
 * The owner's orders of all books as they are told: those that may be open first, then the newest, no more than fifty.
 * What locks one now comes before what the newest plan has found.
 */
export function readOwnerOrders(db: LedgerDb, nowMs: number): readonly Told[] {
  const { locks } = readTradingState(db, nowMs);
  return selectTold(db)
    .orderBy(
      desc(and(isNull(ownerOrders.closed), gt(ownerOrders.untilMs, nowMs)) ?? sql`0`),
      desc(ownerOrders.madeAtMs),
      asc(ownerOrders.id),
    )
    .limit(SHOWN)
    .all()
    .map((row) => told(db, row, nowMs))
    .map(({ order, standing }) => ({ order, standing: lockedStanding(order, standing, locks) }));
}

/** One of them by its id; null: there is none. */
export function findOwnerOrder(db: LedgerDb, id: string, nowMs: number): Told | null {
  const row = selectTold(db).where(eq(ownerOrders.id, id)).get();
  return row === undefined ? null : told(db, row, nowMs);
}

/** `known`: it was taken before. A text says why it is not taken. */
type Kept = { readonly kind: "kept" | "known"; readonly told: Told } | string;

/** Takes an order of the owner's into a book; in one transaction with what it depends on. */
export function keepOwnerOrder(db: LedgerDb, book: string, given: OwnerOrder, nowMs: number): Kept {
  const { id, symbol, side, qty, overrides } = given;
  const before = findOwnerOrder(db, id, nowMs);
  if (before !== null) {
    const { order } = before;
    const same = order.symbol === symbol && order.side === side && order.qty === qty;
    return same && String(order.overrides) === String(overrides)
      ? { kind: "known", told: before }
      : `the id ${id} is that of another order`;
  }
  if (db.select().from(universe).where(eq(universe.symbol, symbol)).get() === undefined) {
    return `${symbol} is not in the universe: see the page of stocks`;
  }
  if (openOf(db, book, nowMs).length >= OPEN_MAX) return `${OPEN_MAX} orders wait already, which is the most`;
  const untilMs = untilOf(nowMs);
  const row = { id, book, symbol, side, qty, overrides, madeAtMs: nowMs, untilMs };
  const order: KeptOrder = { ...row, waitsFor: null, slot: null, n: null, closed: null, closedWhy: null };
  db.insert(ownerOrders).values(order).run();
  return { kind: "kept", told: { order, standing: standingOf(order, null, nowMs) } };
}

/** Writes that no plan takes it any more. */
export const withdrawOwnerOrder = (db: LedgerDb, id: string, why: string): void =>
  void db.update(ownerOrders).set({ closed: "withdrawn", closedWhy: why }).where(eq(ownerOrders.id, id)).run();
