import { request } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { AgentView } from "../../ha/core/health.ts";
import { VERSION_HEADER } from "../../ha/io/version.ts";
import { type Served, createHealthApp, serve } from "../../ha/server.ts";
import { primaryView, standbyView } from "./core/views.ts";

const open: Served[] = [];
afterEach(async () => {
  for (const served of open.splice(0)) await served.close();
});

const ask = async (view: AgentView, route: string, method = "GET") =>
  createHealthApp(() => view).request(route, { method });

const ROUTES = ["/health", "/health/live", "/health/ready", "/primary", "/standby", "/standby?lag=5", "/cluster"];

describe("the health endpoint", () => {
  test.each(ROUTES)("%s says who and why", async (route) => {
    const answer = await ask({ ...primaryView, reasons: ["The disk is nearly full."] }, route);
    expect(await answer.json()).toMatchObject({
      node: "node-a",
      role: "primary",
      epoch: 4,
      position: { epoch: 4, txid: 77 },
      inSync: ["node-a", "node-b"],
      protection: "strict",
      pids: { agent: 10, link: 11, app: 12, litestream: 13 },
      reasons: expect.arrayContaining(["The disk is nearly full."]),
    });
    expect(answer.headers.get("content-type")).toContain("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get(VERSION_HEADER)).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("200 for yes, 503 with the reasons for no", async () => {
    expect((await ask(primaryView, "/primary")).status).toBe(200);
    const no = await ask({ ...primaryView, leaseLeftMs: 0 }, "/primary");
    expect(no.status).toBe(503);
    expect(await no.json()).toMatchObject({ ok: false, reasons: ["The lease has ended."] });
    expect((await ask(standbyView, "/primary")).status).toBe(503);
    expect((await ask(standbyView, "/standby")).status).toBe(200);
    expect((await ask(standbyView, "/standby?lag=3")).status).toBe(200);
    expect((await ask(standbyView, "/standby?lag=2")).status).toBe(503);
    expect((await ask(standbyView, "/cluster")).status).toBe(200);
    expect((await ask({ ...standbyView, role: "starting" }, "/health/live")).status).toBe(200);
  });

  test.each(["x", "", "-1", "1.5", "9".repeat(16)])("a lag of %j is not a number of transactions", async (lag) => {
    expect((await ask(standbyView, `/standby?lag=${lag}`)).status).toBe(400);
  });

  test.each(ROUTES)("HEAD %s has the status and no body, OPTIONS says what is allowed", async (route) => {
    const got = await ask(primaryView, route);
    const head = await ask(primaryView, route, "HEAD");
    expect(head.status).toBe(got.status);
    expect(await head.text()).toBe("");
    const options = await ask(primaryView, route, "OPTIONS");
    expect(options.status).toBe(204);
    expect(options.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });

  test.each(["POST", "PUT", "PATCH", "DELETE"])("%s is refused on every route", async (method) => {
    for (const route of [...ROUTES, "/nowhere"]) {
      const answer = await ask(primaryView, route, method);
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
      expect(await answer.json()).toHaveProperty("error");
    }
  });

  test("an unknown route is a 404 in JSON", async () => {
    const answer = await ask(primaryView, "/nowhere");
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: "there is no /nowhere here" });
  });

  test("a view that fails is a 500 in JSON", async () => {
    const app = createHealthApp(() => {
      throw new Error("no view");
    });
    const answer = await app.request("/health");
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({ error: "no view" });
  });
});

const listen = async (port = 0) => {
  const served = await serve({ app: createHealthApp(() => primaryView), host: "127.0.0.1", port });
  open.push(served);
  return served;
};

describe("the server", () => {
  test("answers on its port", async () => {
    const { port } = await listen();
    const answer = await fetch(`http://127.0.0.1:${port}/primary`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ ok: true, node: "node-a" });
  });

  test("a port in use is one clear sentence", async () => {
    const { port } = await listen();
    await expect(listen(port)).rejects.toThrow(
      `TCP 127.0.0.1:${port} is in use. Another agent may be running here; stop it or choose another port.`,
    );
  });

  test("a check of HTTP/1.0, which names no host, is answered", async () => {
    const { port } = await listen();
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /primary HTTP/1.0\r\n\r\n");
    const [head] = await once(socket, "data");
    socket.destroy();
    expect(String(head)).toMatch(/^HTTP\/1.1 200 /);
  });

  test("oversized headers are refused", async () => {
    const { port } = await listen();
    const outgoing = request({ port, host: "127.0.0.1", path: "/health", headers: { "x-long": "x".repeat(9_000) } });
    const status = await new Promise((resolve, reject) => {
      outgoing
        .once("response", (incoming) => resolve(incoming.statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(431);
  });

  test("closing ends a connection that a client holds open", async () => {
    const served = await serve({ app: createHealthApp(() => primaryView), host: "127.0.0.1", port: 0 });
    const socket = connect(served.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write("GET /health HTTP/1.1\r\n");
    const closed = new Promise((resolve) => {
      socket.on("error", () => undefined).once("close", resolve);
    });
    await served.close();
    await closed;
    await served.close();
  });
});
