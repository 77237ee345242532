import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { walPagesMax } from "../../../ha/contract.ts";
import { openLedger } from "../../../src/db/ledger.ts";
import { jobRuns, orderIntents, positions, snapshots, universe } from "../../../src/db/ledger-schema.ts";
import { paperOrders } from "../../../src/db/paper-schema.ts";
import { eq, migrationsFolder } from "../../../src/db/drizzle.ts";

const journalFile = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-ledger-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A ledger as a version with only the first so many migrations left it. */
function olderLedger(path: string, migrations: number, rowsSql: string): void {
  const folder = migrationsFolder("ledger");
  const journal = journalFile.parse(JSON.parse(readFileSync(join(folder, "meta/_journal.json"), "utf8")));
  const applied = journal.entries.slice(0, migrations);
  const older = new Database(path);
  older.exec("CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)");
  for (const { tag, when } of applied) {
    older.exec(readFileSync(join(folder, `${tag}.sql`), "utf8").replaceAll("--> statement-breakpoint", ""));
    older.prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)").run(tag, when);
  }
  older.exec(rowsSql);
  older.close();
}

describe("the ledger", () => {
  test("is made with its tables and 20 stocks, durable at every commit", () => {
    const ledger = openLedger(join(dir, "ledger.db"), 250);
    expect(ledger.db.select().from(universe).all()).toHaveLength(20);
    const pragma = (name: string) => ledger.db.$client.pragma(name, { simple: true });
    expect(pragma("journal_mode")).toBe("wal");
    expect(pragma("synchronous")).toBe(2);
    expect(pragma("busy_timeout")).toBe(250);
    expect(pragma("foreign_keys")).toBe(1);
    expect(pragma("wal_autocheckpoint")).toBe(walPagesMax);
    ledger.close();
  });

  test("keeps its rows and its universe when it is opened again", () => {
    const path = join(dir, "ledger.db");
    const first = openLedger(path, 250);
    first.db.delete(universe).where(eq(universe.symbol, "XOM")).run();
    const run = { job: "price-sync", slot: "20261122T1415Z", epoch: 3, node: "uno-a", startedAtMs: 1 };
    first.db
      .insert(jobRuns)
      .values({ ...run, status: "running" })
      .run();
    first.close();
    const second = openLedger(path, 250);
    expect(second.db.select().from(universe).all()).toHaveLength(19);
    expect(second.db.select().from(jobRuns).all()).toMatchObject([run]);
    second.close();
  });

  test("an older one is migrated and loses nothing: an industry becomes a list of one", () => {
    const path = join(dir, "ledger.db");
    olderLedger(
      path,
      1,
      "INSERT INTO universe (symbol, name, industry, region, currency, lot_size) VALUES ('X', 'X \"1\"', 'Oil, gas', 'US', 'USD', 5)",
    );
    const ledger = openLedger(path, 250);
    expect(ledger.db.select().from(universe).all()).toMatchObject([
      { symbol: "X", name: 'X "1"', industries: ["Oil, gas"], yahooSymbol: null, exchange: null, lotSize: 5 },
    ]);
    ledger.close();
  });

  test("one whose amounts were dollars by their names and shares whole keeps them, and takes part shares", () => {
    const path = join(dir, "ledger.db");
    olderLedger(
      path,
      5,
      `INSERT INTO positions VALUES ('b', 'AAPL', 3, 130.5, 7);
       INSERT INTO snapshots VALUES ('b', '20261122T1415Z', 8, 1000.25, 608.75);
       INSERT INTO paper_orders VALUES ('p-2', 'AAPL', 'buy', 3, 9, 'filled', 391.53, 130.00999450683594);
       INSERT INTO paper_orders VALUES ('p-1', 'KO', 'buy', 1, 10, 'open', 60.105, NULL);
       INSERT INTO order_intents VALUES ('b', '20261122T1415Z', 1, 'p-1', 'AAPL', 'buy', 3, 'why', 'filled', 'x', 3, 130.5, 5, 6);`,
    );
    const ledger = openLedger(path, 250);
    const all = (table: SQLiteTable) => ledger.db.select().from(table).all();
    expect(all(positions)).toEqual([
      { book: "b", symbol: "AAPL", qty: 3, currency: "USD", avgPrice: 130.5, syncedAtMs: 7 },
    ]);
    expect(all(snapshots)).toEqual([
      { book: "b", slot: "20261122T1415Z", atMs: 8, currency: "USD", equity: 1000.25, cash: 608.75 },
    ]);
    ledger.db.update(positions).set({ qty: 7.5 }).run();
    expect(ledger.db.$client.prepare("SELECT qty, typeof(qty) AS type FROM positions").all()).toEqual([
      { qty: 7.5, type: "real" },
    ]);
    expect(all(orderIntents)).toMatchObject([
      { clientOrderId: "p-1", filledQty: 3, filledAvgPrice: 130.5, sentAtMs: 5 },
    ]);
    const fill = { atMs: 9, price: 130.00999450683594, currency: "USD", rate: 1, feeMinor: 0, converted: null };
    expect(all(paperOrders)).toMatchObject([
      { account: "paper", clientOrderId: "p-2", submittedAtMs: 9, state: "filled", reservedMinor: 39_153, fill },
      { account: "paper", clientOrderId: "p-1", symbol: "KO", state: "open", reservedMinor: 6_011, fill: null },
    ]);
    ledger.close();
  });

  test("refuses a file that is no database, and says which", () => {
    const path = join(dir, "ledger.db");
    writeFileSync(path, "no database ".repeat(100));
    expect(() => openLedger(path, 250)).toThrow(`${path} is damaged`);
  });

  test("[node sqlite] a log that grew under a long reader shrinks to its limit when the reader is gone", () => {
    const path = join(dir, "ledger.db");
    const ledger = openLedger(path, 250);
    const reader = new Database(path);
    reader.exec("BEGIN; SELECT * FROM universe");
    const write = ledger.db.$client.prepare("INSERT INTO probes (value, epoch, at_ms) VALUES (?, 1, 1)");
    for (let n = 0; n < 100; n += 1) write.run("x".repeat(250_000));
    const limit = Number(ledger.db.$client.pragma("journal_size_limit", { simple: true }));
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(limit);
    reader.close();
    // As Litestream does.
    const other = new Database(path);
    other.pragma("wal_checkpoint(PASSIVE)");
    write.run("x");
    other.close();
    expect(statSync(`${path}-wal`).size).toBeLessThanOrEqual(limit);
    ledger.close();
  });

  test("[node memory] drizzle is required, never imported: a quarter of the memory and of the time", () => {
    const program = `
      import { createRequire } from "node:module";
      await import("./src/db/ledger.ts");
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes("drizzle-orm"));
      console.log(JSON.stringify([loaded.length, process.memoryUsage().rss / 1024 / 1024]));`;
    const root = join(import.meta.dirname, "../../..");
    const args = ["--input-type=module", "-e", program];
    const [loaded, residentMb] = z
      .tuple([z.number(), z.number()])
      .parse(JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" })));
    expect(loaded).toBeGreaterThan(20);
    expect(residentMb).toBeLessThan(150);
  });
});
