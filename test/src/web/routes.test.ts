import { expect, test } from "vitest";
import { answeredHeader, forwardedHeader } from "../../../src/web/caller.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { fakeDesk, from, goodToken, local, pair } from "./desk-fixture.ts";

const standbyOf = (primaryApp: string | null) =>
  fakeDesk({ open: false, pair: { ...pair, node: "uno-b", role: "standby", primaryApp } });

test("a primary's page shows role, protection, actions with their reason, and escapes what it shows", async () => {
  const answer = await webRoutes(fakeDesk()).request("/", {}, local);
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  for (const shown of [
    "leads",
    "strict",
    "Any one of the three may die",
    "uno-a, uno-b",
    "confirmed in 42 ms",
    "$97,250",
    "Buy 25 AAPL: 2.5% below",
    "Buying is locked: buys are paused (until: trader pause-buys off).",
  ]) {
    expect(text).toContain(shown);
  }
  expect(text).toContain("&lt;b&gt;AAPL&lt;/b&gt; is below its target");
  expect(text).not.toContain("<b>AAPL");
});

test("a caller from elsewhere sees shares and no amounts", async () => {
  const routes = webRoutes(fakeDesk());
  expect(await (await routes.request("/", {}, from("192.168.1.7"))).text()).not.toContain("$");
  const status = await (await routes.request("/api/status", {}, from("192.168.1.7"))).json();
  expect(status).toMatchObject({
    role: "primary",
    epoch: 3,
    cashBase: null,
    investedShare: 0.0275,
    positions: [{ symbol: "AAPL", share: 0.0275, qty: null, price: null }],
    plans: [
      {
        orders: [
          {
            clientOrderId: "demo-20261122T1415Z-1",
            qty: null,
            filledQty: null,
            reason: "Buy … AAPL: 2.5% below its target.",
          },
        ],
      },
    ],
    jobRuns: [{ outcome: "equity … USD, superseded by 20261122T1420Z" }],
  });
  const here = await (await routes.request("/api/status", {}, local)).json();
  expect(here).toMatchObject({
    base: "USD",
    cashBase: 97_250,
    positions: [{ qty: 25 }],
    jobRuns: [{ outcome: "equity 100,000.00 USD, superseded by 20261122T1420Z" }],
  });
});

test("a standby is read through to the primary, which learns that the request was forwarded", async () => {
  const asked: [string, string | null][] = [];
  const routes = webRoutes(standbyOf("127.0.0.1:8000"), (input, init) => {
    asked.push([new Request(input).url, new Headers(init?.headers).get(forwardedHeader)]);
    return Promise.resolve(
      new Response('{"role":"primary"}', {
        status: 200,
        headers: { "content-type": "application/json", [answeredHeader]: "uno-b", "set-cookie": "x=1" },
      }),
    );
  });
  const answer = await routes.request("/api/status?x=1", {}, from("192.168.1.7"));
  expect(await answer.json()).toEqual({ role: "primary" });
  expect(answer.headers.get(answeredHeader)).toBe("uno-b");
  expect(answer.headers.get("set-cookie")).toBeNull();
  await routes.request("//evil.example/x", {}, local);
  expect(asked).toEqual([
    ["http://127.0.0.1:8000/api/status?x=1", "uno-a"],
    ["http://127.0.0.1:8000//evil.example/x", "uno-a"],
  ]);
});

test("without a primary, or with one that does not answer, a standby says so with 503", async () => {
  const none = await webRoutes(standbyOf(null)).request("/", {}, local);
  expect(none.status).toBe(503);
  expect(await none.text()).toContain("no primary is known");

  const dead = webRoutes(standbyOf("127.0.0.1:1"), () =>
    Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })),
  );
  const answer = await dead.request("/api/status", {}, local);
  expect([answer.status, await answer.json()]).toMatchObject([
    503,
    { detail: "the primary at 127.0.0.1:1 did not answer: connect ECONNREFUSED", role: "standby", node: "uno-a" },
  ]);
});

