import { mkdtempSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { syncOverSocket, txidOverSocket } from "../../../ha/io/litestream-control.ts";

let dir: string;
let socket: string;
let server: Server;
let answer: { status: number; body: string };
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "control-"));
  socket = join(dir, "s");
  server = createServer((_request, response) => {
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});
const sync = (status: number, body: string) => {
  answer = { status, body };
  return syncOverSocket(socket, "/d/ledger.db", 20_000);
};

const reply = (status: string, replicated: number): string =>
  JSON.stringify({ status, path: "/d/ledger.db", txid: 5, replicated_txid: replicated });

test("a sync that replicated less than it took is not a success, whatever it calls itself", async () => {
  expect(await sync(200, reply("synced", 4))).toEqual({ kind: "unknown", reason: "replicated up to 4 of 5" });
  expect(await sync(200, reply("no_change", 4))).toEqual({ kind: "unknown", reason: "replicated up to 4 of 5" });
  expect(await sync(200, reply("no_change", 5))).toEqual({ kind: "synced", txid: 5, replicatedTxid: 5 });
});

test("errors, nonsense and endless answers are unknown", async () => {
  expect(await sync(500, '{"error":"no"}')).toEqual({ kind: "unknown", reason: '500 {"error":"no"}' });
  expect((await sync(200, "<html>")).kind).toBe("unknown");
  expect((await sync(200, '{"status":"synced"}')).kind).toBe("unknown");
  expect((await sync(200, "x".repeat(10_000_000))).kind).toBe("unknown");
  expect(await txidOverSocket(socket, "/d/ledger.db", 20_000)).toBeNull();
  expect((await syncOverSocket(join(dir, "none"), "/d/ledger.db", 20_000)).kind).toBe("unknown");
});
