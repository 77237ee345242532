import { mkdirSync, statSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { contentOf } from "./io/ledger-digest.ts";
import { removeRestored, restoreOnce } from "./io/litestream-restore.ts";
import { readNodeConfig } from "./io/node-files.ts";
import { digestSchema, orderSchema } from "./io/verification-messages.ts";
import type { Digest, FromVerify, VerifyOrder, VerifyOutcome } from "./io/verification-messages.ts";
import { readIdentity } from "./link/identity.ts";
import { askMember } from "./link/question.ts";

/**
 * `node verify-worker.ts ORDER`, with an IPC channel: restores what this standby has received into a scratch file, up to
 * a position at which the primary says what its ledger holds, checks every page and compares what is in it.
 */
const digestLimitMs = 40_000;
const restoreLimitMs = 120_000;
/** Files of the replica come and go while it is read: what failed once only may be nobody's fault. */
const triesMax = 2;

const say = (message: FromVerify): void => void process.send?.(message, undefined, undefined, () => undefined);

async function verify(order: VerifyOrder): Promise<VerifyOutcome> {
  const identity = readIdentity(order.dataDir, readNodeConfig(order.dataDir).name);
  let outcome: VerifyOutcome = { kind: "undone", reason: "it was not tried" };
  for (let tries = 0; tries < triesMax; tries += 1) {
    say({ kind: "step", step: "digest" });
    let digest: Digest;
    try {
      digest = await askMember(order.primary, identity, "digest", digestSchema, digestLimitMs);
    } catch (error) {
      return { kind: "undone", reason: `${order.primary.name} did not say what its ledger holds: ${messageOf(error)}` };
    }
    outcome = await compareWith(digest, order);
    if (outcome.kind === "sound") return outcome;
  }
  return outcome;
}

async function compareWith(digest: Digest, { dataDir, binary }: VerifyOrder): Promise<VerifyOutcome> {
  const { epoch, txid } = digest;
  const folder = join(dataDir, "scratch");
  const output = join(folder, "verify.db");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const damaged = (reason: string): VerifyOutcome => ({ kind: "damaged", epoch, txid, reason: reason.slice(0, 500) });
  try {
    say({ kind: "step", step: "restore" });
    const replicaDir = join(dataDir, "replica", "e", String(epoch));
    const restore = { binary, replicaDir, output, txid, limitMs: restoreLimitMs, env: process.env };
    const restored = await restoreOnce(restore).catch((error: unknown) => messageOf(error));
    if (typeof restored === "string")
      return /took too long|no space/.test(restored) ? { kind: "undone", reason: restored } : damaged(restored);
    if (restored.kind === "nothing") return damaged(`no complete history up to ${epoch}/${txid} was received`);
    if (restored.txid !== txid) return damaged(`it ends at ${epoch}/${restored.txid}, not at ${epoch}/${txid}`);
    const { size: bytes } = statSync(output);
    return compareFile(output, digest, bytes) ?? { kind: "sound", epoch, txid, rows: digest.rows, bytes };
  } finally {
    await removeRestored(output);
  }
}

/** Null: it is what the primary has. */
function compareFile(path: string, digest: Digest, bytes: number): VerifyOutcome | null {
  const { epoch, txid } = digest;
  try {
    const db = new Database(path, { fileMustExist: true });
    try {
      say({ kind: "step", step: "integrity" });
      const found = z.string().parse(db.pragma("integrity_check(1)", { simple: true }));
      if (found !== "ok")
        return { kind: "damaged", epoch, txid, reason: `its pages are damaged: ${found.slice(0, 300)}` };
      say({ kind: "step", step: "compare" });
      const own = contentOf(db);
      if (own.sha256 === digest.sha256) return null;
      const reason = `it has other rows than the primary had there (${own.rows}, and ${digest.rows} there; ${bytes} bytes)`;
      return { kind: "damaged", epoch, txid, reason };
    } finally {
      db.close();
    }
  } catch (error) {
    return { kind: "damaged", epoch, txid, reason: `it cannot be read: ${messageOf(error)}`.slice(0, 500) };
  }
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ").slice(0, 400);

try {
  setPriority(19);
} catch {
  // Where that is not allowed it takes its share.
}
process.on("disconnect", () => process.exit(0));
const order = orderSchema.parse(JSON.parse(process.argv[2] ?? ""));
const outcome = await verify(order).catch((error: unknown): VerifyOutcome => ({
  kind: "undone",
  reason: messageOf(error),
}));
process.send?.({ kind: "outcome", outcome } satisfies FromVerify, undefined, undefined, () => process.exit(0));
