import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { tableTailSchema } from "./compare-ledgers.ts";
import { errorCode } from "./durable-file.ts";

const shared = { atMs: z.number(), epoch: z.int().nullable() };

/** What `setAside` writes beside a ledger: why it is here. */
const summarySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("tail"), ...shared, rows: z.int().nonnegative(), tables: z.array(tableTailSchema) }),
  z.object({ kind: z.literal("unknown"), ...shared, reason: z.string() }),
  z.object({ kind: z.literal("replaced"), ...shared, txid: z.int().nonnegative() }),
]);

/** One ledger in the attic; `summary` null: it has none that this version can read. */
export type AtticEntry = {
  readonly name: string;
  readonly ledger: string;
  readonly summary: z.infer<typeof summarySchema> | null;
};

/** Everything that was set aside on this node, oldest first. */
export async function readAttic(dataDir: string): Promise<AtticEntry[]> {
  const attic = join(dataDir, "attic");
  const names: string[] = await readdir(attic).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  return Promise.all(names.sort().map((name) => entry(join(attic, name), name)));
}

async function entry(folder: string, name: string): Promise<AtticEntry> {
  const ledger = join(folder, "ledger", "ledger.db");
  const text = await readFile(join(folder, "summary.json"), "utf8").catch(() => "null");
  return { name, ledger, summary: parsed(text) };
}

function parsed(text: string): AtticEntry["summary"] {
  try {
    return summarySchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