test("a request that was forwarded already is never forwarded again", async () => {
  const routes = webRoutes(standbyOf("127.0.0.1:8000"), () => Promise.reject(new Error("forwarded twice")));
  const answer = await routes.request("/api/status", { headers: { [forwardedHeader]: "uno-b" } }, local);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ detail: "uno-a was asked as the primary, and is a standby" });
});

test("a standby changes nothing", async () => {
  const routes = webRoutes(standbyOf("127.0.0.1:8000"), () => Promise.reject(new Error("forwarded")));
  expect((await routes.request("/api/status", { method: "POST", body: "{}" }, local)).status).toBe(503);
});

const led = async (desk: ReturnType<typeof fakeDesk>, headers: Record<string, string> = {}): Promise<unknown> =>
  (await webRoutes(desk).request("/api/status/led/display", { headers }, from("192.168.1.7"))).json();

test("each node draws its own display", async () => {
  expect(await led(fakeDesk())).toMatchObject({
    mode: "normal",
    ticker_text: "INVESTED 2.8% | CASH 97% | BUY AAPL 2.5%",
    trade_is_buy: true,
    drawn_by: { node: "uno-a", epoch: 3 },
  });
  expect(await led(standbyOf("127.0.0.1:8000"))).toMatchObject({ ticker_text: "STANDBY · uno-a leads" });
});

test("a display that brings a known token is shown amounts, one with another token percentages and why", async () => {
  expect(await led(fakeDesk(), { authorization: `Bearer ${goodToken}` })).toMatchObject({
    ticker_text: "VALUE $100,000 | CASH $97,250 | BUY AAPL $2,500",
    token: "known",
  });
  for (const other of ["another-token-another", goodToken.toUpperCase()]) {
    const answer = await led(fakeDesk(), { authorization: `Bearer ${other}` });
    expect(answer).toMatchObject({ ticker_text: "INVESTED 2.8% | CASH 97% | BUY AAPL 2.5%", token: "unknown" });
    expect(JSON.stringify(answer)).not.toContain("$");
  }
  expect(await led(fakeDesk())).not.toHaveProperty("token");
});

test("a standby reads the primary's display through when asked for it, with the display's token", async () => {
  const asked: [string, string | null][] = [];
  const routes = webRoutes(standbyOf("127.0.0.1:8000"), (input, init) => {
    asked.push([new Request(input).url, new Headers(init?.headers).get("authorization")]);
    return Promise.resolve(new Response("{}", { status: 200, headers: { "content-type": "application/json" } }));
  });
  const headers = { authorization: `Bearer ${goodToken}` };
  const answer = await routes.request("/api/status/led/display?of=primary", { headers }, from("192.168.1.7"));
  expect(answer.status).toBe(200);
  expect(asked).toEqual([["http://127.0.0.1:8000/api/status/led/display?of=primary", `Bearer ${goodToken}`]]);
  const alone = await webRoutes(standbyOf(null)).request("/api/status/led/display?of=primary", {}, local);
  expect(alone.status).toBe(503);
});

const json = { "content-type": "application/json" };
const call = (desk: ReturnType<typeof fakeDesk>, init: RequestInit, caller = local) =>
  webRoutes(desk).request("/api/display-tokens", init, caller);

test("display tokens are made and revoked on the machine itself, on the primary, by no form of another site", async () => {
  const made = await call(fakeDesk(), { method: "POST", headers: json });
  expect(await made.json()).toEqual({ token: goodToken, confirmed: true });
  const revoked = await call(fakeDesk(), { method: "DELETE", headers: json });
  expect(await revoked.json()).toEqual({ revoked: 2, confirmed: true });
  expect((await call(fakeDesk(), { method: "POST", headers: json }, from("192.168.1.7"))).status).toBe(403);
  expect((await call(fakeDesk({ open: false }), { method: "POST", headers: json })).status).toBe(503);
  expect((await call(fakeDesk(), { method: "POST" })).status).toBe(415);
});
