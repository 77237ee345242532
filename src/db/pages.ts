import type Database from "better-sqlite3";

/** A file whose pages do not hold together; `code` is SQLite's own for that. */
class DamagedPagesError extends Error {
  readonly code = "SQLITE_CORRUPT";
}

/** Throws when the pages of an open database do not hold together. Milliseconds for a small one. */
export function checkPages(client: Database.Database, name: string): void {
  const found: unknown = client.pragma("quick_check(3)", { simple: true });
  if (found !== "ok") throw new DamagedPagesError(`${name} is damaged: ${String(found)}`);
}
