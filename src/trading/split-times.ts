import type { LedgerDb } from "../db/ledger.ts";
import { splitInstants } from "../db/money-rows.ts";
import { shownBook } from "./books.ts";
import type { MarketHours } from "./market-view.ts";

/** For so long a split is looked at: a price that is older is too old anyway. */
const SPLIT_MS_MAX = 14 * 86_400_000;

/**
 * When what the shown book holds split last, by symbol. None on a replay: its prices are adjusted for every split of its
 * time, which is not the account's.
 */
export const splitTimes = (db: LedgerDb, hours: MarketHours, nowMs: number): ReadonlyMap<string, number> =>
  hours === "replay" ? new Map() : splitInstants(db, shownBook(db), nowMs - SPLIT_MS_MAX);
