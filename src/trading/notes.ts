import { and, asc, eq, inArray } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { orderIntents } from "../db/ledger-schema.ts";
import { lockText } from "./locks.ts";
import { ownerOrderStore } from "./owner-order-store.ts";
import { readTradingState } from "./trading-state.ts";

const unknownShown = 10;

/** What anybody may know of the trading, without amounts: orders in doubt and by hand, then every lock with its end. */
export function tradingNotes(db: LedgerDb, nowMs: number): readonly string[] {
  const { book, locks } = readTradingState(db, nowMs);
  const unknown = db
    .select()
    .from(orderIntents)
    .where(and(eq(orderIntents.book, book), inArray(orderIntents.state, ["unknown"])))
    .orderBy(asc(orderIntents.slot))
    .limit(unknownShown)
    .all();
  return [
    ...unknown.map(
      ({ clientOrderId, side, symbol }) =>
        `Order ${clientOrderId} (${side} ${symbol}) is unknown: it blocks ${symbol} and holds its cash until the broker has told.`,
    ),
    ...ownerOrderStore(db, book)
      .open(nowMs)
      .map(({ side, symbol }) => `An order by hand (${side} ${symbol}) waits; what for: trader order list.`),
    ...locks.map(lockText),
  ];
}
