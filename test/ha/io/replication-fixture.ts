import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { pino } from "pino";
import { findLitestream } from "../../../ha/io/litestream-binary.ts";
import { walPagesMax } from "../../../ha/contract.ts";
import { type Replication, startReplication } from "../../../ha/io/litestream.ts";
import { WebdavFixture } from "./webdav-fixture.ts";

export const log = pino({ level: process.env["TRADER_TEST_LOG"] ?? "silent" });
export const CONFIG_PATH = join(import.meta.dirname, "../../../litestream.yml");

let found: Promise<string> | null = null;

/** A primary's ledger, a receiver, and real Litestream between them, in a folder of its own. */
export class ReplicationFixture {
  readonly dir = mkdtempSync(join(tmpdir(), "replication-"));
  readonly ledgerDir = join(this.dir, "ledger");
  readonly ledger = join(this.ledgerDir, "ledger.db");
  readonly runDir = join(this.dir, "run");
  readonly receiver = new WebdavFixture(join(this.dir, "replica"));
  readonly #running: Replication[] = [];
  #db: Database.Database | null = null;
  #url = "";
  binary = "";

  async open(): Promise<void> {
    mkdirSync(join(this.dir, "replica"), { recursive: true });
    mkdirSync(this.ledgerDir);
    this.#url = await this.receiver.listen();
    found ??= findLitestream({ env: process.env, log, fetch: true });
    this.binary = await found;
  }

  async killReplication(): Promise<void> {
    for (const replication of this.#running.splice(0)) await replication.child.kill();
  }

  async close(): Promise<void> {
    await this.killReplication();
    this.#db?.close();
    await this.receiver.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The ledger, opened as the app opens it. */
  db(): Database.Database {
    if (this.#db !== null) return this.#db;
    const db = new Database(this.ledger);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma(`wal_autocheckpoint = ${walPagesMax}`);
    db.exec("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, value TEXT NOT NULL)");
    this.#db = db;
    return db;
  }

  closeDb(): void {
    this.#db?.close();
    this.#db = null;
  }

  write(value: string): void {
    this.db().prepare("INSERT INTO rows (value) VALUES (?)").run(value);
  }

  replicaDir(epoch: number): string {
    return join(this.dir, "replica", "e", String(epoch));
  }

  replicate(epoch: number, env: NodeJS.ProcessEnv = {}): Replication {
    const replication = startReplication({
      binary: this.binary,
      configPath: CONFIG_PATH,
      target: {
        ledger: this.ledger,
        replicaUrl: this.#url,
        replicaPath: `/e/${epoch}`,
        user: "user",
        password: "pa$$ word",
        socket: join(this.runDir, "litestream.sock"),
      },
      env: { ...process.env, ...env },
      runDir: this.runDir,
      log,
    });
    this.#running.push(replication);
    return replication;
  }

  /** Asks again until it is synced: right after a start nobody answers yet. */
  async synced(replication: Replication): Promise<number> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const outcome = await replication.sync(5000);
      if (outcome.kind === "synced") return outcome.txid;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("never synced");
  }
}

/** The values of a ledger that nobody else has open. */
export function valuesOf(path: string): string[] {
  const db = new Database(path);
  try {
    return db.prepare("SELECT value FROM rows ORDER BY n").pluck().all().map(String);
  } finally {
    db.close();
  }
}
