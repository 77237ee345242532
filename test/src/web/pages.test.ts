import { expect, test } from "vitest";
import { quantity } from "../../../src/web/pages/layout.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { cheapHash, fakeDesk, from, local, memoryRows } from "./desk-fixture.ts";

const lan = from("192.168.1.7");
const passwordHash = cheapHash("x");
const places = ["/", "/portfolio", "/stocks", "/plan", "/orders", "/jobs", "/settings"];

const rows = memoryRows();
const desk = fakeDesk({ rows, passwordHash });
const routes = webRoutes(desk);
const session = await desk.open()?.sessions.open(passwordHash, desk.realNowMs());
const own = { cookie: `trader-session=${session?.token}`, host: "a:1", origin: "http://a:1" };

const textOf = async (path: string, headers: Record<string, string> = {}, caller = lan): Promise<string> =>
  (await routes.request(path, { headers }, caller)).text();

test.each(places)("%s is a page without a script; a stranger sees no amount and no form on it", async (path) => {
  const answer = await routes.request(path, {}, lan);
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(text).toContain(`href="${path}" aria-current="page"`);
  expect(text).not.toMatch(/<script|style=|onclick|\$\d/);
  expect(text).not.toContain("<form");
  expect(text).not.toContain("97,250");
});

test("who is logged in sees amounts to the cent, and may log out", async () => {
  expect(await textOf("/portfolio", own)).toMatch(/\$97,250\.00[^]*\$110\.00/);
  expect(await textOf("/portfolio", own)).toContain('action="/logout"');
  expect(await textOf("/portfolio", {}, local)).toContain("$97,250.00");
});

test("part shares are written as they are, without noise", () => {
  expect([7.5, 0.000807009, 1_234.5, 10, null].map(quantity)).toEqual(["7.5", "0.000807009", "1,234.5", "10", ""]);
});

test("the page of stocks says to anybody why one is not traded now", async () => {
  expect(await textOf("/stocks")).toMatch(/AAPL[^]*its prices look wrong/);
});

test("what comes through the other node is shown without forms", async () => {
  expect(await textOf("/settings", own)).toContain('action="/settings/jobs.scoreMinutes"');
  expect(await textOf("/settings", { ...own, "x-trader-forwarded-by": "uno-b" })).not.toContain("<form");
});

const sides = (row: string): boolean[] => [...row.matchAll(/<t[hd]( class="n")?/g)].map(([, n]) => n !== undefined);

test("numbers and their titles are on the same side", async () => {
  const text = await textOf("/portfolio", own);
  const [head = "", first = ""] = [...text.matchAll(/<tr>[^]*?<\/tr>/g)].map(([row]) => row);
  expect(sides(head)).toEqual(sides(first));
  expect(sides(head)).toContain(true);
});

const submit = async (path: string, fields: Record<string, string>, headers: Record<string, string> = own) => {
  const answer = await routes.request(path, { method: "POST", headers, body: new URLSearchParams(fields) }, lan);
  return { status: answer.status, text: await answer.text() };
};

test("a form sets a setting, and says what is wrong with a value", async () => {
  expect(await submit("/settings/jobs.scoreMinutes", { value: "60" })).toMatchObject({
    status: 200,
    text: expect.stringContaining("jobs.scoreMinutes is 60 (minutes) from now on."),
  });
  for (const value of ["7", "", "<i>"]) {
    const { status, text } = await submit("/settings/jobs.scoreMinutes", { value });
    expect([status, text]).toEqual([400, expect.stringContaining("give one of 15, 20, 30")]);
    expect(text).not.toContain("<i>");
  }
  expect((await submit("/settings/none", { value: "1" })).status).toBe(404);
  expect((await submit("/settings/jobs.scoreMinutes", { value: "30" }, { ...own, origin: "http://b" })).status).toBe(
    403,
  );
  expect(
    desk
      .open()
      ?.settings.list()
      .find(({ setting }) => setting.key === "jobs.scoreMinutes")?.value,
  ).toBe(60);
});

test("forms take a stock in and give it up", async () => {
  const fields = { symbol: "SAP.DE", name: "SAP", region: "EU", industries: "Technology, Software", currency: "EUR" };
  expect((await submit("/stocks", { ...fields, lotSize: "1" })).status).toBe(200);
  expect(await submit("/stocks", { ...fields, lotSize: "0" })).toMatchObject({
    status: 400,
    text: expect.stringContaining("lotSize"),
  });
  expect(await submit("/stocks", { ...fields, symbol: "SAP.XX", lotSize: "1", exchange: "" })).toMatchObject({
    status: 400,
    text: expect.stringContaining("exchange: it does not follow from the symbol"),
  });
  expect((await submit("/stocks/SAP.DE", { allowSell: "yes" })).status).toBe(200);
  const stock = desk
    .open()
    ?.stocks.list()
    .find(({ symbol }) => symbol === "SAP.DE");
  expect(stock).toMatchObject({
    industries: ["Technology", "Software"],
    allowBuy: false,
    allowSell: true,
    active: false,
  });
});
