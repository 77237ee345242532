import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** What the page needs of a node's `secrets.json`. */
export type WebSecrets = {
  /** null: no password was ever set, so nobody can log in. */
  readonly passwordHash: string | null;
  readonly clusterSecret: string;
};

const secretsFile = z.object({ clusterSecret: z.string().min(1), adminPasswordHash: z.string().optional() });

/** Reads them as they are now, so that a new password counts at once. Throws without a word of the content. */
export function readWebSecrets(dataDir: string): WebSecrets {
  const path = join(dataDir, "secrets.json");
  const parsed = secretsFile.safeParse(jsonOf(readFileSync(path, "utf8")));
  if (!parsed.success) throw new Error(`${path} is not what it should be`);
  const { clusterSecret, adminPasswordHash } = parsed.data;
  return { clusterSecret, passwordHash: adminPasswordHash ?? null };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    return null;
  }
}

/** What a command of this node shows to its app: only who may read `secrets.json` can. */
export const commandProof = (clusterSecret: string): string =>
  createHmac("sha256", clusterSecret).update("trader: a command of this node").digest("base64url");
