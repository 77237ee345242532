import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { z } from "zod";
import { endpoints } from "../../../src/web/api/endpoints.ts";
import { openApiOf, statusesOf } from "../../../src/web/api/openapi.ts";
import { problemSchema } from "../../../src/web/problem.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { cheapHash, fakeDesk, from, memoryRows, pair } from "./desk-fixture.ts";

const lan = from("192.168.1.7");
const passwordHash = cheapHash("x");
const document = openApiOf(endpoints, "1");

/** Something for each parameter of a path. */
const examples: Readonly<Record<string, string>> = {
  name: "backup",
  id: "order-1",
  symbol: "AAPL",
  key: "jobs.scoreMinutes",
  switch: "pause-buys",
};
const pathOf = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => examples[name] ?? expect.fail(`no example of {${name}}`));

const ask = (desk: ReturnType<typeof fakeDesk>, method: string, path: string, headers: Record<string, string> = {}) =>
  webRoutes(desk).request(pathOf(path), { method: method.toUpperCase(), headers }, lan);

test("the document is OpenAPI 3.1, and is what is served", async () => {
  const served = await (await ask(fakeDesk({ open: false }), "get", "/api/openapi.json")).json();
  expect(served).toEqual(JSON.parse(JSON.stringify(document)));
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test("every route under /api is in the document, but for those of the LEDs and of the machine itself", () => {
  const others = [
    "/api/openapi.json",
    "/api/status/led/display",
    "/api/display-tokens",
    "/api/probe",
    "/api/market",
    "/api/*",
    "/*",
  ];
  const routes = webRoutes(fakeDesk()).routes.filter(({ path }) => path.startsWith("/api/"));
  const unknown = routes.filter(
    ({ path, method }) =>
      method !== "ALL" &&
      !others.some((other) => path === other || path.startsWith(`${other}/`)) &&
      !endpoints.some(
        (each) => each.path.replaceAll(/\{(\w+)\}/g, ":$1") === path && each.method.toUpperCase() === method,
      ),
  );
  expect(unknown).toEqual([]);
  expect(endpoints.length).toBeGreaterThan(3);
});

test.each(endpoints.map((each) => [each.method, each.path, each] as const))(
  "%s %s answers without a login, with one, and on a standby as it is documented",
  async (method, path, each) => {
    const rows = memoryRows();
    const bare = await ask(fakeDesk({ rows, passwordHash }), method, path);
    expect(bare.status).toBe(each.access === "open" ? 200 : 401);
    if (each.access === "open") {
      const body: unknown = await bare.json();
      // Nothing that is not in the document, and no amount.
      expect(z.toJSONSchema(each.answer)).toBeDefined();
      expect(each.answer.parse(body)).toEqual(body);
      expect(JSON.stringify(body)).not.toMatch(/97[,.]?250|100[,.]?000/);
    } else expect(problemSchema.parse(await bare.json())).toMatchObject({ status: 401 });

    const desk = fakeDesk({ rows, passwordHash });
    const session = await desk.open()?.sessions.open(passwordHash, desk.realNowMs());
    const cookie = `trader-session=${session?.token}`;
    const own = { cookie, host: "a:1", origin: "http://a:1", "content-type": "application/json" };
    const answer = await ask(desk, method, path, own);
    expect(statusesOf(each)).toContain(answer.status);
    expect(answer.status).not.toBe(401);
    if (each.access === "writer" || each.access === "owner") {
      const elsewhere = await ask(desk, method, path, { ...own, origin: "http://evil.example" });
      expect(elsewhere.status).toBe(403);
    }

    const forwarded: string[] = [];
    const standby = fakeDesk({ open: false, pair: { ...pair, role: "standby", primaryApp: "192.168.1.10:8000" } });
    const through = await webRoutes(standby, (input) => {
      forwarded.push(new Request(input).url);
      return Promise.resolve(new Response("{}"));
    }).request(pathOf(path), { method: method.toUpperCase() }, lan);
    expect([through.status, forwarded.length]).toEqual(method === "get" ? [200, 1] : [503, 0]);
  },
);
