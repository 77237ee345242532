import { expect, test } from "vitest";
import { LeaseOver } from "../../../src/app-ports.ts";
import { forwardedHeader } from "../../../src/web/caller.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import { fakeDesk, from, local } from "./desk-fixture.ts";

const post = (body: string, headers: Record<string, string> = { "content-type": "application/json" }): RequestInit => ({
  method: "POST",
  body,
  headers,
});
const probe = post('{"value":"hello"}');

test("a confirmed probe is 200, one whose confirmation is unknown 202", async () => {
  const sure = await webRoutes(fakeDesk()).request("/api/probe", probe, local);
  expect([sure.status, await sure.json()]).toEqual([200, { n: 5, confirmed: true, epoch: 3 }]);

  const desk = fakeDesk({ probe: () => Promise.resolve({ kind: "written", n: 9, confirmed: false, epoch: 3 }) });
  const unsure = await webRoutes(desk).request("/api/probe", probe, local);
  expect([unsure.status, await unsure.json()]).toEqual([202, { n: 9, confirmed: false, epoch: 3 }]);
});

test("a node without an open ledger refuses probes, reading too, and never forwards them", async () => {
  const routes = webRoutes(fakeDesk({ open: false }), () => Promise.reject(new Error("forwarded")));
  for (const init of [probe, {}]) {
    const answer = await routes.request("/api/probe", init, local);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("no open ledger") });
  }
});

test("probes are for callers on this machine only", async () => {
  const routes = webRoutes(fakeDesk());
  for (const address of ["192.168.1.7", "10.127.0.1", "::ffff:192.168.1.7", "fe80::1", "127.0.0.1.evil"]) {
    expect((await routes.request("/api/probe", probe, from(address))).status, address).toBe(403);
    expect((await routes.request("/api/probe", {}, from(address))).status, address).toBe(403);
  }
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    expect((await routes.request("/api/probe", probe, from(address))).status, address).toBe(200);
  }
});

test("a page of another name that resolves to loopback, and a forwarded request, are not local callers", async () => {
  const routes = webRoutes(fakeDesk());
  expect((await routes.request("http://evil.example/api/probe", probe, local)).status).toBe(403);
  expect((await routes.request("/api/probe", { headers: { [forwardedHeader]: "uno-b" } }, local)).status).toBe(403);
  expect((await routes.request("http://[::1]:8000/api/probe", probe, from("::1"))).status).toBe(200);
});

test("a probe is JSON, small, and of the right shape", async () => {
  const routes = webRoutes(fakeDesk());
  const status = async (init: RequestInit): Promise<number> => (await routes.request("/api/probe", init, local)).status;
  expect(await status(post('{"value":"x"}', { "content-type": "text/plain" }))).toBe(415);
  expect(await status(post("{"))).toBe(400);
  expect(await status(post('{"value":1}'))).toBe(400);
  expect(await status(post('{"value":"x","more":1}'))).toBe(400);
  const long = JSON.stringify({ value: "x".repeat(2000) });
  const said = { "content-type": "application/json", "content-length": String(long.length) };
  expect(await status(post(long, said))).toBe(413);
  expect(await status(post(long, { ...said, "transfer-encoding": "chunked" }))).toBe(411);
});

test("[HA-8] a probe after the lease is refused with its reason", async () => {
  const desk = fakeDesk({ probe: () => Promise.reject(new LeaseOver("lease of epoch 3: -4 ms left")) });
  const answer = await webRoutes(desk).request("/api/probe", probe, local);
  expect([answer.status, await answer.json()]).toMatchObject([503, { detail: "lease of epoch 3: -4 ms left" }]);
});
