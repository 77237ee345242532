import Database from "better-sqlite3";

/**
 * `node check-worker.ts FILE`: one line of JSON, `{"problems": []}` for a sound database. Opened for writing, because
 * a database in WAL mode cannot be read otherwise without files beside it; nobody else has it open.
 */
const path = process.argv[2];
if (path === undefined) throw new Error("usage: check-worker.ts FILE");
const db = new Database(path, { fileMustExist: true });
const rows = db.pragma("quick_check(20)", { simple: false });
const found = Array.isArray(rows) ? rows.map((row: unknown) => Object.values(Object(row)).join(" ")) : ["no answer"];
db.close();
process.stdout.write(`${JSON.stringify({ problems: found.filter((text) => text !== "ok") })}\n`);
