/** SQLite's code of a failure or of what caused it ("SQLITE_BUSY", "SQLITE_CORRUPT_INDEX"); null when it is none of SQLite's. */
function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return code.startsWith("SQLITE_") ? code : sqliteCode(error.cause);
}

/** Whether another process's lock was in the way: trying again helps. */
export const isBusy = (error: unknown): boolean => sqliteCode(error)?.startsWith("SQLITE_BUSY") === true;

const damage = /^SQLITE_(CORRUPT|NOTADB)/;
const badDisk = /^SQLITE_(IOERR|READONLY|CANTOPEN)/;

/** Whether the file itself is damaged. */
export const isDamaged = (error: unknown): boolean => damage.test(sqliteCode(error) ?? "");

/** Whether the file is damaged or its disk does not do what it should: trying again on this node does not help. */
export const isUnusable = (error: unknown): boolean => isDamaged(error) || badDisk.test(sqliteCode(error) ?? "");
