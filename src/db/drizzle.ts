/**
 * The one place that loads drizzle-orm: by `require`, because its ES modules cost some 230 MB of memory and half a
 * second at start, its CommonJS a quarter of that. Types come from the package as usual (`import type` costs nothing).
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// drizzle-kit bundles the schema into CommonJS, where `import.meta` is empty; it runs in the project's own folder.
const here = import.meta.filename ?? join(process.cwd(), "src/db/drizzle.ts");
const require = createRequire(here);

const core: typeof import("drizzle-orm/sqlite-core") = require("drizzle-orm/sqlite-core");
const orm: typeof import("drizzle-orm") = require("drizzle-orm");
const driver: typeof import("drizzle-orm/better-sqlite3") = require("drizzle-orm/better-sqlite3");
const migrator: typeof import("drizzle-orm/better-sqlite3/migrator") = require("drizzle-orm/better-sqlite3/migrator");

/** Folder of the generated migrations of one of the two databases. */
export const migrationsFolder = (database: "ledger" | "market"): string =>
  join(dirname(here), "../../drizzle", database);

export const { sqliteTable, text, integer, real, primaryKey, index, uniqueIndex } = core;
export const {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  like,
  lt,
  max,
  ne,
  notInArray,
  or,
  sql,
} = orm;
export const { drizzle } = driver;
export const { migrate } = migrator;
