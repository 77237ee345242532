import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setAside } from "../../../ha/io/attic.ts";
import { writeNodeConfig } from "../../../ha/io/node-files.ts";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const name = "20261122T141501Z-e7";
let dir: string;

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

const attic = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, "attic", ...args, "--data", dir], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

/** A node that has set aside a ledger whose newest row is in its log only. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-attic-"));
  const ports = { app: 8000, agent: 8008, link: 8009 };
  writeNodeConfig(dir, { kind: "node", name: "uno-a", cluster: "home", preset: "default", host: "127.0.0.1", ports });
  const ledgerDir = join(dir, "ledger");
  mkdirSync(ledgerDir);
  const ledger = new Database(join(ledgerDir, "ledger.db"));
  ledger.pragma("journal_mode = WAL");
  ledger.exec("CREATE TABLE orders (id TEXT PRIMARY KEY); INSERT INTO orders VALUES ('home-1-1')");
  const orders = {
    table: "orders",
    only: 21,
    onlyKeys: ['["home-1-1"]'],
    changed: 1,
    changedKeys: ['["home-0-1"]'],
    counted: false,
  };
  const summary = { kind: "tail" as const, rows: 21, tables: [orders] };
  setAside({ ledgerDir, atticDir: join(dir, "attic"), nowMs: Date.UTC(2026, 10, 22, 14, 15, 1), epoch: 7, summary });
  ledger.close();
});
afterEach(() => rmSync(dir, { recursive: true }));

test("what was set aside is listed with its reason, shown by its rows, and exported as one file", async () => {
  expect(await attic("list")).toMatchObject({
    code: 0,
    stdout: `${name}  21 rows of epoch 7 that the other node does not have\n`,
  });
  const shown = await attic("show", name);
  expect(shown.stdout).toContain('orders: 21 only here, 1 with other content\n    only here  ["home-1-1"]\n');
  expect(shown.stdout).toContain(`and 20 more: trader attic export ${name} FILE\n`);
  expect(JSON.parse((await attic("list", "--json")).stdout)).toMatchObject([{ name, summary: { rows: 21 } }]);

  const before = readdirSync(join(dir, "attic", name, "ledger")).sort();
  const to = join(dir, "exported.db");
  expect((await attic("export", name, to)).code).toBe(0);
  const exported = new Database(to, { readonly: true });
  expect(exported.prepare("SELECT id FROM orders").pluck().all()).toEqual(["home-1-1"]);
  exported.close();
  expect(readdirSync(join(dir, "attic", name, "ledger")).sort()).toEqual(before);
  expect(readdirSync(dir).filter((file) => file.startsWith("exported.db"))).toEqual(["exported.db"]);
  expect(await attic("export", name, to)).toMatchObject({ code: 1, stderr: expect.stringContaining("exists already") });
});

test("an empty attic and a name that is not there are one sentence each", async () => {
  expect(await attic("show", "nothing")).toMatchObject({
    code: 1,
    stderr: `trader: The attic has no nothing: see trader attic list --data ${dir}.\n`,
  });
  rmSync(join(dir, "attic"), { recursive: true });
  expect(await attic("list")).toMatchObject({ code: 0, stdout: "Nothing was ever set aside on this node.\n" });
});
