import { EventEmitter, once } from "node:events";
import { existsSync, readdirSync, readFileSync, watch } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, afterAll, beforeEach, expect, test } from "vitest";
import type { Roster } from "../../../ha/io/node-files.ts";
import { Connector } from "../../../ha/link/connector.ts";
import type { ConnectorParts } from "../../../ha/link/connector.ts";
import type { Identity } from "../../../ha/link/identity.ts";
import { isAway, viewOf, watchRhythm } from "../../../ha/link/peer-watch.ts";
import type { PeerView, Sending } from "../../../ha/link/peer-watch.ts";
import { foreign, foundCluster, idOf, ltx, rosterOf, Scratch, silent, startReceiver } from "./cluster.ts";

const lasting = new Scratch();
const scratch = new Scratch();
let a: Identity;
let b: Identity;
let stranger: Identity;
beforeAll(async () => {
  const cluster = await foundCluster(lasting);
  a = cluster.a;
  [b, stranger] = await Promise.all([cluster.member("node-b"), foreign("node-b")]);
});
afterAll(() => lasting.end());

let views: PeerView[];
let seen: EventEmitter;
let connector: Connector;
let port: number;
async function start(more: Partial<ConnectorParts> = {}): Promise<void> {
  views = [];
  seen = new EventEmitter();
  const onPeer = (view: PeerView): void => {
    views.push(view);
    seen.emit("view");
  };
  const mine = new Connector({
    identity: a,
    user: "u",
    password: "p",
    leaseMs: 1_000,
    onPeer,
    roster: rosterOf("node-a", "node-b"),
    log: silent,
    ...more,
  });
  connector = mine;
  port = await mine.listen();
  scratch.atEnd(() => mine.stop());
}
beforeEach(() => start());
afterEach(() => scratch.end());

/** The newest view once it fits; views of the past do not count. */
async function viewThat(fits: (view: PeerView) => boolean): Promise<PeerView> {
  for (;;) {
    const last = views.at(-1);
    if (last !== undefined && fits(last)) return last;
    await once(seen, "view");
  }
}

const LOGIN = { authorization: `Basic ${Buffer.from("u:p").toString("base64")}` };
function local(method: string, path: string, body: string | Buffer = "", headers: Record<string, string> = LOGIN) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; challenge: unknown }>();
  const call = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
    });
    response.on("error", reject);
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, text, challenge: response.headers["www-authenticate"] }),
    );
  });
  call.on("error", reject);
  call.end(body);
  return promise;
}
const put = (path: string, body: string) =>
  local("PUT", path, body, { ...LOGIN, "content-length": String(body.length) });

async function receiverOf(identity: Identity, epoch: number, holder = "node-a") {
  const receiver = await startReceiver(scratch, identity);
  await receiver.store.promise({ epoch, holder });
  return receiver;
}
const to = (receiver: { port: number }, epoch: number): Sending => ({
  epoch,
  peer: { name: "node-b", id: idOf("node-b"), host: "127.0.0.1", port: receiver.port },
});

test("the start-up probe is answered at once, also while nobody receives; a stranger on loopback is not", async () => {
  expect((await local("OPTIONS", "/e/3/")).status).toBe(200);
  expect(await local("OPTIONS", "/e/3/", "", {})).toMatchObject({ status: 401, challenge: 'Basic realm="trader"' });
  const wrong = { authorization: `Basic ${Buffer.from("u:q").toString("base64")}` };
  expect((await local("PUT", `/e/3/ltx/0/${ltx(1)}`, "x", wrong)).status).toBe(401);
});

test("503 while nothing is sent, and while the peer has promised something else, with the reason", async () => {
  expect(await local("PROPFIND", "/e/3/ltx/0/")).toMatchObject({ status: 503 });
  const receiver = await receiverOf(b, 3, "node-b");
  connector.send(to(receiver, 3));
  const view = await viewThat((v) => v.diskId !== null);
  expect(view).toMatchObject({ receiving: false, reason: "node-b promised epoch 3 to node-b" });
  expect(await put(`/e/3/ltx/0/${ltx(1)}`, "x")).toMatchObject({ status: 503, text: `${view.reason}\n` });
  expect(receiver.store.newest).toBeNull();
});

