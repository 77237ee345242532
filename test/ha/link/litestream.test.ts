import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { findLitestream } from "../../../ha/io/litestream-binary.ts";
import { Connector } from "../../../ha/link/connector.ts";
import type { PeerView } from "../../../ha/link/peer-watch.ts";
import { foundCluster, idOf, rosterOf, Scratch, silent, startReceiver } from "./cluster.ts";

/** The real Litestream through connector and receiver; where none can be had, this says so and is skipped. */
const binary = await findLitestream({ env: process.env, log: silent, fetch: true }).catch((error: unknown) => {
  console.warn("SKIPPED: the link with the real Litestream:", error);
  return "";
});
const present = binary !== "";

const run = promisify(execFile);
const scratch = new Scratch();
afterEach(() => scratch.end());

function post(socketPath: string, path: string, body: object): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const call = request({ socketPath, path, method: "POST", signal: AbortSignal.timeout(20_000) }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  call.on("error", reject);
  call.end(JSON.stringify(body));
  return promise;
}

async function startLitestream(
  folder: string,
  ledger: string,
  url: string,
): Promise<{ socket: string; child: ChildProcess }> {
  const socket = join(folder, "litestream.sock");
  const config = join(folder, "litestream.yml");
  writeFileSync(
    config,
    `socket: {enabled: true, path: ${socket}}
dbs:
  - path: ${ledger}
    monitor-interval: 100ms
    replica: {type: webdav, webdav-url: ${url}, webdav-username: u, webdav-password: p, path: /e/3, sync-interval: 100ms}
`,
  );
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", binary, "replicate", "-config", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  scratch.atEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  const log: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onLine = (chunk: Buffer): void => {
    log.push(chunk.toString());
    if (existsSync(socket)) resolve();
  };
  child.stdout.on("data", onLine);
  child.stderr.on("data", onLine);
  child.on("exit", () => reject(new Error(`litestream ended: ${log.join("")}`)));
  await promise;
  if (process.env["SHOW_LITESTREAM"]) scratch.atEnd(() => console.log(log.join("")));
  return { socket, child };
}

test.skipIf(!present)(
  "a live ledger goes through connector and receiver, and a stock restore of the folder is whole",
  async () => {
    const { a, member } = await foundCluster(scratch);
    const receiver = await startReceiver(scratch, await member("node-b"));
    await receiver.store.promise({ epoch: 3, holder: "node-a" });
    const receiving = Promise.withResolvers<void>();
    const onPeer = (view: PeerView): void => void (view.receiving && receiving.resolve());
    const connector = new Connector({
      identity: a,
      user: "u",
      password: "p",
      leaseMs: 1_000,
      onPeer,
      roster: rosterOf("node-a", "node-b"),
      log: silent,
    });
    scratch.atEnd(() => connector.stop());
    const port = await connector.listen();
    connector.send({ epoch: 3, peer: { name: "node-b", id: idOf("node-b"), host: "127.0.0.1", port: receiver.port } });
    await receiving.promise;

    const folder = scratch.folder();
    mkdirSync(join(folder, "ledger"));
    const ledger = join(folder, "ledger", "ledger.db");
    const db = new Database(ledger);
    scratch.atEnd(() => db.close());
    db.pragma("journal_mode = WAL");
    db.exec("create table rows (n integer primary key, text text)");
    const insert = db.prepare("insert into rows (text) values (?)");
    const { socket } = await startLitestream(folder, ledger, `http://127.0.0.1:${port}`);

    let confirmed = 0;
    for (let round = 0; round < 5; round += 1) {
      for (let i = 0; i < 40; i += 1) confirmed = Number(insert.run("x".repeat(500)).lastInsertRowid);
      const synced = await post(socket, "/sync", { path: ledger, wait: true, timeout: 10 });
      expect(synced).toMatchObject({ status: 200 });
    }
    const position = receiver.store.newest;
    expect(position?.epoch).toBe(3);
    expect(receiver.received.at(-1)).toEqual(position);

    // What was confirmed is on the other disk, readable by a stock Litestream while the stream goes on.
    const restored = join(folder, "restored.db");
    await run(binary, ["restore", "-o", restored, `file://${join(receiver.dir, "replica", "e", "3")}`]);
    const copy = new Database(restored, { readonly: true });
    expect(copy.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(copy.prepare("select max(n) from rows").pluck().get()).toBe(confirmed);
    copy.close();
    expect(readdirSync(join(receiver.dir, "replica", "tmp"))).toEqual([]);

    // A newer promise stops the stream at once: what is written now is not confirmed, and not received.
    await receiver.store.promise({ epoch: 4, holder: "node-b" });
    insert.run("late");
    const late = await post(socket, "/sync", { path: ledger, wait: true, timeout: 5 });
    expect(late.status).toBe(500);
    expect(receiver.store.newest).toEqual(position);
    expect(readFileSync(join(receiver.dir, "replica", "fence.json"), "utf8")).toContain("node-b");
  },
);
