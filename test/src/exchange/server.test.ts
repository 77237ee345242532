import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { Exchange } from "../../../src/exchange/exchange.ts";
import { exchangeServer } from "../../../src/exchange/server.ts";

let folder: string;
let exchange: Exchange;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  folder = mkdtempSync(join(tmpdir(), "trader-exchange-"));
  start({});
});
afterEach(() => {
  exchange.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

function start(options: { acceptDuplicates?: boolean }): void {
  exchange = new Exchange({
    file: join(folder, "exchange.jsonl"),
    startCashUsd: 10_000,
    acceptDuplicates: false,
    fillDelayMs: 50,
    priceAt: (symbol) => ({ AAPL: 100, MSFT: 200 })[symbol] ?? null,
    nowMs: () => Date.UTC(2026, 10, 22, 14, 15),
    realNow: () => new Date(Date.UTC(2026, 10, 23)),
    ...options,
  });
}

const headers = { "APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s", "content-type": "application/json" };
const get = (path: string) => exchangeServer(exchange).request(path, { headers });
const json = async (response: Response | Promise<Response>) =>
  z.record(z.string(), z.unknown()).parse(await (await response).json());
const list = async (response: Response | Promise<Response>) =>
  z
    .array(z.looseObject({ id: z.string().optional(), outcome: z.string().optional() }))
    .parse(await (await response).json());
const post = (id: string, over: Record<string, unknown> = {}) =>
  exchangeServer(exchange).request("/v2/orders", {
    method: "POST",
    headers,
    body: JSON.stringify({
      symbol: "AAPL",
      qty: "3",
      side: "buy",
      type: "market",
      time_in_force: "day",
      client_order_id: id,
      ...over,
    }),
  });

describe("orders", () => {
  test("a market order is open at first, then filled at the price of that moment, and moves cash and position", async () => {
    const placed = await json(post("c-1"));
    expect(placed).toMatchObject({ status: "new", client_order_id: "c-1", qty: "3", filled_qty: "0" });
    vi.advanceTimersByTime(50);
    const found = await json(get("/v2/orders:by_client_order_id?client_order_id=c-1"));
    expect(found).toMatchObject({ id: placed["id"], status: "filled", filled_qty: "3", filled_avg_price: "100" });
    expect(await json(get(`/v2/orders/${String(placed["id"])}`))).toEqual(found);
    expect(await json(get("/v2/account"))).toMatchObject({ cash: "9700", equity: "10000" });
    expect(await list(get("/v2/positions"))).toMatchObject([{ symbol: "AAPL", qty: "3", avg_entry_price: "100" }]);
  });

  test("a used client order id is refused as Alpaca does, after a cancel too", async () => {
    const { id } = await json(post("c-1"));
    const cancel = () => exchangeServer(exchange).request(`/v2/orders/${String(id)}`, { method: "DELETE", headers });
    expect((await cancel()).status).toBe(204);
    expect((await cancel()).status).toBe(422);
    const again = await post("c-1", { symbol: "MSFT" });
    expect(again.status).toBe(422);
    expect(await json(again)).toEqual({ code: 40010001, message: "client_order_id must be unique" });
    vi.advanceTimersByTime(1_000);
    expect(await list(get("/v2/positions"))).toEqual([]);
  });

  test("with duplicates accepted the second order is real, and a look-up finds the first", async () => {
    exchange.close();
    start({ acceptDuplicates: true });
    const first = await json(post("c-1"));
    expect((await post("c-1", { symbol: "MSFT" })).status).toBe(200);
    vi.advanceTimersByTime(50);
    expect(await list(get("/v2/positions"))).toHaveLength(2);
    expect((await json(get("/v2/orders:by_client_order_id?client_order_id=c-1")))["id"]).toBe(first["id"]);
  });

  test("an order that was open when the exchange died fills after its restart, once", async () => {
    await post("c-1");
    exchange.close();
    start({});
    vi.advanceTimersByTime(50);
    exchange.close();
    start({});
    vi.advanceTimersByTime(50);
    expect(await list(get("/v2/positions"))).toMatchObject([{ symbol: "AAPL", qty: "3" }]);
  });

  test("open buys reserve their cash and open sells their shares", async () => {
    await post("c-1", { qty: "60" });
    expect((await post("c-2", { qty: "60" })).status).toBe(403);
    expect((await post("c-3", { side: "sell", qty: "1" })).status).toBe(403);
    vi.advanceTimersByTime(50);
    expect((await post("c-4", { side: "sell", qty: "60" })).status).toBe(200);
    expect((await post("c-5", { side: "sell", qty: "1" })).status).toBe(403);
  });

  test("a listing filters by state and instant, and pages backwards from an order", async () => {
    const ids: unknown[] = [];
    for (let n = 1; n <= 5; n++) ids.push((await json(post(`c-${n}`, { qty: 1 })))["id"]);
    const newest = await list(get("/v2/orders?status=all&limit=2"));
    expect(newest.map((order) => order.id)).toEqual([ids[4], ids[3]]);
    const older = await list(get(`/v2/orders?status=all&limit=2&before_order_id=${newest[1]?.id}`));
    expect(older.map((order) => order.id)).toEqual([ids[2], ids[1]]);
    expect(await list(get("/v2/orders?status=closed"))).toEqual([]);
    expect(await list(get("/v2/orders?status=all&after=2026-11-22T14:15:00Z"))).toEqual([]);
    expect(await list(get("/v2/orders?status=all&after=2026-11-22T14:14:00Z"))).toHaveLength(5);
  });

  test("without a key pair there is no answer, and the market is always open", async () => {
    expect((await exchangeServer(exchange).request("/v2/account")).status).toBe(401);
    expect(await json(get("/v2/clock"))).toMatchObject({ is_open: true, timestamp: "2026-11-22T14:15:00.000Z" });
  });
});

describe("a split", () => {
  test("scales shares and prices, cancels what is open, pays half a share out, and is the same after a replay", async () => {
    await post("c-1", { qty: "5" });
    vi.advanceTimersByTime(50);
    await post("c-2");
    exchange.split("AAPL", 3, 2, false);
    expect(await list(get("/v2/positions"))).toMatchObject([{ qty: "7.5", current_price: String(100 * (2 / 3)) }]);
    expect(await json(get("/v2/orders:by_client_order_id?client_order_id=c-2"))).toMatchObject({ status: "canceled" });
    expect(await json(get("/v2/account"))).toMatchObject({ cash: "9500", equity: "10000", buying_power: "9500" });
    exchange.split("AAPL", 1, 3, true);
    const told = await list(get("/v2/account/activities"));
    expect(told.slice(0, 3)).toMatchObject([
      { activity_type: "CIL", qty: "-0.5", net_amount: "100" },
      { activity_type: "SPLIT", qty: "2.5", net_amount: "0" },
      { activity_type: "SPLIT", qty: "-7.5", net_amount: "0" },
    ]);
    const seen = async () => [await list(get("/v2/positions")), await json(get("/v2/account")), told];
    const before = await seen();
    expect(before[1]).toMatchObject({ cash: "9600", equity: "10000" });
    exchange.close();
    start({});
    expect(await seen()).toEqual(before);
    expect(await list(get("/v2/account/activities"))).toEqual(told);
    await post("c-3", { qty: "1" });
    vi.advanceTimersByTime(50);
    expect(await json(get("/v2/orders:by_client_order_id?client_order_id=c-3"))).toMatchObject({
      filled_avg_price: "200",
    });
  });
});

describe("journal", () => {
  test("holds every attempt with its outcome: accepted, duplicate, refused, malformed", async () => {
    await post("c-1");
    await post("c-1", { qty: "4" });
    await post("c-2", { qty: "1000" });
    await post("c-3", { symbol: "NONE" });
    await post("c-4", { type: "limit" });
    const journal = await list(exchangeServer(exchange).request("/journal"));
    expect(journal[1]).toEqual({
      at: "2026-11-23T00:00:00.000Z",
      clientOrderId: "c-1",
      symbol: "AAPL",
      side: "buy",
      qty: 4,
      outcome: "rejected: client_order_id must be unique",
    });
    expect(journal.map((attempt) => attempt.outcome?.slice(0, 27))).toEqual([
      "accepted",
      "rejected: client_order_id m",
      "rejected: insufficient buyi",
      'rejected: asset "NONE" not ',
      "rejected: type: Invalid inp",
    ]);
  });
});
