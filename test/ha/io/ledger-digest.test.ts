import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { contentOf } from "../../../ha/io/ledger-digest.ts";

const open: Database.Database[] = [];
afterEach(() => {
  for (const db of open.splice(0)) db.close();
});
function made(...sql: readonly string[]): Database.Database {
  const db = new Database(":memory:");
  open.push(db);
  for (const each of sql) db.exec(each);
  return db;
}
const table = "CREATE TABLE t (a INTEGER PRIMARY KEY, b)";
const digest = (...sql: readonly string[]): string => contentOf(made(table, ...sql)).sha256;

test("the same rows give the same digest, in whichever order they were written and whatever the pages look like", () => {
  const one = made(table, "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
  const other = made(table, "INSERT INTO t VALUES (3, 'z'), (2, 'y')", "INSERT INTO t VALUES (1, 'x')");
  other.exec("DELETE FROM t WHERE a = 3; VACUUM");
  expect(contentOf(other)).toEqual(contentOf(one));
  expect(contentOf(one).rows).toBe(2);
});

test("any other row, value, type or table gives another digest", () => {
  const all = [
    digest(),
    digest("INSERT INTO t VALUES (1, NULL)"),
    digest("INSERT INTO t VALUES (1, '')"),
    digest("INSERT INTO t VALUES (1, x'')"),
    digest("INSERT INTO t VALUES (1, 1)"),
    digest("INSERT INTO t VALUES (1, 1.0)"),
    digest("INSERT INTO t VALUES (1, '1')"),
    digest("INSERT INTO t VALUES (1, x'31')"),
    digest("INSERT INTO t VALUES (2, 1)"),
    digest("INSERT INTO t VALUES (1, 9007199254740993)"),
    digest("INSERT INTO t VALUES (1, 9007199254740992)"),
    digest("INSERT INTO t VALUES (1, 0.1)"),
    digest("INSERT INTO t VALUES (1, 0.1 + 1e-17)", "UPDATE t SET b = 0.30000000000000004"),
    digest("INSERT INTO t VALUES (1, 'n;n;')"),
    digest("CREATE TABLE u (a)"),
    contentOf(made("CREATE TABLE t (a INTEGER PRIMARY KEY, c)")).sha256,
  ];
  expect(new Set(all).size).toBe(all.length);
});

test("tables without a rowid, and with columns that hide it, are read in the order of their key", () => {
  const schema = "CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID; CREATE TABLE h (rowid, _rowid_, oid TEXT)";
  const one = made(schema, "INSERT INTO w VALUES ('a', 1), ('b', 2)", "INSERT INTO h VALUES (1, 2, '3'), (4, 5, '6')");
  const other = made(
    schema,
    "INSERT INTO w VALUES ('b', 2), ('a', 1)",
    "INSERT INTO h VALUES (4, 5, '6'), (1, 2, '3')",
  );
  expect(contentOf(other)).toEqual(contentOf(one));
});

test("what Litestream keeps in a database is no content", () => {
  const litestream = made(table, "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
  litestream.exec("INSERT INTO _litestream_seq VALUES (1, 7)");
  expect(contentOf(litestream)).toEqual(contentOf(made(table)));
});
