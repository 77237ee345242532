/** Checks a ledger table by table on a connection of its own, and says what is wrong with it; empty: nothing. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { z } from "zod";

const busyTimeoutMs = 2_000;
const findingsMax = 5;

const path = z.string().parse(workerData);
const client = new Database(path, { readonly: true, timeout: busyTimeoutMs });
const names = z
  .array(z.string())
  .parse(client.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all());
const findings: string[] = [];
for (const name of names) {
  const quoted = name.replaceAll("'", "''");
  // A reader keeps the write-ahead log from being emptied: none is open between two tables.
  const said = z.array(z.string()).parse(client.prepare(`PRAGMA integrity_check('${quoted}')`).pluck().all());
  findings.push(...said.filter((finding) => finding !== "ok").map((finding) => `${name}: ${finding}`));
  await nextTurn();
}
client.close();
parentPort?.postMessage(findings.slice(0, findingsMax), []);
