import { afterEach, expect, test } from "vitest";
import { LeaseOver } from "../../../src/app-ports.ts";
import { locks } from "../../../src/db/ledger-schema.ts";
import { showBook } from "../../../src/trading/books.ts";
import { readControls, setControl } from "../../../src/trading/controls.ts";
import { webRoutes } from "../../../src/web/routes.ts";
import type { RowDeps } from "../../../src/web/token-rows.ts";
import { cheapHash, fakeDesk, from, local, memoryRows } from "./desk-fixture.ts";

const lan = from("192.168.1.7");
const passwordHash = cheapHash("x");
let rows = memoryRows();
afterEach(() => {
  rows = memoryRows();
});

const send = async (path: string, body: unknown, scope: "read" | "write" | null, deps: RowDeps = rows) => {
  const made = scope && (await fakeDesk({ rows }).open()?.apiTokens.make(`script-${scope}`, scope));
  const token = made?.kind === "made" ? { authorization: `Bearer ${made.token}` } : {};
  const init = { method: "PUT", headers: { "content-type": "application/json", ...token }, body: JSON.stringify(body) };
  const answer = await webRoutes(fakeDesk({ rows: deps })).request(`/api/trading/${path}`, init, lan);
  rows.db.run(`DELETE FROM settings WHERE key LIKE 'api-token:%'`);
  const json: unknown = await answer.json();
  return { status: answer.status, json };
};
const state = async (caller = local): Promise<unknown> =>
  (await webRoutes(fakeDesk({ rows })).request("/api/trading", {}, caller)).json();
const isOver = () => {
  throw new LeaseOver("the lease is over");
};
const controls = () => {
  const read = readControls(rows.db);
  return read.kind === "read" ? read.value : expect.fail(read.reason);
};

test("a write token pauses buys and stops everything; it is in the ledger, confirmed, and shown with how it ends", async () => {
  expect(await send("pause-buys", { on: true }, "write")).toEqual({
    status: 200,
    json: { message: "buys are paused, on whichever node leads", lines: [], confirmed: true },
  });
  expect(await send("stop-everything", { on: true }, "write")).toMatchObject({
    json: { lines: [expect.stringContaining("the broker does not answer")], confirmed: true },
  });
  expect(controls()).toMatchObject({ pauseBuysSinceMs: rows.nowMs(), stopSinceMs: rows.nowMs() });
  expect(await state(lan)).toMatchObject({
    pauseBuysSince: "2026-11-22T00:00:00.000Z",
    stopEverythingSince: "2026-11-22T00:00:00.000Z",
    locks: [
      { name: "stop-everything", blocks: "all", until: null, ends: "until: trader stop-everything off" },
      { name: "pause-buys", blocks: "buys" },
    ],
  });
  expect(await send("pause-buys", { on: false }, "write")).toMatchObject({ status: 200 });
  expect(await state()).toMatchObject({ pauseBuysSince: null, locks: [{ name: "stop-everything" }] });
});

test("what the other node has not confirmed is said; without the lease, or without the right, nothing is written", async () => {
  const alone: RowDeps = { ...rows, confirm: () => Promise.resolve("unknown") };
  expect(await send("pause-buys", { on: true }, "write", alone)).toMatchObject({ json: { confirmed: false } });
  const over: RowDeps = { ...rows, guard: { epoch: 3, remainingMs: () => 0, check: isOver } };
  expect(await send("stop-everything", { on: true }, "write", over)).toMatchObject({ status: 503 });
  expect(await send("stop-everything", { on: true }, "read")).toMatchObject({ status: 403 });
  expect(await send("stop-everything", { on: true }, null)).toMatchObject({ status: 401 });
  expect(controls().stopSinceMs).toBeNull();
});

test("live trading is not switched on here, and a wrong value names its field", async () => {
  expect(await send("live", { on: true }, "write")).toMatchObject({ status: 400, json: { field: "switch" } });
  expect(await send("pause-buys", { on: "yes" }, "write")).toMatchObject({ status: 400, json: { field: "on" } });
  expect(controls()).toMatchObject({ live: null, pauseBuysSinceMs: null });
});

test("mode, broker, limits and locks are told; strangers see no account and no amount", async () => {
  showBook(rows.db, "alpaca/PA97250/live", (work) => work());
  await setControl(rows, "live", { account: "PA97250", orderEurMax: 97_250, dayEurMax: 97_250, sinceMs: 0 });
  const lock = { book: "alpaca/PA97250/live", name: "pending x", blocks: "all", symbol: "KO", sinceMs: 0 } as const;
  rows.db
    .insert(locks)
    .values([
      { ...lock, reason: "order 97250 is unknown", untilMs: null, ends: "until its end is known" },
      { ...lock, name: "day-loss", reason: "the day's loss is 5.1%", untilMs: rows.nowMs(), ends: "until tomorrow" },
    ])
    .run();
  expect(await state()).toMatchObject({
    mode: "live",
    broker: "alpaca",
    book: "alpaca/PA97250/live",
    live: { orderEurMax: 97_250 },
    // The other one's time is over.
    locks: [{ name: "pending x", symbol: "KO", reason: "order 97250 is unknown" }],
  });
  expect(await state(lan)).toMatchObject({ mode: "live", book: null, live: { orderEurMax: null } });
  expect(JSON.stringify(await state(lan))).not.toContain("97250");
});

test("buttons on the plan's page set a switch for whoever is logged in, from this page alone", async () => {
  const desk = fakeDesk({ rows, passwordHash });
  const routes = webRoutes(desk);
  const session = await desk.open()?.sessions.open(passwordHash, desk.realNowMs());
  const own = { cookie: `trader-session=${session?.token}`, host: "a:1", origin: "http://a:1" };
  const press = async (name: string, headers: Record<string, string>) => {
    const body = new URLSearchParams({ on: "yes" });
    const answer = await routes.request(`/trading/${name}`, { method: "POST", headers, body }, lan);
    return [answer.status, await answer.text()];
  };
  expect((await press("stop-everything", { ...own, origin: "http://evil.example" }))[0]).toBe(403);
  expect((await press("stop-everything", { host: "a:1" }))[0]).toBe(401);
  expect((await press("live", own))[0]).toBe(404);
  expect(controls().stopSinceMs).toBeNull();
  expect(await press("pause-buys", own)).toEqual([200, expect.stringMatching(/Buys are paused[^]*Buy again/)]);
  expect(controls().pauseBuysSinceMs).toBe(rows.nowMs());
});
