import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSecrets, writeSecrets } from "../../../ha/io/node-files.ts";
import { verifyPassword } from "../../../src/web/admin-password.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-password-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const password = (input: string, ...args: string[]) =>
  spawnSync(process.execPath, [main, "password", "--data", dir, ...args], { input, encoding: "utf8", timeout: 20_000 });

test("a password is set beside the other secrets, for nobody else to read; a short one, or none, changes nothing", async () => {
  expect(password("x".repeat(10), "--stdin")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("secrets.json: is not there"),
  });
  const secrets = { clusterSecret: Buffer.alloc(32).toString("base64"), brokerKeyId: "id" };
  writeSecrets(dir, secrets);
  expect(password("too short\n", "--stdin")).toMatchObject({ status: 1 });
  expect(password("")).toMatchObject({ status: 2 });
  expect(readSecrets(dir)).toEqual(secrets);

  expect(password("long enough to keep\nnot this line\n", "--stdin")).toMatchObject({ status: 0 });
  const { adminPasswordHash = "", ...rest } = readSecrets(dir);
  expect([rest, statSync(join(dir, "secrets.json")).mode & 0o777]).toEqual([secrets, 0o600]);
  expect(await verifyPassword("long enough to keep", adminPasswordHash)).toBe(true);

  const made = password("", "--generate").stdout.split("\n")[0]?.replace("Shown this once: ", "") ?? "";
  expect(await verifyPassword(made, readSecrets(dir).adminPasswordHash ?? "")).toBe(true);
});
