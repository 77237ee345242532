import type { LedgerDb } from "../db/ledger.ts";
import { type Mode, shownBook } from "./books.ts";
import { readControls } from "./controls.ts";
import { readLocks } from "./lock-store.ts";
import { type Lock, ownersSwitches, withSwitches } from "./locks.ts";
import { type Controls, type Reading, switchLocks } from "./protections.ts";

/** What is traded with, what the owner has set, and what may not be traded. */
export type TradingState = {
  /** Of the book that is shown; null before the first was opened. */
  readonly mode: Mode | null;
  readonly broker: string | null;
  /** Broker, account and mode; empty before the first was opened. */
  readonly book: string;
  readonly controls: Reading<Controls>;
  readonly locks: readonly Lock[];
};

/** Reads the state from the ledger, as it is at this instant of the app's clock. */
export function readTradingState(db: LedgerDb, nowMs: number): TradingState {
  const book = shownBook(db);
  const controls = readControls(db);
  const mode = book.endsWith("/live") ? "live" : book === "" ? null : "research";
  return {
    mode,
    broker: book.split("/")[0] || null,
    book,
    controls,
    locks: withSwitches(readLocks(db, book), switchLocks(controls, false, nowMs), ownersSwitches, nowMs),
  };
}
