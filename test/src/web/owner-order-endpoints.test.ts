import { afterEach, expect, test } from "vitest";
import { tradingDesk } from "../../../src/trading/trading-desk.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { doubleBroker } from "../trading/double-broker.ts";
import { memoryPlanStore } from "../trading/memory-plan-store.ts";
import { TestTime, tradingDeps } from "../trading/trading-fixture.ts";
import { cheapHash, fakeDesk, from, local, memoryRows } from "./desk-fixture.ts";

const lan = from("192.168.1.7");
const passwordHash = cheapHash("x");
let rows = memoryRows();
afterEach(() => {
  rows = memoryRows();
});

const view = () => ({
  prices: new Map(),
  rates: { base: "USD", perBase: new Map() },
  scores: new Map(),
  blocked: new Map(),
});

/** The web of a primary whose broker answers. */
function site() {
  const broker = doubleBroker();
  const { guard, cluster, node, clock, realTime, limits, slotMs, sendMarginMs, log, confirm } = tradingDeps(
    broker,
    memoryPlanStore(),
    new TestTime(),
  );
  const own = { guard, cluster, node, clock, realTime, limits, slotMs, sendMarginMs, log, confirm };
  const desk = tradingDesk({
    ...own,
    db: rows.db,
    configured: broker,
    paper: broker,
    view,
    pair: () => null,
    dayMs: 1,
  });
  return fakeDesk({ rows, passwordHash, trading: desk });
}

async function ownerOf(desk: ReturnType<typeof site>): Promise<Record<string, string>> {
  const session = await desk.open()?.sessions.open(passwordHash, desk.realNowMs());
  return { cookie: `trader-session=${session?.token}`, host: "a:1", origin: "http://a:1" };
}

const wanted = { id: "order-1", side: "sell", symbol: "KO", qty: 10, override: ["minimum-hold"] };

async function send(method: string, path: string, body: object | null, headers?: Record<string, string>) {
  const desk = site();
  const init = { method, headers: { "content-type": "application/json", ...(headers ?? (await ownerOf(desk))) } };
  const request = body === null ? init : { ...init, body: JSON.stringify(body) };
  const answer = await webRoutes(desk).request(path, request, lan);
  const json: unknown = await answer.json();
  return { status: answer.status, json };
}
const list = async (caller = local): Promise<unknown> =>
  (await webRoutes(site()).request("/api/owner-orders", {}, caller)).json();

test("the owner orders, is told whether the other node has it, and sees it wait; strangers see no quantity", async () => {
  const message = "order order-1 is taken, for research: sell 10 KO, in a plan of before 2026-11-27T00:00Z";
  expect(await send("POST", "/api/owner-orders", wanted)).toEqual({
    status: 200,
    json: { id: "order-1", message, confirmed: true },
  });
  expect(await send("POST", "/api/owner-orders", wanted)).toMatchObject({ status: 200 });
  const shown = { id: "order-1", side: "sell", symbol: "KO", overrides: ["minimum-hold"], state: "open" };
  expect(await list()).toEqual({ orders: [expect.objectContaining({ ...shown, qty: 10 })] });
  expect(await list(lan)).toEqual({ orders: [expect.objectContaining({ ...shown, qty: null })] });
});

test("what cannot be taken, and what cannot be withdrawn, is refused with its reason", async () => {
  await send("POST", "/api/owner-orders", wanted);
  expect(await send("POST", "/api/owner-orders", { ...wanted, qty: 11 })).toMatchObject({
    status: 409,
    json: { detail: "the id order-1 is that of another order." },
  });
  const bad = { ...wanted, override: ["cash-reserve"] };
  expect(await send("POST", "/api/owner-orders", bad)).toMatchObject({ status: 400, json: { field: "override.0" } });
  expect(await send("DELETE", "/api/owner-orders/order-2", null)).toMatchObject({ status: 404, json: { field: "id" } });
  expect(await send("DELETE", "/api/owner-orders/order-1", null)).toMatchObject({ status: 200 });
  expect(await list()).toMatchObject({ orders: [{ state: "withdrawn" }] });
});

test("it is the owner's alone: no script's, no stranger's, no other site's", async () => {
  const made = await site().open()?.apiTokens.make("script", "write");
  const token = made?.kind === "made" ? { authorization: `Bearer ${made.token}` } : {};
  expect(await send("POST", "/api/owner-orders", wanted, token)).toMatchObject({ status: 403 });
  expect(await send("POST", "/api/owner-orders", wanted, {})).toMatchObject({ status: 401 });
  const evil = { ...(await ownerOf(site())), origin: "http://evil.example" };
  expect(await send("POST", "/api/owner-orders", wanted, evil)).toMatchObject({ status: 403 });
  expect(await send("DELETE", "/api/owner-orders/order-1", null, token)).toMatchObject({ status: 403 });
  expect(await list()).toEqual({ orders: [] });
});

test("the plan's page has a form whose id makes it one order, and a button to withdraw what waits", async () => {
  const desk = site();
  const headers = await ownerOf(desk);
  const routes = webRoutes(desk);
  const page = await (await routes.request("/plan", { headers }, lan)).text();
  const id = /name="id" value="([\w-]+)"/.exec(page)?.[1] ?? "";
  const press = async (path: string, fields: Record<string, string>) => {
    const answer = await routes.request(path, { method: "POST", headers, body: new URLSearchParams(fields) }, lan);
    return [answer.status, await answer.text()];
  };
  const fields = { id, side: "buy", symbol: "KO", qty: "10", "last-lot": "yes" };
  expect(await press("/owner-orders", fields)).toEqual([
    200,
    expect.stringMatching(/Order \w+ is taken[^]*buy KO[^]*last-lot[^]*Withdraw/),
  ]);
  expect(await press("/owner-orders", fields)).toEqual([200, expect.stringContaining("was taken before")]);
  expect(await press("/owner-orders", { ...fields, qty: "many" })).toEqual([400, expect.stringContaining("qty: ")]);
  expect(await press(`/owner-orders/${id}`, {})).toEqual([200, expect.stringContaining("is withdrawn")]);
  expect(await list()).toMatchObject({ orders: [{ id, state: "withdrawn", overrides: ["last-lot"] }] });
  const strangers = await (await routes.request("/plan", {}, lan)).text();
  expect(strangers).toContain("buy KO");
  expect(strangers).not.toContain("<form");
});
