import { mkdtempSync, rmSync } from "node:fs";
import { type RequestListener, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createAlpaca } from "../../../../src/trading/brokers/alpaca.ts";
import { brokerContract } from "../../../contract/broker-contract.ts";
import { startExchange } from "../../exchange/exchange-process.ts";

brokerContract("Alpaca's SDK on the exchange simulator", async ({ fills, acceptDuplicates }) => {
  const folder = mkdtempSync(join(tmpdir(), "trader-alpaca-"));
  const argv = [
    "--control",
    "--fill-delay",
    fills ? "10" : "1000000",
    ...(acceptDuplicates ? ["--accept-duplicates"] : []),
  ];
  const exchange = await startExchange(folder, argv);
  return {
    broker: createAlpaca({ baseUrl: exchange.url, keyId: "k", secret: "s" }),
    nowMs: () => Date.now(),
    split: async (symbol, newShares, oldShares) => {
      const body = JSON.stringify({ symbol, new: newShares, old: oldShares, cashInLieu: true });
      await fetch(`${exchange.url}/control/splits`, { method: "POST", body });
    },
    close: async () => {
      await exchange.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

const moneyAt = (baseUrl: string, money?: "paper" | "real") =>
  createAlpaca({ baseUrl, keyId: "k", secret: "s", ...(money && { money }) }).money;

const say =
  (status: number, body: string): RequestListener =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  };

describe("answers that decide nothing", () => {
  let stop: (() => void) | undefined;
  afterEach(() => stop?.());

  async function brokerOver(listener: RequestListener, timeoutMs = 5_000) {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    stop = () => {
      server.closeAllConnections();
      server.close();
    };
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    return createAlpaca({ baseUrl: `http://127.0.0.1:${port}`, keyId: "k", secret: "s", timeoutMs });
  }
  const another = {
    id: "7",
    client_order_id: "pair-20261122T1400Z-1",
    symbol: "AAPL",
    side: "buy",
    qty: "1",
    status: "filled",
  };
  const intent = { clientOrderId: "pair-20261122T1415Z-1", symbol: "AAPL", side: "buy", qty: 1 } as const;
  test.each<[string, RequestListener]>([
    ["no answer in time", () => undefined],
    ["a broken connection", (request) => request.socket.destroy()],
    ["an answer that is no order", say(200, '{"id":"x"}')],
    ["an answer about another order", say(200, JSON.stringify(another))],
    ["an answer that is no JSON", say(200, "<html>")],
    ["500", say(500, "{}")],
    ["429", say(429, "{}")],
    ["504 of a proxy", say(504, "")],
  ])("%s leaves a placed order unknown, and is one single request", async (_, listener) => {
    let requests = 0;
    const broker = await brokerOver((request, response) => {
      requests++;
      listener(request, response);
    }, 150);
    expect((await broker.place(intent)).kind).toBe("unknown");
    expect(requests).toBe(1);
  });

  test("a 422 for another reason than the id is a refusal, not a duplicate", async () => {
    const broker = await brokerOver(say(422, '{"code":40010001,"message":"qty must be > 0"}'));
    expect(await broker.place(intent)).toEqual({ kind: "refused", reason: "422: qty must be > 0" });
  });

  test("a look-up that fails throws; a 404 that is not the broker's own says nothing about the order", async () => {
    const failing = await brokerOver(say(500, "{}"));
    await expect(failing.findByClientOrderId(intent.clientOrderId)).rejects.toThrow("did not look up");
    stop?.();
    const confused = await brokerOver(say(200, JSON.stringify(another)));
    await expect(confused.findByClientOrderId(intent.clientOrderId)).rejects.toThrow(
      "answered with pair-20261122T1400Z-1",
    );
    stop?.();
    const proxied = await brokerOver(say(404, "no such page"));
    await expect(proxied.findByClientOrderId(intent.clientOrderId)).rejects.toThrow("did not look up");
  });

  test("a failed read of positions throws and is never an empty portfolio", async () => {
    const broker = await brokerOver(say(200, "null"));
    await expect(broker.positions()).rejects.toThrow("positions");
  });

  test("an order in a state that nobody documented is an error, not an open order", async () => {
    const order = { id: "1", client_order_id: "pair-1", symbol: "AAPL", side: "buy", qty: "1", status: "odd" };
    const broker = await brokerOver(say(200, JSON.stringify([order])));
    await expect(broker.listByPrefix("pair-", 0)).rejects.toThrow('unknown status "odd"');
  });

  test("a listing longer than a page is read to its end, orders of one instant included", async () => {
    const all = Array.from({ length: 1_203 }, (_, n) => ({
      id: String(n),
      client_order_id: `pair-20261122T1415Z-${n}`,
      symbol: "AAPL",
      side: "buy",
      qty: "1",
      status: "filled",
      submitted_at: new Date(Date.UTC(2026, 10, 22) + Math.floor(n / 7)).toISOString(),
    })).toReversed();
    const broker = await brokerOver((request, response) => {
      const query = new URL(request.url ?? "/", "http://x").searchParams;
      const until = query.get("until") ?? "9999";
      const page = all.filter((order) => order.submitted_at < until).slice(0, Number(query.get("limit")));
      say(200, JSON.stringify(page))(request, response);
    });
    expect(await broker.listByPrefix("pair-", 0)).toHaveLength(1_203);
  });

  test("the live host is real money whatever is said; another host only where it is said", () => {
    expect(moneyAt("https://api.alpaca.markets", "paper")).toBe("real");
    expect(moneyAt("https://paper-api.alpaca.markets")).toBe("paper");
    expect(moneyAt("http://127.0.0.1:1", "real")).toBe("real");
  });
});
