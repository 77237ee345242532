import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, watch } from "node:fs";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { certificateId, tlsNameOf } from "../../../ha/io/pki.ts";
import type { KeyPair } from "../../../ha/io/pki.ts";
import { BANDWIDTH_BYTES_MAX, measureBandwidth } from "../../../ha/link/bandwidth.ts";
import type { Identity } from "../../../ha/link/identity.ts";
import { stateSchema } from "../../../ha/link/protocol.ts";
import { ask as askRaw, expired, foreign, foundCluster, ltx, Scratch, startReceiver } from "./cluster.ts";
import { STRANGE_PATHS } from "./strange-paths.ts";

const METHODS = ["OPTIONS", "PROPFIND", "MKCOL", "PUT", "GET", "HEAD", "DELETE", "POST", "MOVE", "COPY"];
const scratch = new Scratch();
let ca: string;
let authority: KeyPair;
let a: Identity;
let b: Identity;
let c: Identity;
let stranger: Identity;
let at: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  const cluster = await foundCluster(scratch);
  authority = cluster.ca;
  ca = authority.certificatePem;
  a = cluster.a;
  [b, c, stranger] = await Promise.all([cluster.member("node-b"), cluster.member("node-c"), foreign("node-a")]);
});
beforeEach(async () => {
  at = await startReceiver(scratch, b);
  await at.store.promise({ epoch: 5, holder: "node-a" });
});
afterAll(() => scratch.end());

const ask = (client: Identity | null, method: string, path: string, body = "", headers = {}) =>
  askRaw(at, client, ca, method, path, body, headers);
const place = (name: string, epoch = 5, level = 0): string => `/e/${epoch}/ltx/${level}/${name}`;
const onDisk = (): string[] =>
  existsSync(join(at.dir, "replica", "e"))
    ? readdirSync(join(at.dir, "replica", "e"), { recursive: true }).map(String)
    : [];

test("a file of the promised epoch from its holder is stored, listed, read in ranges, and deleted", async () => {
  expect((await ask(a, "OPTIONS", "/e/5/")).status).toBe(200);
  expect((await ask(a, "PROPFIND", "/e/5/ltx/0/", "", { depth: "1" })).status).toBe(404);
  expect((await ask(a, "MKCOL", "/e/5/ltx/")).status).toBe(201);
  expect((await ask(a, "MKCOL", "/e/5/ltx/0/")).status).toBe(201);
  expect((await ask(a, "MKCOL", "/e/5/ltx/0/")).status).toBe(405);
  expect((await ask(a, "PUT", place(ltx(1)), "hello")).status).toBe(201);
  expect((await ask(a, "PUT", place(ltx(2, 3)), "world!")).status).toBe(201);
  expect(at.received).toEqual([
    { epoch: 5, txid: 1 },
    { epoch: 5, txid: 3 },
  ]);
  const listing = await ask(a, "PROPFIND", "/e/5/ltx/0/", "<propfind/>", { depth: "1" });
  expect(listing.status).toBe(207);
  expect([...listing.text.matchAll(/<D:href>(.*?)<\/D:href>/g)].map((match) => match[1])).toEqual([
    "/e/5/ltx/0/",
    place(ltx(1)),
    place(ltx(2, 3)),
  ]);
  expect(listing.text).toContain("<D:getcontentlength>6</D:getcontentlength>");
  expect((await ask(a, "GET", place(ltx(1)))).text).toBe("hello");
  expect(await ask(a, "GET", place(ltx(1)), "", { range: "bytes=1-3" })).toMatchObject({ status: 206, text: "ell" });
  expect((await ask(a, "GET", place(ltx(1)), "", { range: "bytes=9-" })).status).toBe(416);
  expect((await ask(a, "DELETE", place(ltx(1)))).status).toBe(204);
  expect((await ask(a, "DELETE", place(ltx(1)))).status).toBe(404);
  expect((await ask(a, "GET", place(ltx(1)))).status).toBe(404);
  expect(onDisk()).toEqual(["5", "5/ltx", "5/ltx/0", `5/ltx/0/${ltx(2, 3)}`]);
});

test.each(METHODS)("[HA-5] %s is refused for an older and for a newer epoch", async (method) => {
  await ask(a, "PUT", place(ltx(1)), "kept");
  await at.store.promise({ epoch: 6, holder: "node-a" });
  for (const epoch of [5, 7]) {
    for (const path of [`/e/${epoch}/`, `/e/${epoch}/ltx/0/`, place(ltx(1), epoch)]) {
      expect((await ask(a, method, path, "x")).status).toBe(403);
    }
  }
  expect(onDisk()).toEqual(["5", "5/ltx", "5/ltx/0", `5/ltx/0/${ltx(1)}`]);
});

