import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { withFolderLock, writeFileDurably } from "./durable-file.ts";
import { hostSchema, nameSchema, NodeFileError, portSchema, readNodeConfig } from "./node-files.ts";
import { fingerprintOf } from "./pki.ts";

/** One-time tokens: what `trader join` is given, and what the node that made them keeps (hashes only, in `tokens.json`). */

const roleSchema = z.enum(["node", "witness"]);
type TokenRole = z.infer<typeof roleSchema>;
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const tokenSchema = z.object({
  cluster: nameSchema,
  founder: nameSchema,
  addresses: z
    .array(z.object({ host: hostSchema, port: portSchema }))
    .min(1)
    .max(4),
  caFingerprint: hash,
  secret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  role: roleSchema,
});
/** What a token carries: where to join, whom to trust there, and a secret good for one member. Never a key. */
export type Token = z.infer<typeof tokenSchema>;

const entrySchema = z.object({
  hash,
  role: roleSchema,
  expiresAtMs: z.int(),
  /** Who used it, with the hash of its public key: the same member may ask again when the answer was lost. */
  usedBy: z.object({ name: nameSchema, keyHash: hash }).nullable(),
});
export type TokenEntry = z.infer<typeof entrySchema>;
const fileSchema = z.object({ tokens: z.array(entrySchema).max(200) });

const PREFIX = "at1.";
/** How long a token is good when nothing else is said. */
export const TOKEN_VALID_MS = 60 * 60 * 1000;
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000;

/** The hash under which `tokens.json` knows a token's secret. */
export const hashOfSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** A token as text for a command line. */
export const formatToken = (token: Token): string => PREFIX + Buffer.from(JSON.stringify(token)).toString("base64url");

/** The token in a text, or null when the text is not one (a piece is missing, for example). */
export function parseToken(text: string): Token | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX) || trimmed.length > 4000) return null;
  try {
    const result = tokenSchema.safeParse(JSON.parse(Buffer.from(trimmed.slice(PREFIX.length), "base64url").toString()));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

const fileOf = (dir: string): string => join(dir, "tokens.json");

/** What this directory knows of its tokens; none when there is no file. */
export function readTokens(dir: string): TokenEntry[] {
  const path = fileOf(dir);
  if (!existsSync(path)) return [];
  const remedy = "Delete it (unused tokens are then void) and create a new token.";
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, "utf8"))).tokens;
  } catch (cause) {
    throw new NodeFileError(`${path}: is damaged. ${remedy}`, { cause });
  }
}

function change(dir: string, edit: (entries: TokenEntry[]) => TokenEntry[]): void {
  withFolderLock(`${fileOf(dir)}.lock`, () =>
    writeFileDurably(fileOf(dir), `${JSON.stringify({ tokens: edit(readTokens(dir)) }, null, 2)}\n`),
  );
}

/** What `createToken` needs; `addresses` are added before the node's own host and link port. */
export type TokenOrder = {
  dir: string;
  role: TokenRole;
  nowMs: number;
  validMs?: number;
  addresses?: readonly { host: string; port: number }[];
};

/** Makes a one-time token for joining at this node and remembers its hash durably; throws where the authority's key is absent. */
export function createToken(order: TokenOrder): string {
  const { dir, role, nowMs } = order;
  const config = readNodeConfig(dir);
  if (!existsSync(join(dir, "pki", "ca.key"))) {
    throw new NodeFileError(`${dir}: no pki/ca.key here. Create the token on the other node.`);
  }
  const secret = randomBytes(32).toString("base64url");
  const token: Token = {
    cluster: config.cluster,
    founder: config.name,
    addresses: [...(order.addresses ?? []), { host: config.host, port: config.ports.link }],
    caFingerprint: fingerprintOf(readFileSync(join(dir, "pki", "ca.crt"), "utf8")),
    secret,
    role,
  };
  const expiresAtMs = nowMs + (order.validMs ?? TOKEN_VALID_MS);
  change(dir, (entries) => [
    ...entries.filter((entry) => entry.expiresAtMs + FORGET_AFTER_MS > nowMs).slice(-100),
    { hash: hashOfSecret(secret), role, expiresAtMs, usedBy: null },
  ]);
  return formatToken(token);
}

/** Who shows a token. */
export type Bearer = { name: string; kind: TokenRole; keyHash: string };
/** `good`: not used yet. `again`: used by this very member and key before, whose answer may have been lost. */
export type TokenVerdict = { kind: "good" } | { kind: "again" } | { kind: "refused"; reason: string };

const refused = (reason: string): TokenVerdict => ({ kind: "refused", reason });

/** Whether a token admits its bearer; each refusal is a sentence for the person at the other end. */
export function judgeToken(entry: TokenEntry | undefined, bearer: Bearer, nowMs: number): TokenVerdict {
  if (entry === undefined)
    return refused("This token is not known here: it is mistyped or void. Make a new one there: trader token.");
  if (entry.role !== bearer.kind) return refused(`This token is for a ${entry.role}, not for a ${bearer.kind}.`);
  const { usedBy } = entry;
  if (usedBy !== null && (usedBy.name !== bearer.name || usedBy.keyHash !== bearer.keyHash)) {
    return refused(`This token was already used by ${usedBy.name}. Make one for each member: trader token.`);
  }
  if (nowMs >= entry.expiresAtMs) return refused("This token has expired. Make a new one there: trader token.");
  return usedBy === null ? { kind: "good" } : { kind: "again" };
}

/** Marks a token as used, durably; from here on it admits nobody but `usedBy`. */
export function burnToken(dir: string, tokenHash: string, usedBy: { name: string; keyHash: string }): void {
  change(dir, (entries) => entries.map((entry) => (entry.hash === tokenHash ? { ...entry, usedBy } : entry)));
}