test("what Litestream asks is carried to the peer that receives, and the answer comes back", async () => {
  const receiver = await receiverOf(b, 3);
  connector.send(to(receiver, 3));
  await viewThat((view) => view.receiving);
  const path = `/e/3/ltx/0/${ltx(1)}`;
  expect((await local("PROPFIND", "/e/3/ltx/0/", "<propfind/>", { ...LOGIN, depth: "1" })).status).toBe(404);
  expect((await put(path, "hello")).status).toBe(201);
  expect((await local("PROPFIND", "/e/3/ltx/0/", "<propfind/>", { ...LOGIN, depth: "1" })).text).toContain(path);
  expect(await local("GET", path)).toMatchObject({ status: 200, text: "hello" });
  expect(await local("GET", path, "", { ...LOGIN, range: "bytes=0-1" })).toMatchObject({ status: 206, text: "he" });
  expect(await viewThat((view) => view.txid === 1)).toEqual({
    receiving: true,
    diskId: receiver.store.diskId,
    epoch: 3,
    txid: 1,
    gap: false,
    reason: "",
  });
  expect((await local("DELETE", path)).status).toBe(204);
  expect(await put(`/e/2/ltx/0/${ltx(1)}`, "x")).toMatchObject({ status: 403, text: "only epoch 3 is sent\n" });
});

test("a folder that Litestream wants costs no way to the peer, which makes it with the first file", async () => {
  const receiver = await receiverOf(b, 3);
  expect((await local("MKCOL", "/e/3/ltx/0/")).status).toBe(503);
  connector.send(to(receiver, 3));
  await viewThat((view) => view.receiving);
  expect((await local("MKCOL", "/e/3/ltx/0/")).status).toBe(405);
  expect((await local("PROPFIND", "/e/3/ltx/0/", "<propfind/>", { ...LOGIN, depth: "1" })).status).toBe(404);
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "hello")).status).toBe(201);
});

test("a newer promise of the peer is passed on as 403, seen, and answered with 503 from then on", async () => {
  const receiver = await receiverOf(b, 3);
  connector.send(to(receiver, 3));
  await viewThat((view) => view.receiving);
  await receiver.store.promise({ epoch: 4, holder: "node-b" });
  expect([403, 503]).toContain((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status);
  await viewThat((view) => !view.receiving);
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status).toBe(503);
  expect(receiver.store.newest).toBeNull();
});

test("[node tls] an impostor at the peer's address gets nothing", async () => {
  const impostor = await receiverOf(stranger, 3);
  connector.send(to(impostor, 3));
  expect(await viewThat(() => true)).toMatchObject({ receiving: false, diskId: null });
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status).toBe(503);
  expect(impostor.store.newest).toBeNull();
});

test("a member with another name at the peer's address gets nothing", async () => {
  const other = await receiverOf(a, 3);
  connector.send(to(other, 3));
  expect(await viewThat(() => true)).toMatchObject({ receiving: false, diskId: null });
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status).toBe(503);
});

test("a peer that is away is seen so, and one that comes back at another address is followed", async () => {
  const nobody = createServer().listen(0, "127.0.0.1");
  await once(nobody, "listening");
  const address = nobody.address();
  const free = typeof address === "object" && address !== null ? address.port : 0;
  nobody.close();
  connector.send(to({ port: free }, 3));
  expect(await viewThat(() => true)).toMatchObject({ receiving: false, reason: expect.stringMatching(/no answer/) });
  connector.send(to(await receiverOf(b, 3), 3));
  await viewThat((view) => view.receiving);
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status).toBe(201);
});

