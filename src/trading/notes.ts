import { and, asc, eq, inArray } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { orderIntents } from "../db/ledger-schema.ts";
import { shownBook } from "./books.ts";
import { readControls } from "./controls.ts";
import { readLocks } from "./lock-store.ts";
import { lockText } from "./locks.ts";
import { switchLocks } from "./protections.ts";

const unknownShown = 10;

/** What anybody may know of the trading, without amounts: orders in doubt first, then every lock with its end. */
export function tradingNotes(db: LedgerDb): readonly string[] {
  const book = shownBook(db);
  const unknown = db
    .select()
    .from(orderIntents)
    .where(and(eq(orderIntents.book, book), inArray(orderIntents.state, ["unknown"])))
    .orderBy(asc(orderIntents.slot))
    .limit(unknownShown)
    .all();
  const found = readLocks(db, book);
  // A switch counts from the moment it is set, a cycle before it is found.
  const switches = switchLocks(readControls(db), false, 0).filter(
    ({ name }) => !found.some((one) => one.name === name),
  );
  return [
    ...unknown.map(
      ({ clientOrderId, side, symbol }) =>
        `Order ${clientOrderId} (${side} ${symbol}) is unknown: it blocks ${symbol} and holds its cash until the broker has told.`,
    ),
    ...[...switches, ...found].map(lockText),
  ];
}
