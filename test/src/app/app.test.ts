import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { realTime, type ClockArgs } from "../../../src/clock.ts";
import { ledDisplay } from "../../../src/led/display.ts";
import { FakeAgent, startExchange, type AppGiven } from "./fake-agent.ts";

let dir: string;
const stops: (() => Promise<void>)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trader-app-"));
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
  rmSync(dir, { recursive: true });
});

/** A slot of 15 minutes every three seconds. */
const fastClock = (): ClockArgs => ({
  originRealMs: Date.now(),
  originAppMs: Date.UTC(2026, 10, 22, 14, 11),
  scale: 300,
});
const ledgerOf = (name: string): string => join(dir, name, "ledger", "ledger.db");

async function startApp(given: Partial<AppGiven> = {}): Promise<FakeAgent> {
  const name = given.name ?? "uno-a";
  const agent = new FakeAgent({ dataDir: join(dir, name), name, clock: realTime, ...given });
  stops.push(() => agent.stop());
  await agent.hear("ready");
  return agent;
}

async function exchange(clock: ClockArgs): Promise<string> {
  const { url, stop } = await startExchange(join(dir, "exchange"), clock);
  stops.push(stop);
  return url;
}

const attempts = z.array(z.object({ clientOrderId: z.string(), outcome: z.string() }));
const shownStatus = z.object({ positions: z.array(z.unknown()), plans: z.array(z.object({ status: z.string() })) });
const probeRows = z.array(z.object({ n: z.int(), value: z.string(), epoch: z.int() }));

const probe = (value: string): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ value }),
});

test("a promoted app trades whole cycles, also when its lease goes on under a higher epoch, draws its display and answers probes", async () => {
  const clock = fastClock();
  const exchangeUrl = await exchange(clock);
  const app = await startApp({ clock, exchangeUrl });
  app.promote(3, ledgerOf("uno-a"), 2_000);
  expect(await app.hear("opened")).toEqual({ kind: "opened", epoch: 3 });
  app.view({ role: "primary", epoch: 3 });

  const answer = await app.get("/api/probe", probe("hello"));
  expect([answer.status, await answer.json()]).toEqual([200, { n: 1, confirmed: true, epoch: 3 }]);
  // Over a socket a request may come without a body, or with one of unknown length.
  const sent = async (method: string, init: RequestInit = {}) =>
    (await app.get("/api/settings/jobs.scoreMinutes", { method, ...init })).status;
  const unmeasured = new Blob(["{}"]).stream();
  expect(await sent("PUT")).toBe(401);
  expect(await sent("DELETE")).toBe(404);
  expect(await sent("PUT", { body: "x".repeat(20_000) })).toBe(413);
  expect(await sent("PUT", { body: unmeasured, duplex: "half" })).toBe(411);
  app.raise(4, 2_000);
  const again = async () =>
    z.looseObject({ epoch: z.int() }).parse(await (await app.get("/api/probe", probe("again"))).json());
  await expect.poll(async () => (await again()).epoch).toBe(4);

  const journal = async () => attempts.parse(await (await fetch(`${exchangeUrl}/journal`)).json());
  await expect.poll(async () => (await journal()).length, { timeout: 15_000 }).toBeGreaterThan(1);
  const [first] = await journal();
  expect(first?.clientOrderId).toMatch(/^t-20261122T\d{4}Z-1$/);

  const status = async () => shownStatus.parse(await (await app.get("/api/status")).json());
  await expect.poll(async () => (await status()).positions.length, { timeout: 15_000 }).toBeGreaterThan(0);
  expect((await status()).plans.some((plan) => plan.status === "done")).toBe(true);

  const led = ledDisplay.parse(await (await app.get("/api/status/led/display")).json());
  expect(led.drawn_by).toEqual({ node: "uno-a", epoch: 4 });
  expect(await (await app.get("/")).text()).toContain("leads");

  app.say({ kind: "drain" });
  await app.hear("drained");
  expect((await app.get("/api/probe", probe("late"))).status).toBe(503);
  await app.stop();
  const ledger = new Database(ledgerOf("uno-a"), { readonly: true });
  const open = ledger.prepare("select count(*) as n from job_runs where status = 'running'").get();
  const completed = ledger.prepare("select distinct job from job_runs where status = 'completed' order by job").all();
  ledger.close();
  expect(open).toEqual({ n: 0 });
  const trading = ["portfolio-sync", "price-sync", "rebalance", "score-refresh"];
  expect(completed).toEqual(expect.arrayContaining(trading.map((job) => ({ job }))));
});

