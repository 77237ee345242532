import { afterEach, expect, test } from "vitest";
import { inPortfolio } from "../../../src/scoring/score.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { nowMs, portfolio } from "../scoring/score-fixture.ts";
import { fakeDesk, from, memoryRows } from "./desk-fixture.ts";

let rows = memoryRows();
afterEach(() => {
  rows = memoryRows();
});

const send = async (method: string, path: string, body?: unknown, scope: "read" | "write" = "write") => {
  const desk = fakeDesk({ rows });
  const made = await desk.open()?.apiTokens.make(`${method} ${path}`.replaceAll("/", "."), scope);
  const headers = {
    authorization: `Bearer ${made?.kind === "made" ? made.token : ""}`,
    ...(body !== undefined && { "content-type": "application/json" }),
  };
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await webRoutes(desk).request(`/api${path}`, init, from("192.168.1.7"));
  rows.db.run(`DELETE FROM settings WHERE key LIKE 'api-token:%'`);
  const json: unknown = await answer.json();
  return { status: answer.status, type: answer.headers.get("content-type"), json };
};

const asml = { symbol: "ASML.AS", name: "ASML", region: "EU", industries: ["Technology"], currency: "EUR" };

test("a stock is taken in, changed, given up and taken in again; its row is never gone", async () => {
  expect(await send("POST", "/stocks", asml)).toMatchObject({
    status: 200,
    json: { symbol: "ASML.AS", confirmed: true },
  });
  expect(await send("POST", "/stocks", asml)).toMatchObject({ status: 409, json: { field: "symbol" } });
  expect(await send("PUT", "/stocks/ASML.AS", { allowBuy: false })).toMatchObject({ status: 200 });
  expect(await send("GET", "/stocks/ASML.AS")).toMatchObject({
    json: { name: "ASML", allowBuy: false, allowSell: true, lotSize: 1, active: true, price: null, blocked: null },
  });
  expect(await send("DELETE", "/stocks/ASML.AS")).toMatchObject({ status: 200 });
  expect(await send("GET", "/stocks/ASML.AS")).toMatchObject({ json: { active: false, allowBuy: false } });
  expect(await send("POST", "/stocks", asml)).toMatchObject({ status: 200 });
  expect(await send("GET", "/stocks/ASML.AS")).toMatchObject({ json: { active: true, allowBuy: true } });
  expect(await send("PUT", "/stocks/ASML.AS", {})).toMatchObject({ status: 200 });
});

test("a wrong stock is a problem with the name of its field, and changes nothing", async () => {
  const wrong: readonly [object, string][] = [
    [{ ...asml, symbol: "asml" }, "symbol"],
    [{ ...asml, region: "MARS" }, "region"],
    [{ ...asml, industries: [] }, "industries"],
    [{ ...asml, currency: "GBp" }, "currency"],
    [{ ...asml, currency: "XYZ" }, "currency"],
    [{ ...asml, symbol: "ASML.XX" }, "exchange"],
    [{ ...asml, lotSize: 0 }, "lotSize"],
    [{ ...asml, exchange: "XXXX" }, "exchange"],
  ];
  const before = await send("GET", "/stocks");
  for (const [body, field] of wrong) {
    expect(await send("POST", "/stocks", body)).toMatchObject({
      status: 400,
      type: "application/problem+json",
      json: { status: 400, field, remedy: expect.stringContaining("openapi.json") },
    });
  }
  expect(await send("PUT", "/stocks/NONE", { active: false })).toMatchObject({ status: 404 });
  expect(await send("PUT", "/stocks/AAPL", { symbol: "B" })).toMatchObject({ status: 400 });
  expect(await send("POST", "/stocks", asml, "read")).toMatchObject({ status: 403 });
  expect(await send("GET", "/stocks")).toEqual(before);
});

test("where the symbol does not say the exchange, the problem names those that there are, and one that is given counts", async () => {
  const other = { ...asml, symbol: "ASML.XX" };
  expect(await send("POST", "/stocks", other)).toMatchObject({
    json: { detail: expect.stringContaining("give one of XNYS, XTSE") },
  });
  expect(await send("POST", "/stocks", { ...other, exchange: "XAMS" })).toMatchObject({ status: 200 });
});

test("a stock says why it may not be traded now", async () => {
  expect(await send("GET", "/stocks/AAPL")).toMatchObject({ json: { blocked: "its prices look wrong" } });
});

test("a stock's score is the one in the portfolio, group by group", async () => {
  const score = inPortfolio([], { ...portfolio, regionShare: 0.25 }, nowMs);
  const desk = fakeDesk({ rows, scores: new Map([["AAPL", score]]) });
  const got = async (path: string): Promise<unknown> =>
    (await webRoutes(desk).request(path, {}, from("192.168.1.7"))).json();
  const shown = { symbol: "AAPL", score: score.total, confidence: score.confidence };
  expect(await got("/api/stocks/AAPL")).toMatchObject({ ...shown, explanation: score.groups });
  expect(await got("/api/stocks/MSFT")).toMatchObject({ score: null, confidence: null, explanation: null });
  expect(await got("/api/stocks")).toMatchObject({ stocks: expect.arrayContaining([expect.objectContaining(shown)]) });
});

test("a setting is set within its bounds; beyond them nothing changes, and the problem says what to give", async () => {
  expect(await send("PUT", "/settings/jobs.scoreMinutes", { value: 60 })).toMatchObject({ status: 200 });
  expect(await send("PUT", "/settings/jobs.scoreMinutes", { value: 7 })).toMatchObject({
    status: 400,
    json: { field: "value", remedy: "Give one of 15, 20, 30, 60, 120, 180, 240, 360, 480, 720 (minutes)." },
  });
  expect(await send("PUT", "/settings/jobs.maintenanceHour", { value: 2.5 })).toMatchObject({ status: 400 });
  expect(await send("PUT", "/settings/jobs.scoreMinutes", { value: "60" })).toMatchObject({ status: 400 });
  expect(await send("PUT", "/settings/jobs.nothing", { value: 1 })).toMatchObject({ status: 404 });
  expect(await send("GET", "/settings/jobs.scoreMinutes")).toMatchObject({ json: { value: 60, isDefault: false } });
  expect(await send("PUT", "/settings/jobs.scoreMinutes", { value: null })).toMatchObject({ json: { value: 30 } });
});
