import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/**
 * The administrator's password of a cluster. A node keeps its hash only, as `adminPasswordHash` in its `secrets.json`
 * (0600), which `trader join` carries to the second node: "scrypt:N:r:p:salt:hash", both base64url.
 */

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

/** 32 MB and a tenth of a second on a board: what a guess costs. */
const cost = { N: 2 ** 15, r: 8, p: 1 };
const maxmem = 64 * 1024 * 1024;
const hashBytes = 32;
const shape = /^scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([A-Za-z0-9_-]{16,64}):([A-Za-z0-9_-]{43})$/;
/** No letter or digit that looks like another one. */
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
const groups = 4;
const groupChars = 5;

/** A new password of 99 bits, in four groups that can be typed. */
export function makePassword(): string {
  const chars: string[] = [];
  while (chars.length < groups * groupChars) {
    // What would make some characters likelier than others is drawn again.
    for (const byte of randomBytes(32)) if (byte < 248) chars.push(alphabet[byte % alphabet.length] ?? "");
  }
  return Array.from({ length: groups }, (_, at) => chars.slice(at * groupChars, (at + 1) * groupChars).join("")).join(
    "-",
  );
}

/** What is kept of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, hashBytes, { ...cost, maxmem });
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), hash.toString("base64url")].join(":");
}

/** Whether this is the password whose hash is kept; false for a hash that is not one. Takes the same time either way. */
export async function verifyPassword(password: string, kept: string): Promise<boolean> {
  const [, N, r, p, salt = "", hash = ""] = shape.exec(kept) ?? [];
  if (N === undefined) return false;
  try {
    const options = { N: Number(N), r: Number(r), p: Number(p), maxmem };
    const given = await derive(password, Buffer.from(salt, "base64url"), hashBytes, options);
    return timingSafeEqual(given, Buffer.from(hash, "base64url"));
  } catch {
    // A cost that scrypt does not take.
    return false;
  }
}
