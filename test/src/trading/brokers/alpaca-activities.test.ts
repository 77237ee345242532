import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { cashOf } from "../../../../src/analytics/money/movement.ts";
import { movementOf } from "../../../../src/trading/bookkeeping.ts";
import { createAlpaca } from "../../../../src/trading/brokers/alpaca.ts";
import { startExchange } from "../../exchange/exchange-process.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A broker that has these activities, newest first, and gives them in pages as Alpaca does. */
async function brokerWith(all: readonly { readonly [name: string]: unknown }[]) {
  server = createServer((request, response) => {
    const query = new URL(request.url ?? "/", "http://x").searchParams;
    const first = all.findIndex((one) => one["id"] === query.get("page_token")) + 1;
    const page = all.slice(first, first + Number(query.get("page_size")));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(page));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server?.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return createAlpaca({ baseUrl: `http://127.0.0.1:${port}`, keyId: "k", secret: "s" });
}

const paid = (id: string, activity_type: string, net_amount: string, rest: object = {}) => ({
  id,
  activity_type,
  date: "2026-11-20",
  net_amount,
  status: "executed",
  ...rest,
});

test("each of Alpaca's types is what it is: a flow, a trade, a dividend, a tax, a fee; what is unknown still counts", async () => {
  const broker = await brokerWith([
    paid("9", "INT", "0", { symbol: "", qty: "0" }),
    paid("8", "NEWTYPE", "0.07"),
    paid("7", "FEE", "-0.02"),
    paid("6", "DIV", "99", { symbol: "AAPL", status: "canceled" }),
    paid("5", "DIVNRA", "-0.33", { symbol: "AAPL" }),
    paid("4", "DIV", "2.20", { symbol: "AAPL", qty: "10", per_share_amount: "0.22" }),
    {
      id: "3",
      activity_type: "FILL",
      transaction_time: "2026-11-20T15:00:00.123Z",
      type: "partial_fill",
      price: "190.015",
      qty: "3",
      side: "sell",
      symbol: "AAPL",
      order_id: "o",
    },
    paid("2", "CSW", "-50.5"),
    paid("1", "JNLC", "1000", { created_at: "2026-11-19T09:30:00Z", date: "2026-11-19" }),
  ]);
  const told = await broker.activities(0);
  expect(new Map(told.map(({ id, kind, amount, symbol }) => [id, [kind, amount, symbol]]))).toEqual(
    new Map([
      ["1", ["deposit", 1000, null]],
      ["2", ["withdrawal", -50.5, null]],
      ["4", ["dividend", 2.2, "AAPL"]],
      ["5", ["tax", -0.33, "AAPL"]],
      ["7", ["fee", -0.02, null]],
      ["8", ["other", 0.07, null]],
      ["9", ["other", 0, null]],
      ["3", ["sell", null, "AAPL"]],
    ]),
  );
  expect(told[0]).toMatchObject({ id: "1", atMs: Date.UTC(2026, 10, 19, 9, 30), note: "JNLC" });
  expect(told.at(-1)).toMatchObject({ id: "3", qty: 3, price: 190.015, atMs: Date.UTC(2026, 10, 20, 15, 0, 0, 123) });
  // 570.045 is 570.05; with the others 1,521.47.
  expect(cashOf(told.map((one) => movementOf(one, () => 1))).get("USD")).toBe(152_147);
});

test("activities are read to their end, and an answer that lacks something is a failed read", async () => {
  const many = Array.from({ length: 250 }, (_, n) => paid(`n${n}`, "FEE", "-0.01"));
  expect(await (await brokerWith(many)).activities(0)).toHaveLength(250);
  server?.close();
  const halves = [{ id: "1", activity_type: "FILL", transaction_time: "2026-11-20T15:00:00Z", side: "buy", qty: "1" }];
  await expect((await brokerWith(halves)).activities(0)).rejects.toThrow();
  server?.close();
  const foreign = await brokerWith([paid("1", "DIV", "1", { currency: "EUR" })]);
  await expect(foreign.activities(0)).rejects.toThrow("currency");
});

const moved = (id: string, type: string, qty: string | undefined, rest: object = {}) => {
  const [activity_type = "", activity_sub_type] = type.split(" ");
  return paid(id, activity_type, "0", { symbol: "AAPL", created_at: `2026-11-20T22:0${id}:00Z`, ...rest, qty, activity_sub_type }); // prettier-ignore
};

test("a split, a dividend in shares and cash in lieu are told with the shares that they moved", async () => {
  const broker = await brokerWith([
    moved("6", "CIL", "-0.65", { net_amount: "91.00" }),
    moved("5", "DIV SDIV", "0.002709921"),
    // At the same instant, newest first as all is told.
    moved("4", "SPLIT RSPLIT", "1.65", { created_at: "2026-11-20T22:03:00Z" }),
    moved("3", "SPLIT RSPLIT", "-33"),
    moved("2", "SPLIT", "33"),
    moved("1", "SPLIT", "-11"),
  ]);
  const told = await broker.activities(0);
  expect(told.map(({ kind, qty, amount, symbol, note }) => [kind, qty, amount, symbol, note])).toEqual([
    ["split", -11, 0, "AAPL", "SPLIT"],
    ["split", 33, 0, "AAPL", "SPLIT"],
    ["split", -33, 0, "AAPL", "SPLIT RSPLIT"],
    ["split", 1.65, 0, "AAPL", "SPLIT RSPLIT"],
    ["split", 0.002709921, 0, "AAPL", "DIV SDIV"],
    ["cash-in-lieu", 0.65, 91, "AAPL", "CIL"],
  ]);
});

test.each([
  ["a merger's shares", moved("1", "MA SMA", "-2000")],
  ["shares from another broker, without their number", moved("1", "ACATS", undefined)],
  ["a unit that splits into other stocks", moved("1", "SPLIT USPLIT", "-8")],
  ["a split without its shares", moved("1", "SPLIT FSPLIT", undefined)],
  ["a split that moves cash", moved("1", "SPLIT FSPLIT", "3", { net_amount: "1" })],
  ["a split of nothing that is named", moved("1", "SPLIT FSPLIT", "3", { symbol: undefined })],
  ["cash for a part of a share whose size is not told", moved("1", "CIL", "0", { net_amount: "4.11" })],
  ["what is new and has shares", moved("1", "NEWTYPE", "4", { net_amount: "-3" })],
])("%s: told as what the books cannot take", async (_, activity) => {
  const [told] = await (await brokerWith([activity])).activities(0);
  const qty = "qty" in activity && activity["qty"] !== undefined ? Number(activity["qty"]) : null;
  expect(told).toMatchObject({ kind: "unbooked", qty, note: expect.stringContaining(activity.activity_type) });
});

test("the exchange simulator pays dividends, takes taxes and fees, and takes deposits on command", async () => {
  const folder = mkdtempSync(join(tmpdir(), "trader-activities-"));
  const exchange = await startExchange(folder, ["--control", "--cash", "1000"]);
  try {
    const broker = createAlpaca({ baseUrl: exchange.url, keyId: "k", secret: "s" });
    const post = (path: string, body: object) =>
      fetch(`${exchange.url}/control/${path}`, { method: "POST", body: JSON.stringify(body) });
    await post("deposits", { usd: 500.25 });
    await post("cash", { type: "DIV", usd: 3.1, symbol: "AAPL" });
    await post("cash", { type: "DIVNRA", usd: -0.47, symbol: "AAPL" });
    await post("cash", { type: "FEE", usd: -0.03 });
    expect((await post("cash", { type: "GIFT", usd: 1 })).status).toBe(422);
    const told = await broker.activities(0);
    expect(told.map(({ kind, amount, symbol }) => [kind, amount, symbol])).toEqual([
      ["deposit", 500.25, null],
      ["dividend", 3.1, "AAPL"],
      ["tax", -0.47, "AAPL"],
      ["fee", -0.03, null],
    ]);
    expect((await broker.account()).cash["USD"]).toBe(1_502.85);
    expect((await post("splits", { symbol: "AAPL", new: 2 })).status).toBe(422);
  } finally {
    await exchange.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
