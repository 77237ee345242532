import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  NodeFileError,
  nodeConfigSchema,
  readNodeConfig,
  readRoster,
  readSecrets,
  readWitnessConfig,
  rosterSchema,
  secretsSchema,
} from "../../../ha/io/node-files.ts";
import { formatToken, parseToken, readTokens } from "../../../ha/io/tokens.ts";
import { mangled, strangeJson } from "../fuzz-values.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-fuzz-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const config = {
  kind: "node",
  name: "uno-a",
  cluster: "home",
  preset: "default",
  host: "10.0.0.1",
  ports: { app: 8000, agent: 8008, link: 8009 },
};
const id = "fedcba9876543210";
const member = { name: "uno-a", id, kind: "node", host: "10.0.0.1", agentPort: 8008, linkPort: 8009, appPort: 8000 };
const roster = {
  version: 1,
  arbiter: { kind: "witness", targets: [] },
  members: [member, { name: "w", id: "0123456789abcdef", kind: "witness", host: "10.0.0.3", agentPort: 8008 }],
};
const secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=";
const secrets = { clusterSecret: secret, brokerKeyId: "key", brokerSecret: "very secret" };
const tokens = { tokens: [{ hash: "a".repeat(64), role: "node", expiresAtMs: 1, usedBy: null }] };

/** What a file may hold: no JSON, other JSON, or nearly the right one. */
const contents = (valid: object): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    strangeJson.map((value) => JSON.stringify(value)),
    mangled(valid).map((value) => JSON.stringify(value)),
    fc.nat(400).map((end) => JSON.stringify(valid).slice(0, end)),
  );

/** The sentence of a NodeFileError; null when nothing was thrown. Anything else that is thrown is a defect. */
function refusalOf(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof NodeFileError) return error.message;
    throw error;
  }
}

test.each([
  ["node.json", config, readNodeConfig, (value: unknown) => nodeConfigSchema.safeParse(value).success],
  ["node.json", { ...config, kind: "witness", ports: { agent: 8008 } }, readWitnessConfig, null],
  ["roster.json", roster, readRoster, (value: unknown) => rosterSchema.safeParse(value).success],
  ["secrets.json", secrets, readSecrets, (value: unknown) => secretsSchema.safeParse(value).success],
  ["tokens.json", tokens, readTokens, null],
] as const)(
  "%s is read, or refused with one sentence that names it and tells no secret",
  (name, valid, read, isGood) => {
    const path = join(dir, name);
    writeFileSync(path, JSON.stringify(valid));
    expect(() => read(dir)).not.toThrow();
    fc.assert(
      fc.property(contents(valid), (text) => {
        writeFileSync(path, text);
        const refusal = refusalOf(() => read(dir));
        if (refusal === null) {
          expect(isGood?.(JSON.parse(text))).not.toBe(false);
          return;
        }
        expect(refusal.startsWith(`${path}: `)).toBe(true);
        expect(refusal.length).toBeLessThan(1_000);
        expect(refusal).not.toContain(secrets.brokerSecret);
        expect(refusal).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  },
);

const token = {
  cluster: "home",
  founder: "uno-a",
  addresses: [{ host: "10.0.0.1", port: 8009 }],
  caFingerprint: "a".repeat(64),
  secret: "s".repeat(43),
  role: "node" as const,
};
const encoded = (value: unknown): string => `at1.${Buffer.from(JSON.stringify(value)).toString("base64url")}`;

test("a text is a token or none: nothing that is typed throws", () => {
  expect(parseToken(formatToken(token))).toEqual(token);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 5_000 }),
        fc.string({ maxLength: 500 }).map((text) => `at1.${text}`),
        strangeJson.map(encoded),
        mangled(token).map(encoded),
        fc.nat(formatToken(token).length).map((end) => formatToken(token).slice(0, end)),
      ),
      (text) => {
        const parsed = parseToken(text);
        if (parsed !== null) expect(parseToken(formatToken(parsed))).toEqual(parsed);
      },
    ),
    { numRuns: 1_500 },
  );
});
