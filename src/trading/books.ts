import { and, eq, isNull, ne } from "../db/drizzle.ts";
import type { LedgerDb } from "../db/ledger.ts";
import { cash, locks, orderIntents, ownerOrders, plans, positions, settings, snapshots } from "../db/ledger-schema.ts";
import type { Broker } from "./broker.ts";
import type { LiveSwitch } from "./live-rules.ts";

const key = "book";
const ofBooks = [plans, orderIntents, positions, cash, snapshots, locks] as const;

export type Mode = "research" | "live";

/** Which broker is traded with: one with real money only while live trading is on; until then, the paper broker. */
export function brokerInForce(
  configured: Broker,
  paper: Broker,
  live: LiveSwitch | null,
): { readonly broker: Broker; readonly mode: Mode } {
  if (configured.money === "paper") return { broker: configured, mode: "research" };
  return live === null ? { broker: paper, mode: "research" } : { broker: configured, mode: "live" };
}

/** Name of the book of a broker, an account there and a mode. */
export const bookName = (broker: string, account: string, mode: Mode): string => `${broker}/${account}/${mode}`;

/** The book that was opened last, which is the one that is shown; empty before the first. */
export const shownBook = (db: LedgerDb): string =>
  db.select().from(settings).where(eq(settings.key, key)).get()?.value ?? "";

/**
 * Makes this the shown book. What was written before there were books belongs to the first one, and what the owner has
 * ordered in another one is not taken into a plan any more.
 */
export function showBook(db: LedgerDb, book: string, write: (work: () => void) => void): void {
  const before = shownBook(db);
  if (before === book) return;
  write(() =>
    db.transaction((tx) => {
      const closedWhy = `It was for ${spoken(before)}, which was left for ${spoken(book)} before it was sent.`;
      tx.update(ownerOrders)
        .set({ closed: "ended", closedWhy })
        .where(and(ne(ownerOrders.book, book), isNull(ownerOrders.closed)))
        .run();
      if (before === "") for (const table of ofBooks) tx.update(table).set({ book }).where(eq(table.book, "")).run();
      tx.insert(settings)
        .values({ key, value: book })
        .onConflictDoUpdate({ target: settings.key, set: { value: book } })
        .run();
    }),
  );
}

/** A book without its account, which not everybody is to know. */
const spoken = (book: string): string => `${book.split("/").at(-1)} with ${book.split("/")[0]}`;