test("a peer that accepts and never speaks is away after two polls", async () => {
  const mute = createServer((socket) => void socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(mute, "listening");
  scratch.atEnd(() => mute.close());
  const address = mute.address();
  connector.send(to({ port: typeof address === "object" && address !== null ? address.port : 0 }, 3));
  expect(await viewThat(() => true)).toMatchObject({ receiving: false, diskId: null });
});

test("an upload that Litestream gives up leaves nothing at the peer", async () => {
  const receiver = await receiverOf(b, 3);
  connector.send(to(receiver, 3));
  await viewThat((view) => view.receiving);
  const headers = { ...LOGIN, "content-length": "10000000" };
  const path = `/e/3/ltx/0/${ltx(1)}`;
  const call = httpRequest({ host: "127.0.0.1", port, method: "PUT", path, headers, agent: false });
  call.on("error", () => undefined);
  const tmp = join(receiver.dir, "replica", "tmp");
  const watcher = watch(tmp);
  scratch.atEnd(() => watcher.close());
  call.write("x".repeat(200_000));
  await once(watcher, "change");
  call.destroy();
  while (readdirSync(tmp).length > 0) await once(watcher, "change");
  expect(existsSync(join(receiver.dir, "replica", "e"))).toBe(false);
});

test("send-stop cuts off what is under way", async () => {
  const receiver = await receiverOf(b, 3);
  connector.send(to(receiver, 3));
  await viewThat((view) => view.receiving);
  const headers = { ...LOGIN, "content-length": "1000" };
  const path = `/e/3/ltx/0/${ltx(1)}`;
  const call = httpRequest({ host: "127.0.0.1", port, method: "PUT", path, headers, agent: false });
  const over = Promise.race([once(call, "error"), once(call, "response")]);
  const watcher = watch(join(receiver.dir, "replica", "tmp"));
  scratch.atEnd(() => watcher.close());
  const arrived = once(watcher, "change");
  call.write("x");
  await arrived;
  connector.sendStop();
  await over;
  call.destroy();
  expect(receiver.store.newest).toBeNull();
  expect((await put(path, "x")).status).toBe(503);
});

test("a paced upload arrives whole", async () => {
  await start({ pace: { perSecond: 1_000_000, burst: 10_000 } });
  const receiver = await receiverOf(b, 3);
  connector.send(to(receiver, 3));
  await viewThat((view) => view.receiving);
  const body = "0123456789".repeat(20_000);
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, body)).status).toBe(201);
  expect(readFileSync(join(receiver.dir, "replica", "e", "3", "ltx", "0", ltx(1)), "utf8")).toBe(body);
});

test.each([
  [2, 1],
  [1, 2],
])("of rosters %i and %i the newer one ends on both sides", async (mine, theirs) => {
  const [here, there] = [rosterOf("node-a", "node-b"), rosterOf("node-a", "node-b")];
  here.take({ ...here.current(), version: mine });
  there.take({ ...there.current(), version: theirs });
  const changed = Promise.withResolvers<void>();
  const telling = (roster: typeof here) => ({
    current: roster.current,
    take: (given: Roster) => {
      roster.take(given);
      changed.resolve();
    },
  });
  await start({ roster: telling(here) });
  const receiver = await startReceiver(scratch, b, { roster: telling(there) });
  connector.send(to(receiver, 3));
  await changed.promise;
  expect([here.current().version, there.current().version]).toEqual([2, 2]);
});

test("[HA-5] a peer receives only with exactly our epoch promised to exactly us", () => {
  const sending = { epoch: 3, peer: { name: "node-b", id: idOf("node-b"), host: "h", port: 1 } };
  const state = {
    node: "node-b",
    diskId: "0".repeat(32),
    newest: null,
    gap: false,
    rosterVersion: 1,
    fence: { epoch: 3, holder: "node-a" },
  };
  expect(viewOf(state, sending, "node-a").receiving).toBe(true);
  for (const fence of [
    null,
    { epoch: 2, holder: "node-a" },
    { epoch: 4, holder: "node-a" },
    { epoch: 3, holder: "node-b" },
  ])
    expect(viewOf({ ...state, fence }, sending, "node-a").receiving).toBe(false);
  expect(viewOf({ ...state, node: "node-c" }, sending, "node-a").receiving).toBe(false);
});

