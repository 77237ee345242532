import Database from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { drizzle, migrate, migrationsFolder } from "./drizzle.ts";
import * as schema from "./ledger-schema.ts";
import { checkPages } from "./pages.ts";
import { embeddedUniverse, type NewStock } from "./universe.ts";

const WAL_BYTES_MAX = 16 * 1024 * 1024;

export type LedgerDb = BetterSQLite3Database<typeof schema> & { readonly $client: Database.Database };
export type Ledger = { readonly db: LedgerDb; close(): void };

/**
 * Opens the ledger at this path, checks its pages, creates or migrates it, and gives a new one its universe,
 * the embedded market's unless another is given. A commit returns only after it is on disk. Throws an Error with
 * `cause`; then nothing stays open.
 */
export function openLedger(
  path: string,
  busyTimeoutMs: number,
  newUniverse: readonly NewStock[] = embeddedUniverse,
): Ledger {
  const client = openSqlite(path, busyTimeoutMs);
  try {
    checkPages(client, "the ledger");
    const db = drizzle(client, { schema });
    migrate(db, { migrationsFolder: migrationsFolder("ledger") });
    if (db.select().from(schema.universe).limit(1).all().length === 0) {
      db.insert(schema.universe)
        .values([...newUniverse])
        .run();
    }
    return { db, close: () => client.close() };
  } catch (error) {
    client.close();
    throw new Error(`the ledger ${path} could not be opened`, { cause: error });
  }
}

function openSqlite(path: string, busyTimeoutMs: number): Database.Database {
  let client: Database.Database | undefined;
  try {
    client = new Database(path, { timeout: busyTimeoutMs });
    client.pragma("journal_mode = WAL");
    client.pragma("synchronous = FULL");
    client.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`);
    client.pragma("foreign_keys = ON");
    return client;
  } catch (error) {
    client?.close();
    throw new Error(`the ledger ${path} could not be opened`, { cause: error });
  }
}
