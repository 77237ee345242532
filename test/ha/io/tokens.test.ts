import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeNodeConfig } from "../../../ha/io/node-files.ts";
import { createCa, fingerprintOf } from "../../../ha/io/pki.ts";
import { burnToken, createToken, hashOfSecret, judgeToken, parseToken, readTokens } from "../../../ha/io/tokens.ts";

const NOW_MS = 1_800_000_000_000;
const keyHash = "ab".repeat(32);
let dir: string;
let fingerprint: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "tokens-"));
  mkdirSync(join(dir, "pki"));
  const ca = await createCa("demo");
  fingerprint = fingerprintOf(ca.certificatePem);
  writeFileSync(join(dir, "pki", "ca.crt"), ca.certificatePem);
  writeFileSync(join(dir, "pki", "ca.key"), ca.keyPem);
  writeNodeConfig(dir, {
    name: "node-a",
    cluster: "demo",
    preset: "fast",
    host: "10.0.0.5",
    ports: { app: 8000, agent: 8008, link: 8009 },
  });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const judge = (text: string, name = "node-b", kind: "node" | "witness" = "node", nowMs = NOW_MS) => {
  const hash = hashOfSecret(parseToken(text)?.secret ?? "");
  return judgeToken(
    readTokens(dir).find((entry) => entry.hash === hash),
    { name, kind, keyHash },
    nowMs,
  );
};

test("a token carries addresses and the authority's fingerprint, and neither a key nor what the file keeps", () => {
  const text = createToken({ dir, role: "node", nowMs: NOW_MS, addresses: [{ host: "uno-a.local", port: 8009 }] });
  const token = parseToken(text);
  expect(token).toMatchObject({ cluster: "demo", founder: "node-a", caFingerprint: fingerprint, role: "node" });
  expect(token?.addresses).toEqual([
    { host: "uno-a.local", port: 8009 },
    { host: "10.0.0.5", port: 8009 },
  ]);
  expect(Buffer.from(text.slice(4), "base64url").toString()).not.toContain("PRIVATE");
  expect(readFileSync(join(dir, "tokens.json"), "utf8")).not.toContain(token?.secret);
  expect(statSync(join(dir, "tokens.json")).mode & 0o777).toBe(0o600);
});

test("wrong, used, expired and other-kind tokens each have their own sentence", () => {
  const text = createToken({ dir, role: "node", nowMs: NOW_MS, validMs: 1000 });
  expect(judge(text)).toEqual({ kind: "good" });
  expect(judge(text, "node-b", "node", NOW_MS + 1000)).toMatchObject({ reason: expect.stringMatching(/expired/) });
  expect(judge(text, "w", "witness")).toMatchObject({ reason: expect.stringMatching(/for a node, not for a witness/) });
  expect(judge("at1.e30")).toMatchObject({ reason: expect.stringMatching(/not known/) });
  burnToken(dir, hashOfSecret(parseToken(text)?.secret ?? ""), { name: "node-c", keyHash });
  expect(judge(text)).toMatchObject({ reason: expect.stringMatching(/already used by node-c/) });
});

test("the member that used a token may ask again with the same key until it expires, nobody else", () => {
  const text = createToken({ dir, role: "node", nowMs: NOW_MS, validMs: 1000 });
  const hash = hashOfSecret(parseToken(text)?.secret ?? "");
  burnToken(dir, hash, { name: "node-b", keyHash });
  expect(judge(text)).toEqual({ kind: "again" });
  expect(judge(text, "node-b", "node", NOW_MS + 1000).kind).toBe("refused");
  burnToken(dir, hash, { name: "node-b", keyHash: "cd".repeat(32) });
  expect(judge(text).kind).toBe("refused");
});

test("a second token leaves the first one good; long expired ones are forgotten", () => {
  const first = createToken({ dir, role: "node", nowMs: NOW_MS });
  createToken({ dir, role: "witness", nowMs: NOW_MS });
  expect(judge(first)).toEqual({ kind: "good" });
  createToken({ dir, role: "node", nowMs: NOW_MS + 48 * 3_600_000 });
  expect(readTokens(dir)).toHaveLength(1);
});

test("only a node that has the authority's key makes tokens", () => {
  rmSync(join(dir, "pki", "ca.key"));
  expect(() => createToken({ dir, role: "node", nowMs: NOW_MS })).toThrow(/on the other node/);
});

test("a text that is not a whole token is not a token", () => {
  const text = createToken({ dir, role: "node", nowMs: NOW_MS });
  for (const bad of ["", "at1.", text.slice(0, -20), `x${text}`, "at1.bm90IGpzb24"]) expect(parseToken(bad)).toBeNull();
  expect(parseToken(` ${text}\n`)).not.toBeNull();
});

test("a lock left behind by a killed process does not stop tokens for ever", () => {
  const lock = join(dir, "tokens.json.lock");
  mkdirSync(lock);
  const past = new Date("2020-01-01T00:00:00Z");
  const { utimesSync } = process.getBuiltinModule("node:fs");
  utimesSync(lock, past, past);
  expect(judge(createToken({ dir, role: "node", nowMs: NOW_MS }))).toEqual({ kind: "good" });
});
