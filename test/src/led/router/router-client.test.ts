import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encode } from "@msgpack/msgpack";
import { pino } from "pino";
import { RouterClient } from "../../../../src/led/router/router-client.ts";
import { FakeBoard } from "./fake-board.ts";
import { routerContract } from "./router-contract.ts";
import { StandInRouter } from "./stand-in-router.ts";

let router: StandInRouter;
const ends: (() => void)[] = [];
beforeEach(() => {
  router = new StandInRouter();
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await router.remove();
});

let started: Promise<void> | null = null;
beforeEach(() => {
  started = null;
});
routerContract("the stand-in", async () => {
  await (started ??= router.start());
  return router.socketPath;
});
const real = process.env["TRADER_TEST_ROUTER"];
if (real !== undefined) routerContract("the real router", () => Promise.resolve(real));

const times = { callMs: 300, connectMs: 1_000, backoffMs: [20, 40, 80] };

/** A client, its log lines, and how often it connected. */
function start(provides: Record<string, () => void> = {}) {
  const lines: string[] = [];
  const seen = { connects: 0 };
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const client = new RouterClient({
    socketPath: router.socketPath,
    provides,
    onConnected: () => seen.connects++,
    log,
    times,
  });
  ends.push(() => client.stop());
  const done = client.run();
  return { client, lines, seen, done };
}

test("where there is no router, one line says so, and calls end at once", async () => {
  const { client, lines } = start();
  expect(await client.call("x", [])).toEqual({ kind: "gone" });
  await expect.poll(() => lines.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("no arduino-router here");
});

test("[board 1.6] a router that is killed and comes back is found again, and the client registers again", async () => {
  await router.start();
  const { seen, lines } = start({ "t.redraw": () => {} });
  await expect.poll(() => router.provides("t.redraw")).toBe(true);
  for (const round of [2, 3]) {
    await router.stop();
    await router.start();
    await expect.poll(() => seen.connects, { timeout: 5_000 }).toBe(round);
    await expect.poll(() => router.provides("t.redraw")).toBe(true);
  }
  expect(lines.filter((line) => line.includes("is gone"))).toHaveLength(2);
});

test("a name that an old connection still holds is registered later", async () => {
  await router.start();
  const old = await FakeBoard.connect(router.socketPath, ["t.redraw"]);
  let called = false;
  start({ "t.redraw": () => (called = true) });
  const sketch = await FakeBoard.connect(router.socketPath, []);
  ends.push(() => sketch.stop());
  old.stop();
  await expect
    .poll(async () => {
      void sketch.request("t.redraw", []);
      await new Promise(setImmediate);
      return called;
    })
    .toBe(true);
});

test("an answer that comes after its call was given up is nobody's", async () => {
  await router.start();
  const board = await FakeBoard.connect(router.socketPath, ["t.late"]);
  ends.push(() => board.stop());
  board.behaviour = "late";
  const { client, seen } = start();
  await expect.poll(() => seen.connects).toBe(1);
  // The first one's answer comes while the second waits for its own.
  expect(await client.call("t.late", [])).toEqual({ kind: "silent" });
  expect(await client.call("t.late", [])).toEqual({ kind: "silent" });
});

test("a call that is under way when the router dies ends as gone", async () => {
  await router.start();
  const board = await FakeBoard.connect(router.socketPath, ["t.slow"]);
  board.behaviour = "ignore";
  const { client, seen } = start();
  await expect.poll(() => seen.connects).toBe(1);
  const outcome = client.call("t.slow", []);
  await board.came(1);
  await router.stop();
  expect(await outcome).toEqual({ kind: "gone" });
});

test("three calls without an answer end the connection, so that the router lets go of them", async () => {
  await router.start();
  const board = await FakeBoard.connect(router.socketPath, ["t.slow"]);
  ends.push(() => board.stop());
  board.behaviour = "ignore";
  const { client, seen } = start();
  await expect.poll(() => seen.connects).toBe(1);
  expect(await Promise.all([1, 2, 3].map((n) => client.call("t.slow", [n])))).toEqual(
    [1, 2, 3].map(() => ({ kind: "silent" })),
  );
  await expect.poll(() => seen.connects).toBe(2);
});

test("garbage from the router is passed over, and bytes that are no MessagePack cost one connection", async () => {
  await router.start();
  const { client, seen } = start();
  await expect.poll(() => seen.connects).toBe(1);
  router.garbage(Buffer.from("hello"));
  router.garbage(encode([1, "no id", null]));
  router.garbage(encode([9]));
  router.garbage(encode({ a: 1 }));
  expect(await client.call("$/version", [])).toMatchObject({ kind: "answered" });
  router.garbage(Uint8Array.of(0xc1));
  await expect.poll(() => seen.connects).toBe(2);
  expect(await client.call("$/version", [])).toMatchObject({ kind: "answered" });
});

test("a router that takes connections and says nothing leaves every call with its limit", async () => {
  const server = createServer(() => {});
  const path = join(router.dir, "router.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  ends.push(() => void server.close());
  const { client, seen } = start();
  await expect.poll(() => seen.connects).toBe(1);
  expect(await client.call("$/version", [])).toEqual({ kind: "silent" });
});

test("[board 1.4] a message that could jam the microcontroller is not sent", async () => {
  const { client } = start();
  expect(() => client.call("t.show", ["x".repeat(190)])).toThrow("too many");
});

test("a stopped client ends", async () => {
  await router.start();
  const { client, seen, done } = start({ "t.redraw": () => {} });
  await expect.poll(() => seen.connects).toBe(1);
  client.stop();
  await done;
  expect(client.connected).toBe(false);
});