test.each(METHODS)("[HA-5] %s is refused to a member that is not the epoch's holder", async (method) => {
  await ask(a, "PUT", place(ltx(1)), "kept");
  const reply = await ask(b, method, place(ltx(1)), "x");
  expect(reply.status).toBe(403);
  if (method !== "HEAD") expect(reply.text).toContain("belongs to node-a, not to node-b");
  expect(onDisk()).toContain(`5/ltx/0/${ltx(1)}`);
});

test("nothing is taken before the first promise", async () => {
  const fresh = await startReceiver(scratch, b);
  expect((await askRaw(fresh, a, ca, "PUT", "/e/0/ltx/0/" + ltx(1), "x")).status).toBe(403);
});

test("no certificate, another authority's, and one that left the roster open nothing but /join", async () => {
  for (const client of [null, stranger, c]) {
    for (const path of ["/state", place(ltx(1)), "/e/5/", "/", "/join"]) {
      for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
        expect((await ask(client, method, path, "x")).status).toBe(403);
      }
    }
    expect((await ask(client, "POST", "/join", "{}")).status).toBe(404); // this receiver's desk says so
  }
  expect(onDisk()).toEqual([]);
});

test("a member's certificate that has ended opens nothing but /join, and a receiver that shows one is not talked to", async () => {
  const late = await expired(authority, "node-a");
  expect((await ask(late, "GET", "/state")).status).toBe(403);
  expect((await ask(late, "PUT", place(ltx(1)), "x")).status).toBe(403);
  expect(onDisk()).toEqual([]);
  const old = await startReceiver(scratch, await expired(authority, "node-b"));
  await expect(askRaw(old, a, ca, "GET", "/state")).rejects.toThrow(/expired/i);
});

test("a client does not talk to a receiver of another name or another authority", async () => {
  await expect(askRaw({ ...at, name: "node-a" }, a, ca, "GET", "/state")).rejects.toThrow(/does not match/i);
  await expect(askRaw(at, a, stranger.caPem, "GET", "/state")).rejects.toThrow();
});

test("[HA-6] what does not continue the replica is answered 409, and the state says so", async () => {
  await ask(a, "PUT", place(ltx(1, 2)), "x");
  expect(await ask(a, "PUT", place(ltx(4)), "x")).toMatchObject({
    status: 409,
    text: expect.stringMatching(/up to 2 .* begin with 4/),
  });
  expect(stateSchema.parse(JSON.parse((await ask(b, "GET", "/state")).text))).toMatchObject({ gap: true });
});

test("any member may ask this node's agent, by the methods that there are; nobody else may", async () => {
  expect(await ask(a, "GET", "/digest")).toMatchObject({ status: 200, text: '{"about":"digest"}' });
  expect(await ask(a, "POST", "/verify")).toMatchObject({ status: 200, text: '{"about":"verify"}' });
  expect(await ask(a, "GET", "/verify")).toMatchObject({ status: 200, text: '{"about":"verification"}' });
  expect((await ask(a, "DELETE", "/digest")).status).toBe(405);
  for (const path of ["/digest", "/verify"])
    for (const who of [null, stranger, c]) expect((await ask(who, "GET", path)).status).toBe(403);
});

test("any member may read the state", async () => {
  await ask(a, "PUT", place(ltx(1, 9)), "x");
  const state = stateSchema.parse(JSON.parse((await ask(b, "GET", "/state")).text));
  expect(state).toEqual({
    node: "node-b",
    diskId: at.store.diskId,
    fence: { epoch: 5, holder: "node-a" },
    newest: { epoch: 5, txid: 9 },
    gap: false,
    rosterVersion: 1,
  });
  expect((await ask(b, "DELETE", "/state")).status).toBe(405);
});

test("a member reads and replaces the roster; what is not one, and strangers, change nothing", async () => {
  const roster: unknown = JSON.parse((await ask(a, "GET", "/roster")).text);
  expect(roster).toMatchObject({ version: 1, members: [{ name: "node-a" }, { name: "node-b" }] });
  const next = { version: 2, arbiter: { kind: "manual", targets: [] }, members: [] };
  expect((await ask(stranger, "PUT", "/roster", JSON.stringify(next))).status).toBe(403);
  expect((await ask(a, "PUT", "/roster", '{"version":"x"}')).status).toBe(400);
  expect((await ask(a, "DELETE", "/roster")).status).toBe(405);
  expect(JSON.parse((await ask(a, "GET", "/roster")).text)).toEqual(roster);
  expect((await ask(a, "PUT", "/roster", JSON.stringify(next))).status).toBe(204);
  expect((await ask(a, "GET", "/roster")).status).toBe(403); // no longer a member
});

