import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareWithNewer, setAside } from "../../../ha/io/attic.ts";

const SCHEMA = `
  CREATE TABLE orders (slot TEXT, n INTEGER, state TEXT, PRIMARY KEY (slot, n));
  CREATE TABLE "odd ""name" (id BLOB PRIMARY KEY, v) WITHOUT ROWID;
  CREATE TABLE loose (a, b);
  CREATE TABLE probes (n INTEGER PRIMARY KEY AUTOINCREMENT, value TEXT);
  CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
`;
let dir: string;
let ledgerDir: string;
let newer: string;
let open: Database.Database[];

/** The common history; then both sides go on apart. The old one stays open, so that its rows are in its -wal only. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "attic-"));
  ledgerDir = join(dir, "ledger");
  newer = join(dir, "newer.db");
  open = [];
  mkdirSync(ledgerDir);
  const old = opened(join(ledgerDir, "ledger.db"));
  old.exec(SCHEMA);
  old.exec(
    "INSERT INTO orders VALUES ('s1', 1, 'sent'); INSERT INTO loose VALUES (1, NULL); INSERT INTO probes VALUES (1, 'a')",
  );
  old.pragma("wal_checkpoint(TRUNCATE)");
  copyFileSync(join(ledgerDir, "ledger.db"), newer);
});
afterEach(() => {
  for (const db of open) db.close();
  rmSync(dir, { recursive: true, force: true });
});

function opened(path: string): Database.Database {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  open.push(db);
  return db;
}
const onBoth = (oldSql: string, newSql: string): void => {
  open[0]?.exec(oldSql);
  const db = new Database(newer);
  db.exec(newSql);
  db.close();
};
const compare = () => compareWithNewer({ ledgerDir, newer, limitMs: 20_000, env: process.env });

test("[HA-9] a newer ledger that went on with everything leaves no tail, whatever it changed", async () => {
  onBoth(
    "INSERT INTO _litestream_seq VALUES (1, 77)",
    "UPDATE orders SET state = 'filled'; INSERT INTO orders VALUES ('s2', 1, 'sent'); INSERT INTO probes VALUES (2, 'b')",
  );
  expect(await compare()).toEqual({ kind: "none" });
});

test("[HA-9] rows that only the old one has are counted and named, those in its -wal too, whatever the table is like", async () => {
  onBoth(
    `INSERT INTO orders VALUES ('s2', 1, 'sent'), ('s2', 2, 'planned');
     INSERT INTO "odd ""name" VALUES (x'00ff', 1);
     INSERT INTO loose VALUES (2, NULL), (NULL, NULL);
     CREATE TABLE later (id TEXT PRIMARY KEY); INSERT INTO later VALUES ('x')`,
    "INSERT INTO orders VALUES ('s2', 1, 'filled')",
  );
  expect(statSync(join(ledgerDir, "ledger.db-wal")).size).toBeGreaterThan(0);
  const tail = await compare();
  expect(tail).toEqual({
    kind: "tail",
    rows: 5,
    tables: [
      { table: "later", only: 1, onlyKeys: ['["x"]'], changed: 0, changedKeys: [], counted: false },
      { table: "loose", only: 2, onlyKeys: ["[2,null]", "[null,null]"], changed: 0, changedKeys: [], counted: false },
      { table: 'odd "name', only: 1, onlyKeys: ['["00FF"]'], changed: 0, changedKeys: [], counted: false },
      { table: "orders", only: 1, onlyKeys: ['["s2",2]'], changed: 1, changedKeys: ['["s2",1]'], counted: false },
    ],
  });
});

test("[HA-9] a counted key that both sides gave to different rows is a tail", async () => {
  onBoth("INSERT INTO probes (value) VALUES ('mine')", "INSERT INTO probes (value) VALUES ('theirs')");
  expect(await compare()).toMatchObject({ kind: "tail", rows: 1, tables: [{ table: "probes", changedKeys: ["[2]"] }] });
});

test("of a long tail only some keys are named, all are counted", async () => {
  onBoth(
    "WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < 10001) INSERT INTO probes SELECT n, 'x' FROM c",
    "",
  );
  const tail = await compare();
  expect(tail).toMatchObject({ kind: "tail", rows: 10_000 });
  expect(tail.kind === "tail" ? tail.tables[0]?.onlyKeys.length : 0).toBe(20);
});

test("a comparison changes neither ledger and leaves nothing behind", async () => {
  onBoth("INSERT INTO probes VALUES (2, 'b')", "");
  const bytes = () =>
    ["ledger/ledger.db", "ledger/ledger.db-wal", "newer.db"].map((name) => readFileSync(join(dir, name), "hex"));
  const before = bytes();
  await compare();
  expect(bytes()).toEqual(before);
  expect(readdirSync(dir).sort()).toEqual(["ledger", "newer.db"]);
});

test("[HA-9] ledgers that cannot be compared count as a tail that nobody knows", async () => {
  writeFileSync(newer, "not a database".repeat(100));
  expect(await compare()).toMatchObject({ kind: "unknown" });
  expect(await compareWithNewer({ ledgerDir, newer, limitMs: 1, env: process.env })).toMatchObject({ kind: "unknown" });
});

test("no ledger at all is no tail", async () => {
  expect(await compareWithNewer({ ledgerDir: join(dir, "none"), newer, limitMs: 1, env: process.env })).toEqual({
    kind: "none",
  });
});

test("[HA-9] setting aside moves the folder with all that is beside the database and says why", () => {
  writeFileSync(join(ledgerDir, "lineage.json"), '{"epoch":7}');
  const order = {
    ledgerDir,
    atticDir: join(dir, "attic"),
    nowMs: Date.UTC(2026, 10, 22, 14, 15, 1),
    epoch: 7,
    summary: { kind: "unknown" as const, reason: "why" },
  };
  const before = readdirSync(ledgerDir).sort();
  const place = setAside(order);
  expect(place).toBe(join(dir, "attic", "20261122T141501Z-e7"));
  expect(readdirSync(join(place, "ledger")).sort()).toEqual(before);
  expect(readdirSync(dir).includes("ledger")).toBe(false);
  expect(JSON.parse(readFileSync(join(place, "summary.json"), "utf8"))).toEqual({
    atMs: order.nowMs,
    epoch: 7,
    kind: "unknown",
    reason: "why",
  });
  mkdirSync(ledgerDir);
  expect(setAside(order)).toBe(`${place}-2`);
});
