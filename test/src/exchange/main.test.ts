import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ExchangeProcess, spawnExchange, startExchange } from "./exchange-process.ts";

let folder: string;
let running: ExchangeProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trader-exchange-"));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((exchange) => exchange.kill()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(...argv: string[]): Promise<ExchangeProcess> {
  const exchange = await startExchange(folder, argv);
  running.push(exchange);
  return exchange;
}

const headers = { "APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s", "content-type": "application/json" };
const buy = (url: string, id: string) =>
  fetch(`${url}/v2/orders`, {
    method: "POST",
    headers,
    body: JSON.stringify({
      symbol: "AAPL",
      qty: "2",
      side: "buy",
      type: "market",
      time_in_force: "day",
      client_order_id: id,
    }),
  });

test("what was answered survives SIGKILL, a torn last line does not", async () => {
  const first = await start("--fill-delay", "100000");
  expect((await buy(first.url, "c-1")).status).toBe(200);
  expect((await buy(first.url, "c-1")).status).toBe(422);
  const journal = await first.journal();
  expect(journal).toHaveLength(2);
  await first.kill();
  appendFileSync(join(folder, "exchange.jsonl"), '{"kind":"attempt","attempt":{"at":"2026');

  const second = await start("--fill-delay", "0");
  expect(await second.journal()).toEqual(journal);
  expect((await buy(second.url, "c-1")).status).toBe(422);
  expect((await buy(second.url, "c-2")).status).toBe(200);
  await second.kill();
  const third = await start();
  expect(await third.journal()).toHaveLength(4);
});

test("a port in use is one clear line and exit code 1", async () => {
  const first = await start();
  const second = spawnExchange(["--port", new URL(first.url).port, "--data", join(folder, "other")]);
  const [stderr, [code]] = await Promise.all([text(second.stderr!), once(second, "exit")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^exchange: the port is in use.*\n$/);
});

test("wrong arguments are one clear line and exit code 1", async () => {
  const child = spawnExchange(["--port", "0", "--data", folder, "--clock-scale", "-3"]);
  const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^exchange: .*clock.*\n$/);
});

test("it ends when the process of its lifeline is gone", async () => {
  const other = spawn("sleep", ["60"]);
  const exchange = await start("--lifeline", String(other.pid));
  const ended = once(exchange.child, "exit");
  other.kill("SIGKILL");
  expect((await ended)[0]).toBe(0);
});