test("paths outside the grammar reach no file, whatever the method", async () => {
  for (const path of STRANGE_PATHS.filter((path) => path.startsWith("/"))) {
    for (const method of ["PUT", "DELETE", "MKCOL"]) {
      const { status } = await ask(a, method, path.replace("/e/1/", "/e/5/"), "x");
      expect([400, 403]).toContain(status);
    }
  }
  expect(onDisk()).toEqual([]);
  expect(readFileSync(join(at.dir, "replica", "fence.json"), "utf8")).toContain('"epoch":5');
});

test("a body above the bound is refused before it is read, one without a length too", async () => {
  const small = await startReceiver(scratch, b, { limits: { maxBodyBytes: 1000 } });
  await small.store.promise({ epoch: 5, holder: "node-a" });
  const put = (body: string, headers = {}) => askRaw(small, a, ca, "PUT", place(ltx(1)), body, headers);
  expect((await put("x".repeat(1001))).status).toBe(413);
  expect((await put("x".repeat(1000))).status).toBe(201);
  expect((await askRaw(small, a, ca, "PROPFIND", "/e/5/ltx/0/", "x".repeat(20_000))).status).toBe(413);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const tls = { ca, key: a.keyPem, cert: a.certificatePem, servername: tlsNameOf("node-b"), agent: false as const };
  const chunked = httpsRequest(
    { ...tls, host: "127.0.0.1", port: small.port, method: "PUT", path: place(ltx(2)) },
    (response) => resolve(response.resume().statusCode ?? 0),
  );
  chunked.on("error", reject);
  chunked.write("x");
  chunked.end();
  expect(await promise).toBe(411);
});

test("an upload that is cut off leaves neither a file nor half of one", async () => {
  const tmp = join(at.dir, "replica", "tmp");
  const watcher = watch(tmp);
  scratch.atEnd(() => watcher.close());
  const tls = { ca, key: a.keyPem, cert: a.certificatePem, servername: tlsNameOf("node-b"), agent: false as const };
  const upload = httpsRequest({
    ...tls,
    host: "127.0.0.1",
    port: at.port,
    method: "PUT",
    path: place(ltx(1)),
    headers: { "content-length": 10_000_000 },
  });
  upload.on("error", () => undefined);
  upload.write("x".repeat(300_000));
  await once(watcher, "change");
  expect(readdirSync(tmp)).toHaveLength(1);
  upload.destroy();
  while (readdirSync(tmp).length > 0) await once(watcher, "change");
  expect(onDisk()).toEqual([]);
  expect(at.store.newest).toBeNull();
  expect((await ask(a, "PUT", place(ltx(1)), "whole")).status).toBe(201);
});

test("a client that never finishes is cut off: the handshake, the headers, the body", async () => {
  const quick = await startReceiver(scratch, b, { limits: { handshakeMs: 100, headersMs: 200, requestMs: 300 } });
  await quick.store.promise({ epoch: 5, holder: "node-a" });
  const silent = connect(quick.port, "127.0.0.1");
  silent.on("error", () => undefined);
  await once(silent, "close");
  const tls = { ca, key: a.keyPem, cert: a.certificatePem, servername: tlsNameOf("node-b"), agent: false as const };
  const slow = httpsRequest({
    ...tls,
    host: "127.0.0.1",
    port: quick.port,
    method: "PUT",
    path: place(ltx(1)),
    headers: { "content-length": 1000 },
  });
  slow.write("x");
  await Promise.race([once(slow, "error"), once(slow, "response")]);
  slow.destroy();
  expect(quick.store.newest).toBeNull();
});

test("the bandwidth to a receiver is measured by what it throws away, from members and up to a bound", async () => {
  const peer = { name: "node-b", id: certificateId(b.certificatePem), host: "127.0.0.1", port: at.port };
  expect(await measureBandwidth(peer, a, 10_000)).toBeGreaterThan(0);
  expect(onDisk()).toEqual([]);
  expect((await ask(a, "PUT", "/bandwidth", "x".repeat(BANDWIDTH_BYTES_MAX + 1))).status).toBe(413);
  await expect(measureBandwidth(peer, c, 10_000)).rejects.toThrow(/node-b answers 403/);
  await expect(measureBandwidth({ ...peer, id: "0".repeat(16) }, a, 10_000)).rejects.toThrow(/another board/);
});
