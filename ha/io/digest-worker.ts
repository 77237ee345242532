import { setPriority } from "node:os";
import Database from "better-sqlite3";
import { z } from "zod";
import { contentOf } from "./ledger-digest.ts";
import type { FromDigest } from "./digest-messages.ts";
import { toDigest } from "./digest-messages.ts";

/**
 * `node digest-worker.ts LEDGER`, with an IPC channel: reads a ledger that an app writes to, at the position of a sync.
 * It takes a snapshot and says so; when it hears that a sync which started afterwards has ended, and nothing was
 * committed meanwhile, that sync's position is exactly what the snapshot holds. No writer ever waits for it.
 */
const [ledger] = process.argv.slice(2);
if (ledger === undefined) throw new Error("usage: digest-worker.ts LEDGER");
const path = z.string().parse(ledger);

try {
  setPriority(19);
} catch {
  // Where that is not allowed it takes its share.
}
process.on("disconnect", () => process.exit(0));
const say = (message: FromDigest): void => void process.send?.(message, undefined, undefined, () => undefined);

const reader = new Database(path, { readonly: true, fileMustExist: true });
/** Sees commits that the reader, in its snapshot, does not. */
const watcher = new Database(path, { readonly: true, fileMustExist: true });
const version = (): number => z.int().parse(watcher.pragma("data_version", { simple: true }));
let versionBefore = 0;

function snapshot(): void {
  if (reader.inTransaction) reader.exec("ROLLBACK");
  versionBefore = version();
  reader.exec("BEGIN");
  // Only a read begins it.
  reader.prepare("SELECT count(*) FROM sqlite_schema").get();
  say({ kind: "snapshot" });
}

process.on("message", (raw) => {
  const { kind } = toDigest.parse(raw);
  if (kind === "again") return snapshot();
  if (version() === versionBefore) return say({ kind: "content", ...contentOf(reader) });
  return say({ kind: "overtaken" });
});
snapshot();