test("a standby has no ledger, says so on its display, and reads through to the primary", async () => {
  const [primary, standby] = await Promise.all([startApp({ name: "uno-a" }), startApp({ name: "uno-b" })]);
  primary.promote(1, ledgerOf("uno-a"), 5_000);
  await primary.hear("opened");

  expect((await standby.get("/")).status).toBe(503);
  standby.view({ node: "uno-b", inSync: ["uno-a", "uno-b"], primaryApp: `127.0.0.1:${primary.port}` });
  await expect
    .poll(async () => (await standby.get("/api/status")).json(), { timeout: 5_000 })
    .toMatchObject({ node: "uno-a", role: "primary" });
  expect(await (await standby.get("/api/status/led/display")).json()).toMatchObject({
    ticker_text: "STANDBY · uno-a leads",
    drawn_by: { node: "uno-b" },
  });
  expect((await standby.get("/api/probe", probe("x"))).status).toBe(503);
  expect((await standby.get("/api/probe")).status).toBe(503);
});

test("[HA-8] an app whose lease is not renewed is dead, and so is one whose agent is gone", async () => {
  const [leased, orphan] = await Promise.all([startApp({ name: "uno-a" }), startApp({ name: "uno-b" })]);
  leased.promote(1, ledgerOf("uno-a"), 800);
  await leased.hear("opened");
  expect(await leased.letLeaseEnd()).toBe("SIGKILL");

  orphan.child.disconnect();
  expect(await orphan.ended()).toBe("SIGKILL");
});

test("rows of a killed primary are there for its successor, under a higher epoch", async () => {
  const [first, next] = await Promise.all([startApp(), startApp({ name: "uno-b" })]);
  first.promote(1, ledgerOf("uno-a"), 5_000);
  await first.hear("opened");
  const many = await Promise.all(Array.from({ length: 30 }, (_, i) => first.get("/api/probe", probe(`p${i}`))));
  expect(many.map((answer) => answer.status)).toEqual(Array.from({ length: 30 }, () => 200));
  first.answer = "unknown";
  expect((await first.get("/api/probe", probe("unsure"))).status).toBe(202);
  await first.stop();

  next.promote(2, ledgerOf("uno-a"), 5_000);
  await next.hear("opened");
  await next.get("/api/probe", probe("after"));
  const rows = probeRows.parse(await (await next.get("/api/probe")).json());
  expect(rows).toHaveLength(32);
  expect(rows.at(-1)).toMatchObject({ n: 32, value: "after", epoch: 2 });
});

test("a primary killed in the midst of its cycles is followed without a second order for any place", async () => {
  const clock = fastClock();
  const exchangeUrl = await exchange(clock);
  const journal = async () => attempts.parse(await (await fetch(`${exchangeUrl}/journal`)).json());
  const [first, second] = await Promise.all([
    startApp({ clock, exchangeUrl }),
    startApp({ clock, exchangeUrl, name: "uno-b" }),
  ]);
  first.promote(1, ledgerOf("uno-a"), 2_000);
  await expect.poll(async () => (await journal()).length, { interval: 5, timeout: 15_000 }).toBe(1);
  await first.stop();
  second.promote(2, ledgerOf("uno-a"), 2_000);
  await expect.poll(async () => (await journal()).length, { timeout: 20_000 }).toBeGreaterThan(2);
  const ids = (await journal()).map((attempt) => attempt.clientOrderId);
  expect(new Set(ids).size).toBe(ids.length);
  await second.stop();
  const ledger = new Database(ledgerOf("uno-a"), { readonly: true });
  const plans = ledger.prepare("select slot, epoch from plans order by slot").all();
  const intents = ledger.prepare("select client_order_id as id, state from order_intents order by slot").all();
  ledger.close();
  expect(plans[0]).toMatchObject({ epoch: 1 });
  expect(plans.at(-1)).toMatchObject({ epoch: 2 });
  expect(intents).toContainEqual({ id: ids[0], state: "filled" });
});

test("a drain that is called off leaves the app as it was", async () => {
  const app = await startApp();
  app.promote(1, ledgerOf("uno-a"), 5_000);
  await app.hear("opened");
  app.say({ kind: "drain" });
  await app.hear("drained");
  app.say({ kind: "resume" });
  await expect.poll(async () => (await app.get("/api/probe", probe("again"))).status).toBe(200);
});

test("an app that cannot listen or open its ledger says why and ends", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  stops.push(() => new Promise((resolve) => blocker.close(() => resolve())));
  const address = blocker.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const blocked = new FakeAgent({ dataDir: join(dir, "uno-a"), name: "uno-a", clock: realTime, port });
  stops.push(() => blocked.stop());
  expect(await blocked.hear("cannot-run")).toMatchObject({ reason: expect.stringContaining("it is in use") });
  expect(await blocked.ended()).toBe(1);

  const lost = await startApp({ name: "uno-b" });
  lost.promote(1, join(dir, "nowhere", "ledger.db"), 5_000);
  expect(await lost.hear("cannot-run")).toMatchObject({ reason: expect.stringContaining("could not be opened") });
  expect(await lost.ended()).toBe(1);
});
