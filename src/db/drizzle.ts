/**
 * The one place that loads drizzle-orm: by `require`, because its ES modules cost some 230 MB of memory and half a
 * second at start, its CommonJS a quarter of that. Types come from the package as usual (`import type` costs nothing).
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// drizzle-kit bundles the schema into CommonJS, where `import.meta` is empty; it runs in the project's own folder.
const here = import.meta.filename ?? join(process.cwd(), "src/db/drizzle.ts");
const require = createRequire(here);

const core = require("drizzle-orm/sqlite-core") as typeof import("drizzle-orm/sqlite-core");
const orm = require("drizzle-orm") as typeof import("drizzle-orm");

/** Folder of the generated migrations of one of the two databases. */
export const migrationsFolder = (database: "ledger" | "market"): string =>
  join(dirname(here), "../../drizzle", database);

export const { sqliteTable, text, integer, real, primaryKey, index } = core;
export const { and, asc, desc, eq, gt, gte, inArray, like, lt, lte, max, ne, notInArray, or, sql } = orm;
export const { drizzle } = require("drizzle-orm/better-sqlite3") as typeof import("drizzle-orm/better-sqlite3");
export const { migrate } =
  require("drizzle-orm/better-sqlite3/migrator") as typeof import("drizzle-orm/better-sqlite3/migrator");
