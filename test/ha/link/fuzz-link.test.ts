import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { rosterSchema } from "../../../ha/io/node-files.ts";
import { tlsNameOf } from "../../../ha/io/pki.ts";
import { JoinDesk } from "../../../ha/link/join-desk.ts";
import { parseReplicaPath } from "../../../ha/link/replica-path.ts";
import { mangled, strangeJson } from "../fuzz-values.ts";
import { ask, foundCluster, ltx, rosterOf, Scratch, silent, startReceiver } from "./cluster.ts";
import { STRANGE_PATHS } from "./strange-paths.ts";

const scratch = new Scratch();
afterEach(() => scratch.end());

const epoch = 3;
const smallBytes = 500;
const file = ltx(1);
/** Paths that are nearly right: the pieces of right ones, in any order. */
const nearlyPath = fc
  .array(fc.constantFrom("/e", "/3", "/ltx", "/0", `/${file}`, "/..", "//", "/.", "%2e%2e", "?x", "#", "\\", "/9"), {
    maxLength: 7,
  })
  .map((pieces) => pieces.join(""));
const methods = ["GET", "PUT", "DELETE", "MKCOL", "PROPFIND", "OPTIONS", "HEAD", "POST", "PATCH", "TRACE"] as const;

test("a path is a place below the replica's folder, or none", () => {
  fc.assert(
    fc.property(fc.oneof(nearlyPath, fc.string()), (path) => {
      const place = parseReplicaPath(path);
      if (place === null) return;
      expect(path).toMatch(/^[/0-9a-fltx.-]+$/);
      expect(path).not.toContain("..");
      expect(path).not.toContain("//");
      expect(place.epoch).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 800 },
  );
});

/** Every file below a folder. */
const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length));

async function promisedReceiver() {
  const cluster = await foundCluster(scratch);
  const b = await cluster.member("node-b");
  const roster = rosterOf("node-a", "node-b");
  const receiver = await startReceiver(scratch, b, {
    roster,
    limits: { maxBodyBytes: 1_000, maxSmallBodyBytes: smallBytes },
  });
  await receiver.store.promise({ epoch, holder: "node-a" });
  return { cluster, receiver, roster };
}

test("whatever a member asks of the receiver has one clear answer, and nothing lands beside the replica", async () => {
  const { cluster, receiver } = await promisedReceiver();
  const request = fc.record({
    method: fc.constantFrom(...methods),
    path: fc.oneof(
      nearlyPath.filter((path) => path.startsWith("/")),
      fc.constantFrom(...STRANGE_PATHS.filter((path) => path.startsWith("/")), "/state", "/roster", "/join"),
    ),
    body: fc.oneof(
      fc.constant(""),
      fc.string({ maxLength: 1_500 }),
      strangeJson.map((value) => JSON.stringify(value)),
    ),
    headers: fc.constantFrom<Record<string, string>>(
      {},
      { depth: "infinity" },
      { range: "bytes=9-1" },
      { range: "bytes=99999999999999999999-" },
      { overwrite: "F" },
    ),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, body, headers }) => {
      const hasBody = !["GET", "HEAD", "TRACE", "OPTIONS", "DELETE"].includes(method);
      const sent = hasBody ? body : "";
      const { status } = await ask(receiver, cluster.a, cluster.a.caPem, method, path, sent, headers);
      expect(status).toBeGreaterThanOrEqual(200);
      expect(status).toBeLessThan(500);
      if (parseReplicaPath(path) === null && !["/state", "/roster", "/join"].includes(path)) expect(status).toBe(400);
    }),
    { numRuns: 60 },
  );
  const strange = filesBelow(receiver.dir).filter(
    (name) => !/^\/replica\/(?:disk-id|fence\.json|e\/3\/ltx\/\d\/[0-9a-f]{16}-[0-9a-f]{16}\.ltx)$/.test(name),
  );
  expect(strange).toEqual([]);
});

