import { type FileHandle, open, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "./durable-file.ts";
import { nameSchema } from "./node-files.ts";
import { outcomeSchema } from "./verification-messages.ts";

const count = z.int().nonnegative();
/** `at` is wall time, for people only; `node` is who writes it down. */
const base = { at: z.iso.datetime(), node: nameSchema };

/** What a node did or saw that a person wants to read later. Durations in milliseconds, null: not known. */
export const historyEventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("started"), ...base, epoch: count }),
  z.object({
    kind: z.literal("promoted"),
    ...base,
    epoch: count,
    cause: z.enum(["failover", "switchover", "start", "unasked", "forced"]),
    from: nameSchema.nullable(),
    /** From the last sign of the old primary to the open ledger. */
    gapMs: z.number().nonnegative().nullable(),
    /** Unconfirmed transactions that the old primary may have had; never an exact figure. */
    lostEstimate: count.nullable(),
  }),
  z.object({ kind: z.literal("stepped-down"), ...base, epoch: count, reason: z.string().max(500) }),
  z.object({
    kind: z.literal("rejoined"),
    ...base,
    fromEpoch: count,
    toEpoch: count,
    /** Rows that only this node had. */
    tailRows: count.nullable(),
    /** Where its diverged copy was set aside; null when nothing had to be. */
    attic: z.string().max(500).nullable(),
  }),
  z.object({
    kind: z.literal("set-changed"),
    ...base,
    epoch: count,
    inSync: z.array(nameSchema).max(8),
    reason: z.string().max(500).nullable(),
  }),
  z.object({ kind: z.literal("maintenance"), ...base, epoch: count, paused: z.boolean() }),
  /** What this node has received was restored and compared with what the primary has. */
  z.object({ kind: z.literal("verified"), ...base, outcome: outcomeSchema, tookMs: z.number().nonnegative() }),
  /** A standby set its whole copy aside, to be copied to anew. */
  z.object({ kind: z.literal("reinitialised"), ...base, epoch: count, txid: count, attic: z.string().max(500) }),
  z.object({
    kind: z.literal("members"),
    ...base,
    version: count,
    members: z.array(nameSchema).max(8),
    arbiter: z.string().max(2_000),
  }),
]);
export type HistoryEvent = z.infer<typeof historyEventSchema>;

/** The old half is dropped when the new one reaches this size: two megabytes at most. */
const FILE_BYTES_MAX = 1_000_000;
const PENDING_MAX = 1_000;

const currentPath = (dir: string): string => join(dir, "history.jsonl");
const olderPath = (dir: string): string => join(dir, "history.1.jsonl");

/** The history of one running node: appended, fsynced, one write at a time. */
export class HistoryFile {
  readonly #dir: string;
  #last: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Resolves when the event is on the disk. A failure is the caller's to log: no history never stops the work. */
  append(event: HistoryEvent): Promise<void> {
    if (this.#pending >= PENDING_MAX) return Promise.reject(new Error("the history cannot keep up with its events"));
    this.#pending += 1;
    const written = this.#last.then(() => this.#write(event));
    this.#last = written.catch(() => undefined).finally(() => (this.#pending -= 1));
    return written;
  }

  async #write(event: HistoryEvent): Promise<void> {
    const line = `${JSON.stringify(historyEventSchema.parse(event))}\n`;
    const path = currentPath(this.#dir);
    if ((await sizeOf(path)) + line.length > FILE_BYTES_MAX) await rename(path, olderPath(this.#dir));
    const file = await open(path, "a+", 0o600);
    try {
      await file.appendFile((await endsInLine(file)) ? line : `\n${line}`);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** The newest `limit` events, oldest first. Torn, foreign and future lines are left out. */
export async function readHistory(dir: string, limit: number): Promise<HistoryEvent[]> {
  const current = parse(await textOf(currentPath(dir)));
  if (current.length >= limit) return current.slice(-limit);
  return [...parse(await textOf(olderPath(dir))), ...current].slice(-limit);
}

function parse(text: string): HistoryEvent[] {
  return text.split("\n").flatMap((line) => {
    try {
      const parsed = historyEventSchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0;
    throw error;
  }
}

/** After a power cut the last line may be torn: the next one must not be glued to it. */
async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}
