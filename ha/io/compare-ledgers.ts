import type Database from "better-sqlite3";
import { z } from "zod";

/** How many keys of a table a summary names. */
const KEYS_MAX = 20;
const KEY_CHARS_MAX = 200;

/**
 * One table of the old ledger that the new one does not hold completely. `only`: rows whose key only the old one has.
 * `changed`: rows that both have with different content; one side went on. Keys are JSON arrays, at most `KEYS_MAX`.
 */
export const tableTailSchema = z.object({
  table: z.string(),
  only: z.int().nonnegative(),
  onlyKeys: z.array(z.string()),
  changed: z.int().nonnegative(),
  changedKeys: z.array(z.string()),
  /** Keys are handed out by counting: the same key with other content is another row, written apart. */
  counted: z.boolean(),
});
export type TableTail = z.infer<typeof tableTailSchema>;

type Column = { name: string; pk: number };
type Tables = Map<string, { sql: string }>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function tablesOf(db: Database.Database, schema: string): Tables {
  const rows = z
    .array(z.object({ name: z.string(), sql: z.string().nullable() }))
    .parse(db.prepare(`SELECT name, sql FROM ${schema}.sqlite_schema WHERE type = 'table' ORDER BY name`).all());
  return new Map(
    rows
      .filter((row) => !row.name.startsWith("sqlite_") && !row.name.startsWith("_litestream_"))
      .map((row) => [row.name, { sql: row.sql ?? "" }]),
  );
}

function columnsOf(db: Database.Database, schema: string, table: string): Column[] {
  return z
    .array(z.object({ name: z.string(), pk: z.int() }))
    .parse(db.prepare(`SELECT name, pk FROM pragma_table_info(?, ?)`).all(table, schema));
}

const countOf = (db: Database.Database, sql: string): number => z.int().parse(db.prepare(sql).pluck().get());
const keysOf = (db: Database.Database, sql: string): string[] =>
  z
    .array(z.string())
    .parse(db.prepare(`${sql} LIMIT ${KEYS_MAX}`).pluck().all())
    .map((key) => key.slice(0, KEY_CHARS_MAX));

/** A text form of some columns; JSON cannot carry blobs, so they show as hex. */
const jsonOf = (columns: readonly string[]): string =>
  `json_array(${columns.map((name) => `iif(typeof(o.${quoted(name)}) = 'blob', hex(o.${quoted(name)}), o.${quoted(name)})`).join(", ")})`;

function compareTable(db: Database.Database, table: string, sql: string, inNew: boolean): TableTail {
  const columns = columnsOf(db, "main", table);
  const names = columns.map((column) => column.name);
  const shared = inNew ? new Set(columnsOf(db, "newer", table).map((column) => column.name)) : new Set<string>();
  const primary = columns.filter((column) => column.pk > 0).sort((a, b) => a.pk - b.pk);
  // Without a primary key the whole row is its key.
  const key = primary.length > 0 ? primary.map((column) => column.name) : names;
  const from = `FROM main.${quoted(table)} o`;
  const comparable = key.every((name) => shared.has(name));
  const sameKey = key.map((name) => `n.${quoted(name)} IS o.${quoted(name)}`).join(" AND ");
  const missing = comparable ? `WHERE NOT EXISTS (SELECT 1 FROM newer.${quoted(table)} n WHERE ${sameKey})` : "";
  const rest = names.filter((name) => shared.has(name) && !key.includes(name));
  const differs = rest.map((name) => `n.${quoted(name)} IS NOT o.${quoted(name)}`).join(" OR ");
  const changed = `JOIN newer.${quoted(table)} n ON ${sameKey} WHERE ${differs}`;
  const canChange = comparable && primary.length > 0 && rest.length > 0;
  return {
    table,
    only: countOf(db, `SELECT count(*) ${from} ${missing}`),
    onlyKeys: keysOf(db, `SELECT ${jsonOf(key)} ${from} ${missing}`),
    changed: canChange ? countOf(db, `SELECT count(*) ${from} ${changed}`) : 0,
    changedKeys: canChange ? keysOf(db, `SELECT ${jsonOf(key)} ${from} ${changed}`) : [],
    counted: /\bAUTOINCREMENT\b/i.test(sql),
  };
}

/** Tables of `main` (the old ledger) that the attached `newer` does not hold completely; counts and few keys only. */
export function compareLedgers(db: Database.Database): TableTail[] {
  const newer = tablesOf(db, "newer");
  return [...tablesOf(db, "main")]
    .map(([table, { sql }]) => compareTable(db, table, sql, newer.has(table)))
    .filter((tail) => tail.only > 0 || tail.changed > 0);
}