test("a roster that a member sends is a roster, or is refused", async () => {
  const { cluster, receiver, roster } = await promisedReceiver();
  const good = roster.current();
  await fc.assert(
    fc.asyncProperty(fc.oneof(strangeJson, mangled(good)), async (value) => {
      const text = JSON.stringify(value);
      const { status } = await ask(receiver, cluster.a, cluster.a.caPem, "PUT", "/roster", text);
      const isGood = rosterSchema.safeParse(value).success && Buffer.byteLength(text) <= smallBytes;
      expect(status).toBe(isGood ? 204 : 400);
      roster.take(good);
    }),
    { numRuns: 40 },
  );
});

test("bytes that are no request end their connection and nothing else", async () => {
  const { cluster, receiver } = await promisedReceiver();
  const { keyPem: key, certificatePem: cert, caPem: ca } = cluster.a;
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        "GET ",
        "PUT ",
        "/e/3/ltx/0/",
        " HTTP/1.1\r\n",
        "content-length: ",
        "-1",
        "9e9",
        "\r\n",
        "\r\n\r\n",
      ),
      fc.constantFrom(
        "transfer-encoding: chunked\r\n",
        "expect: 100-continue\r\n",
        "FFFFFFFF\r\n",
        "host: x\r\n",
        "\0",
      ),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
      fc.constant("x: ".padEnd(20_000, "y")),
    ),
    { maxLength: 10 },
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (texts) => {
      const socket = connect({
        host: "127.0.0.1",
        port: receiver.port,
        servername: tlsNameOf("node-b"),
        key,
        cert,
        ca,
      });
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => undefined);
      await once(socket, "secureConnect");
      socket.resume();
      socket.end(Buffer.from(texts.join(""), "latin1"));
      setTimeout(() => socket.destroy(), 100).unref();
      await closed;
    }),
    { numRuns: 30 },
  );
  expect((await ask(receiver, cluster.a, ca, "GET", "/state")).status).toBe(200);
});

test("[HA-5] bodies longer than allowed, or than they said, are refused and leave nothing behind", async () => {
  const { cluster, receiver } = await promisedReceiver();
  const path = `/e/3/ltx/0/${file}`;
  const put = (body: Buffer, length: number) =>
    ask(receiver, cluster.a, cluster.a.caPem, "PUT", path, body, { "content-length": length });
  expect((await put(Buffer.alloc(5_000), 5_000)).status).toBe(413);
  expect((await put(Buffer.alloc(0), Number.MAX_SAFE_INTEGER)).status).toBe(413);
  expect((await ask(receiver, cluster.a, cluster.a.caPem, "PUT", "/roster", "x".repeat(5_000))).status).toBe(400);
  expect(filesBelow(receiver.dir).filter((name) => name.endsWith(".ltx") || name.includes("/tmp/"))).toEqual([]);
});

test("whatever a stranger posts to the join desk is answered with a sentence, a few times a minute", async () => {
  const cluster = await foundCluster(scratch);
  let nowMs = 0;
  const desk = new JoinDesk({
    dir: cluster.dir,
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    askAgent: () => Promise.reject(new Error("nobody may get this far")),
    log: silent,
  });
  const roster = readFileSync(join(cluster.dir, "roster.json"), "utf8");
  const member = { name: "node-b", kind: "node", host: "10.0.0.2", agentPort: 8008, linkPort: 8009, appPort: 8000 };
  const valid = { secret: "s".repeat(43), member, request: "-----BEGIN CERTIFICATE REQUEST-----".padEnd(200, "A") };
  await fc.assert(
    fc.asyncProperty(fc.oneof(strangeJson, mangled(valid)), async (body) => {
      nowMs += 1_000;
      const reply = await desk.handle(body, false);
      expect([400, 403]).toContain(reply.status);
      expect(reply.body).toEqual({ error: expect.stringMatching(/^[A-Z].{10,200}\.$/) });
    }),
    { numRuns: 300 },
  );
  const burst = await Promise.all(Array.from({ length: 100 }, () => desk.handle(null, false)));
  expect(burst.filter(({ status }) => status !== 429).length).toBeLessThanOrEqual(20);
  expect(readFileSync(join(cluster.dir, "roster.json"), "utf8")).toBe(roster);
});