/** A wire to this receiver that loses what `loses` says, of the connections in the order in which they were made. */
async function wireTo(receiver: { port: number }, loses: (connection: number) => boolean): Promise<{ port: number }> {
  let made = 0;
  const wire = createServer((near) => {
    const connection = (made += 1);
    const far = connect(receiver.port, "127.0.0.1");
    for (const [from, onto] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (chunk) => void (loses(connection) || onto.write(chunk)));
      from.on("close", () => onto.destroy()).on("error", () => undefined);
    }
  });
  wire.listen(0, "127.0.0.1");
  await once(wire, "listening");
  scratch.atEnd(() => wire.close());
  const address = wire.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0 };
}

test("what is under way on a wire that was cut ends when the peer is seen to be away, and goes anew when it is back", async () => {
  const receiver = await receiverOf(b, 3);
  let cut = false;
  connector.send(to(await wireTo(receiver, () => cut), 3));
  await viewThat((view) => view.receiving);
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status).toBe(201);
  cut = true;
  const underWay = expect(put(`/e/3/ltx/0/${ltx(1)}`, "x")).rejects.toThrow("socket hang up");
  await viewThat((view) => !view.receiving);
  await underWay;
  cut = false;
  await viewThat((view) => view.receiving);
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "x")).status).toBe(201);
}, 15_000);

test("an upload that moves goes on, however many polls beside it get no answer", async () => {
  await start({ pace: { perSecond: 1_000_000, burst: 10_000 } });
  const receiver = await receiverOf(b, 3);
  let uploading = false;
  // The first connection is that of the polls, the second carries the upload, and the further ones poll again.
  connector.send(to(await wireTo(receiver, (connection) => uploading && connection !== 2), 3));
  await viewThat((view) => view.receiving);
  uploading = true;
  expect((await put(`/e/3/ltx/0/${ltx(1)}`, "0123456789".repeat(400_000))).status).toBe(201);
}, 15_000);

test("[node tls] polls and uploads keep their connections, whose key was checked when they were made", async () => {
  const receiver = await receiverOf(b, 3);
  let made = 0;
  connector.send(to(await wireTo(receiver, (connection) => (made = Math.max(made, connection)) < 0), 3));
  for (let n = 1; n <= 5; n += 1) {
    const seen = views.length;
    await viewThat((view) => view.receiving && views.length > seen);
    expect((await put(`/e/3/ltx/0/${ltx(n)}`, "x")).status).toBe(201);
  }
  // One of the polls, one or two of the uploads, and one more for a poll that a busy machine answered too late: not ten.
  expect(made).toBeLessThanOrEqual(5);
}, 15_000);

const failed = (code: string): Error => Object.assign(new Error(code), { code });

test("a peer is away at once when it refuses, and else after two polls and a lease and its end without anything from it", () => {
  const late = new Error("timeout");
  const wifi = watchRhythm(8_000);
  expect(isAway(failed("ECONNREFUSED"), 1, 0, wifi)).toBe(true);
  // The neighbour does not answer ARP, which a burst of Wi-Fi does to it too.
  expect(isAway(failed("EHOSTUNREACH"), 1, 3_000, wifi)).toBe(false);
  // Silent for almost a lease, and two polls that began in it are over.
  expect(isAway(late, 4, 8_000 + 2 * 2_000, wifi)).toBe(false);
  expect(isAway(late, 5, 8_001 + 2 * 2_000, wifi)).toBe(true);
  expect(isAway(late, 1, 12_001, wifi)).toBe(false);
  expect(isAway(late, 3, 3_000, watchRhythm(1_000))).toBe(false);
  expect(isAway(late, 3, 3_001, watchRhythm(1_000))).toBe(true);
  expect(isAway(late, 1, Number.POSITIVE_INFINITY, wifi)).toBe(false);
  expect(isAway(late, 2, Number.POSITIVE_INFINITY, wifi)).toBe(true);
});
