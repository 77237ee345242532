import type { LedgerDb } from "../db/ledger.ts";
import { type Mode, shownBook } from "./books.ts";
import { readControls } from "./controls.ts";
import { readLocks } from "./lock-store.ts";
import type { Lock } from "./locks.ts";
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
    locks: locksOf(db, book, controls, nowMs),
  };
}

const ownersSwitches: ReadonlySet<string> = new Set(["settings", "stop-everything", "pause-buys"]);

/** A switch counts from the moment that it is set, and no longer than it is: a cycle finds that later. */
const locksOf = (db: LedgerDb, book: string, controls: Reading<Controls>, nowMs: number): readonly Lock[] => [
  ...switchLocks(controls, false, nowMs),
  ...readLocks(db, book).filter(
    ({ name, untilMs }) => !ownersSwitches.has(name) && (untilMs === null || untilMs > nowMs),
  ),
];
