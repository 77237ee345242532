import Database from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { walPagesMax } from "../../ha/contract.ts";
import { drizzle, migrate, migrationsFolder } from "./drizzle.ts";
import * as schema from "./ledger-schema.ts";
import { checkPages } from "./pages.ts";
import { isDamaged } from "./sqlite-error.ts";
import { type NewLedger, marketDefaults } from "./universe.ts";

const WAL_BYTES_MAX = 16 * 1024 * 1024;

export type LedgerDb = BetterSQLite3Database<typeof schema> & { readonly $client: Database.Database };
export type Ledger = { readonly db: LedgerDb; close(): void };

/**
 * Opens the ledger at this path, checks its pages, creates or migrates it, and gives a new one its
 * beginning, the embedded market's unless another is given. A commit returns only after it is on disk. Throws an Error with
 * `cause`; then nothing stays open.
 */
export function openLedger(
  path: string,
  busyTimeoutMs: number,
  beginning: NewLedger = marketDefaults.embedded,
): Ledger {
  const client = openSqlite(path, busyTimeoutMs);
  try {
    checkPages(client, "the ledger");
    const db = drizzle(client, { schema });
    migrate(db, { migrationsFolder: migrationsFolder("ledger") });
    if (db.select().from(schema.universe).limit(1).all().length === 0) {
      begin(db, beginning);
    }
    return { db, close: () => client.close() };
  } catch (error) {
    client.close();
    throw new Error(`the ledger ${path} could not be opened`, { cause: error });
  }
}

function begin(db: LedgerDb, { universe, settings }: NewLedger): void {
  const rows = Object.entries(settings).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
  db.transaction((tx) => {
    if (rows.length > 0) tx.insert(schema.settings).values(rows).onConflictDoNothing().run();
    tx.insert(schema.universe)
      .values([...universe])
      .run();
  });
}

function openSqlite(path: string, busyTimeoutMs: number): Database.Database {
  let client: Database.Database | undefined;
  try {
    client = new Database(path, { timeout: busyTimeoutMs });
    client.pragma("journal_mode = WAL");
    client.pragma("synchronous = FULL");
    client.pragma(`wal_autocheckpoint = ${walPagesMax}`);
    client.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`);
    client.pragma("foreign_keys = ON");
    return client;
  } catch (error) {
    client?.close();
    // A schema of many pages is read here already.
    throw new Error(`the ledger ${path} ${isDamaged(error) ? "is damaged" : "could not be opened"}`, { cause: error });
  }
}
