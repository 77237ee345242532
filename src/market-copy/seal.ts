import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** Headers of a sealed question and its answer. */
export const nonceHeader = "x-trader-nonce";
export const sealHeader = "x-trader-seal";

/** The key that members seal market rows with, from the cluster's secret (base64). */
export const sealKey = (clusterSecret: string): Buffer =>
  Buffer.from(hkdfSync("sha256", Buffer.from(clusterSecret, "base64"), "", "trader market rows", 32));

/** The seal of a question: only a member can make it. */
export const questionSeal = (key: Buffer, nonce: string, path: string): string => seal(key, "question", nonce, path);

/** The seal of the answer to that question: prices that are traded on come from a member, and are not an older answer. */
export const answerSeal = (key: Buffer, nonce: string, path: string, body: string): string =>
  seal(key, "answer", nonce, path, body);

/** Compares in a time that tells nothing. */
export const sameSeal = (given: string | null | undefined, expected: string): boolean => {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/** Lengths go first, so that no two lists of parts are the same text. */
const seal = (key: Buffer, ...parts: readonly string[]): string =>
  createHmac("sha256", key)
    .update(parts.map((part) => `${part.length}:${part}`).join(""))
    .digest("hex");
