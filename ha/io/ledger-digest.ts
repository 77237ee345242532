import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import { z } from "zod";

/** What a database holds: a digest of every row of every table, and how many there are. */
export const contentSchema = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), rows: z.int().nonnegative() });
export type Content = z.infer<typeof contentSchema>;

type Table = { readonly name: string; readonly sql: string; readonly withoutRowid: boolean };
type Column = { readonly name: string; readonly pk: number };

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** In the order of their names; Litestream's own are no content. */
function tablesOf(db: Database.Database): Table[] {
  const query = `SELECT l.name, l.wr, coalesce(s.sql, '') AS sql FROM pragma_table_list l
    JOIN sqlite_schema s ON s.type = 'table' AND s.name = l.name
    WHERE l.schema = 'main' AND l.type IN ('table', 'shadow') AND l.name NOT LIKE '\\_litestream\\_%' ESCAPE '\\'
    ORDER BY l.name`;
  return z
    .array(z.object({ name: z.string(), wr: z.int(), sql: z.string() }))
    .parse(db.prepare(query).all())
    .map(({ name, wr, sql }) => ({ name, sql, withoutRowid: wr === 1 }));
}

function keyOf(db: Database.Database, table: Table): string {
  const columns: Column[] = z
    .array(z.object({ name: z.string(), pk: z.int() }))
    .parse(db.prepare("SELECT name, pk FROM pragma_table_info(?)").all(table.name));
  const names = columns.map(({ name }) => name.toLowerCase());
  const rowid = table.withoutRowid ? undefined : ["rowid", "_rowid_", "oid"].find((name) => !names.includes(name));
  if (rowid !== undefined) return rowid;
  const primary = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  return (primary.length > 0 ? primary : columns).map(({ name }) => quoted(name)).join(", ");
}

/** No two different rows have one text: each value says its kind and its length. */
function rowText(values: readonly unknown[]): string {
  return `${values.map(valueText).join("")}\n`;
}

function valueText(value: unknown): string {
  if (value === null) return "n;";
  if (typeof value === "bigint") return `i${value};`;
  if (typeof value === "number") return `r${realBits(value)};`;
  if (Buffer.isBuffer(value)) return `b${value.length}:${value.toString("hex")};`;
  if (typeof value === "string") return `t${value.length}:${value};`;
  throw new Error(`not a value of SQLite: ${typeof value}`);
}

function realBits(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

/**
 * Digest of every table's rows in key order, as this connection sees them; in a read transaction of its caller's, one
 * instant. Two files with the same content give the same digest, whatever their pages look like.
 */
export function contentOf(db: Database.Database): Content {
  const hash = createHash("sha256");
  let rows = 0;
  for (const table of tablesOf(db)) {
    hash.update(`${JSON.stringify([table.name, table.sql])}\n`);
    const query = db
      .prepare(`SELECT * FROM ${quoted(table.name)} ORDER BY ${keyOf(db, table)}`)
      .raw()
      .safeIntegers();
    for (const row of query.iterate()) {
      hash.update(rowText(z.array(z.unknown()).parse(row)));
      rows += 1;
    }
  }
  return { sha256: hash.digest("hex"), rows };
}
