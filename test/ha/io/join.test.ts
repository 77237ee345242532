import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCluster } from "../../../ha/io/create-cluster.ts";
import { joinCluster } from "../../../ha/io/join-client.ts";
import type { JoinOrder, JoinStep } from "../../../ha/io/join-client.ts";
import { readNodeConfig, readRoster, readSecrets, readWitnessConfig, writeRoster } from "../../../ha/io/node-files.ts";
import { certificateId } from "../../../ha/io/pki.ts";
import { createToken, formatToken, parseToken, readTokens } from "../../../ha/io/tokens.ts";
import { readIdentity } from "../../../ha/link/identity.ts";
import { JoinDesk } from "../../../ha/link/join-desk.ts";
import type { AgentWord } from "../../../ha/link/join-desk.ts";
import { roomRefusal } from "../../../ha/members.ts";
import { ask, foreign, foundCluster, Scratch, silent, startReceiver } from "../link/cluster.ts";
import type { TestCluster } from "../link/cluster.ts";
import { portOf } from "./port-fixture.ts";

const NOW_MS = 1_800_000_000_000;
const scratch = new Scratch();
let founder: TestCluster;
let port: number;
let nowMs: number;
let word: () => Promise<AgentWord>;
let tokensAtQuestion: boolean[];

beforeEach(async () => {
  nowMs = NOW_MS;
  tokensAtQuestion = [];
  word = () => Promise.resolve({ initialRecord: null });
  founder = await foundCluster(scratch);
  const desk = new JoinDesk({
    dir: founder.dir,
    nowMs: () => nowMs,
    monotonicMs: () => 0,
    askAgent: async (member, admit) => {
      tokensAtQuestion.push(readTokens(founder.dir).some((entry) => entry.usedBy !== null));
      const said = await word();
      const roster = readRoster(founder.dir);
      const refused = said.refused ?? roomRefusal(roster, member) ?? undefined;
      if (refused !== undefined || !admit) return { ...said, refused };
      const members = [...roster.members.filter(({ name }) => name !== member.name), member];
      writeRoster(founder.dir, { ...roster, version: roster.version + 1, members });
      return { ...said, roster: readRoster(founder.dir) };
    },
    log: silent,
  });
  port = (
    await startReceiver(scratch, founder.a, {
      join: (body, checkOnly) => desk.handle(body, checkOnly),
      roster: { current: () => readRoster(founder.dir), take: () => undefined },
    })
  ).port;
});
afterEach(() => scratch.end());

/** A token of the founder that points at the test's own port. */
function token(role: "node" | "witness", validMs?: number): string {
  const made = parseToken(createToken({ dir: founder.dir, role, nowMs: NOW_MS, ...(validMs && { validMs }) }));
  if (made === null) throw new Error("no token");
  return formatToken({ ...made, addresses: [{ host: "127.0.0.1", port }] });
}
const asNode = (text: string, name = "node-b", dir = join(scratch.folder(), "d")) => ({
  token: text,
  name,
  kind: "node" as const,
  dir,
  host: "127.0.0.1",
  ports: { app: 107, agent: 108, link: 109 },
});
const asWitness = (text: string, dir = join(scratch.folder(), "d")): JoinOrder => ({
  token: text,
  name: "witness",
  kind: "witness",
  dir,
  host: "127.0.0.1",
  ports: { agent: 208 },
});

const knock = (body: string) => ask({ port, name: "node-a" }, null, founder.ca.certificatePem, "POST", "/join", body);

test("a founder's directory is complete, private, and never made twice", async () => {
  const { dir } = founder;
  expect(readNodeConfig(dir)).toMatchObject({ name: "node-a", cluster: "demo", preset: "fast" });
  expect(readRoster(dir)).toMatchObject({ version: 1, members: [{ name: "node-a", kind: "node", linkPort: 9 }] });
  expect(readRoster(dir).members[0]?.id).toBe(certificateId(founder.a.certificatePem));
  expect(readSecrets(dir).brokerKeyId).toBe("broker-key");
  for (const file of ["node.json", "secrets.json", "pki/ca.key", "pki/node.key", "pki/ca.crt"])
    expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  const { ports, host } = readNodeConfig(dir);
  const { arbiter } = readRoster(dir);
  const again = createCluster({ dir, cluster: "x", name: "x", host, ports, arbiter, preset: "fast" });
  await expect(again).rejects.toThrow(/already set up/);
});

test("a node that joins is a full member: its certificate works, it has the secrets, and its key never left it", async () => {
  const order = asNode(token("node"));
  const result = await joinCluster(order);
  const { dir } = order;
  expect(readNodeConfig(dir)).toEqual(result.config);
  expect(result.config).toMatchObject({ name: "node-b", cluster: "demo", preset: "fast" });
  expect(readSecrets(dir)).toEqual(readSecrets(founder.dir));
  expect(readRoster(dir)).toEqual(readRoster(founder.dir));
  expect(readRoster(dir).members.map((member) => member.name)).toEqual(["node-a", "node-b"]);
  expect(readRoster(dir).members[1]?.id).toBe(certificateId(readFileSync(join(dir, "pki", "node.crt"))));
  for (const file of ["node.json", "secrets.json", "pki/node.key", "pki/ca.key"])
    expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
  const identity = readIdentity(dir, "node-b");
  const reply = await ask({ port, name: "node-a" }, identity, identity.caPem, "GET", "/state");
  expect(reply.status).toBe(200);
});

test("a witness gets the cluster's secret and its first vote record before its node.json, and neither broker key nor authority's key", async () => {
  word = () => Promise.resolve({ initialRecord: { epoch: 0, inSync: ["node-a"] } });
  const records: unknown[] = [];
  const order = asWitness(token("witness"));
  const writeInitialRecord = (record: unknown): void => {
    records.push(record, existsSync(join(order.dir, "node.json")));
  };
  const result = await joinCluster({ ...order, writeInitialRecord });
  expect(records).toEqual([{ epoch: 0, inSync: ["node-a"] }, false]);
  expect(result.initialRecord).toEqual({ epoch: 0, inSync: ["node-a"] });
  expect(readSecrets(order.dir)).toEqual({ clusterSecret: readSecrets(founder.dir).clusterSecret });
  expect(readdirSync(join(order.dir, "pki")).sort()).toEqual(["ca.crt", "node.crt", "node.key"]);
  expect(readWitnessConfig(order.dir)).toMatchObject({ name: "witness", ports: { agent: 208 } });
});

test("a token is burned durably after the agent's word and before the answer; it admits nobody else", async () => {
  const text = token("node");
  await joinCluster(asNode(text));
  expect(tokensAtQuestion).toEqual([false, false, true]);
  expect(readTokens(founder.dir)[0]?.usedBy?.name).toBe("node-b");
  await expect(joinCluster(asNode(text, "node-c"))).rejects.toThrow(/already used by node-b/);
  await expect(joinCluster(asNode(text))).rejects.toThrow(/already used by node-b/); // the name, but another key
  expect(readRoster(founder.dir).members).toHaveLength(2);
});

test("what a joiner is to know first is said before anything is used up: steps in order, the ledger's size, room refused", async () => {
  const text = token("node");
  mkdirSync(join(founder.dir, "ledger"));
  writeFileSync(join(founder.dir, "ledger", "ledger.db"), Buffer.alloc(4096));
  const steps: JoinStep[] = [];
  const order = { ...asNode(text), onStep: (step: JoinStep) => void steps.push(step) };
  const full = joinCluster({ ...order, checkRoom: (bytes) => Promise.reject(new Error(`no room for ${bytes}`)) });
  await expect(full).rejects.toThrow("no room for 4096");
  expect(tokensAtQuestion).toEqual([false]);
  expect(readTokens(founder.dir)[0]?.usedBy).toBeNull();
  expect(existsSync(join(order.dir, "node.json"))).toBe(false);
  expect((await joinCluster(order)).ledgerBytes).toBe(4096);
  const kinds = steps.map(({ kind }) => kind);
  expect(kinds).toEqual(["found", "version", "clock", "found", "version", "clock", "room", "admitted"]);
});

test("a founder that has moved is found by what mDNS says, and another one that answers there is not believed", async () => {
  const parsed = parseToken(token("node"));
  if (parsed === null) throw new Error("no token");
  const moved = formatToken({ ...parsed, addresses: [{ host: "127.0.0.7", port }] });
  const search = { limitMs: 1_000, listen: () => Promise.resolve("127.0.0.1") };
  const steps: JoinStep[] = [];
  await joinCluster({ ...asNode(moved), search, onStep: (step) => void steps.push(step) });
  expect(steps[0]).toMatchObject({ kind: "found", found: { by: "mdns", address: { host: "127.0.0.1", port } } });
  const impostor = await startReceiver(scratch, await foreign("node-a"), {
    join: () => Promise.reject(new Error("asked")),
  });
  const there = formatToken({ ...parsed, addresses: [{ host: "127.0.0.7", port: impostor.port }] });
  await expect(joinCluster({ ...asNode(there), search })).rejects.toThrow(/127\.0\.0\.1:\d+ is not of the cluster/);
  await expect(
    joinCluster({ ...asNode(there), search: { ...search, listen: () => Promise.resolve(null) } }),
  ).rejects.toThrow(/mDNS says nothing of it either.*--at ADDRESS/);
});

test("a founder that refuses may be starting: it is asked again, and told of when it still refuses", async () => {
  const parsed = parseToken(token("node"));
  if (parsed === null) throw new Error("no token");
  const server = createServer((inbound) => {
    const outbound = connect(port, "127.0.0.1");
    for (const socket of [inbound, outbound]) socket.on("error", () => undefined);
    inbound.pipe(outbound).pipe(inbound);
  });
  const listening = async (at: number) => once(server.listen(at, "127.0.0.1"), "listening");
  await listening(0);
  const address = { host: "127.0.0.1", port: portOf(server) };
  await once(server.close(), "close");
  const starting = formatToken({ ...parsed, addresses: [address] });

  await expect(joinCluster({ ...asNode(starting), search: { limitMs: 1_000 } })).rejects.toThrow(
    "refuses (ECONNREFUSED)",
  );
  const joining = joinCluster(asNode(starting));
  await expect(once(connect(address), "connect")).rejects.toThrow("ECONNREFUSED"); // and so was the joiner, before it
  await listening(address.port);
  expect((await joining).config.name).toBe("node-b");
  server.close();
});

test("two joiners with one token at the same moment: one becomes a member", async () => {
  const text = token("node");
  word = () => delay(100, { initialRecord: null }); // the other one comes while the agent thinks
  const results = await Promise.allSettled([joinCluster(asNode(text)), joinCluster(asNode(text, "node-c"))]);
  expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(readRoster(founder.dir).members).toHaveLength(2);
});

test("a joiner whose answer was lost repeats itself with the same token and directory", async () => {
  const text = token("node");
  const order = asNode(text);
  await joinCluster(order);
  rmSync(join(order.dir, "node.json"));
  rmSync(join(order.dir, "secrets.json"));
  await joinCluster(order);
  expect(readSecrets(order.dir).brokerKeyId).toBe("broker-key");
  expect(readRoster(founder.dir).members.map((member) => member.name)).toEqual(["node-a", "node-b"]);
});

test("expired, unknown, other-kind and incomplete tokens each get their own sentence, and nothing is written", async () => {
  const short = token("node", 1000);
  nowMs = NOW_MS + 1000;
  const order = asNode(short);
  await expect(joinCluster(order)).rejects.toThrow(/has expired/);
  expect(existsSync(join(order.dir, "node.json"))).toBe(false);
  nowMs = NOW_MS;
  const parsed = parseToken(short);
  const guessed = parsed && formatToken({ ...parsed, secret: "A".repeat(43) });
  await expect(joinCluster(asNode(guessed ?? ""))).rejects.toThrow(/not known here/);
  await expect(joinCluster(asWitness(token("node")))).rejects.toThrow(/for a node, not for a witness/);
  await expect(joinCluster(asNode(short.slice(0, 100)))).rejects.toThrow(/copy it again/);
  expect(readRoster(founder.dir).version).toBe(1);
});

test("[complaint 14] a name, a place and an address that are taken are refused before the token is burned", async () => {
  const text = token("node");
  await expect(joinCluster(asNode(text, "node-a"))).rejects.toThrow(/already has a member named node-a/);
  const twin: JoinOrder = { ...asNode(text), ports: { app: 7, agent: 8, link: 9 } };
  await expect(joinCluster(twin)).rejects.toThrow(/node-a already has the address 127.0.0.1:8/);
  await joinCluster(asNode(text));
  await expect(joinCluster(asNode(token("node"), "node-c"))).rejects.toThrow(/already has its two nodes/);
});

test("without the agent's word nobody joins and the token stays good", async () => {
  const text = token("node");
  word = () => Promise.reject(new Error("late"));
  await expect(joinCluster(asNode(text))).rejects.toThrow(/agent of this node did not answer.*still good/);
  word = () => Promise.resolve({ initialRecord: null, refused: "A failover is in progress." });
  await expect(joinCluster(asNode(text))).rejects.toThrow("A failover is in progress.");
  word = () => Promise.resolve({ initialRecord: null });
  await joinCluster(asNode(text));
});

test("the token's secret is sent to nobody but the authority that it names", async () => {
  const bodies: unknown[] = [];
  const join = (body: unknown) => {
    bodies.push(body);
    return Promise.resolve({ status: 200, body: {} });
  };
  const impostor = await startReceiver(scratch, await foreign("node-a"), { join });
  const parsed = parseToken(token("node"));
  const text = parsed && formatToken({ ...parsed, addresses: [{ host: "127.0.0.1", port: impostor.port }] });
  await expect(joinCluster(asNode(text ?? ""))).rejects.toThrow(/not of the cluster/);
  expect(bodies).toEqual([]);
});

test("an address that does not answer is passed over; when none does, all are named", async () => {
  const parsed = parseToken(token("node"));
  if (parsed === null) throw new Error("no token");
  const dead = { host: "127.0.0.1", port: 1 };
  const search = { limitMs: 1_000 };
  const none = joinCluster({ ...asNode(formatToken({ ...parsed, addresses: [dead] })), search });
  await expect(none).rejects.toThrow(
    /node-a, which made the token, was not found\. 127\.0\.0\.1:1 refuses \(ECONNREFUSED\).*start it: trader run/,
  );
  await joinCluster({ ...asNode(formatToken({ ...parsed, addresses: [dead, ...parsed.addresses] })), search });
});

test("a directory that belongs to a cluster does not join another", async () => {
  await expect(joinCluster(asNode(token("node"), "node-b", founder.dir))).rejects.toThrow(/already set up/);
});

test("strangers' attempts are bounded in number, size and form", async () => {
  expect((await knock("x".repeat(500_000))).status).toBe(413);
  expect(await knock("not json")).toMatchObject({ status: 400 });
  expect(await knock('{"secret":"x"}')).toMatchObject({ status: 400 });
  const rest = await Promise.all(Array.from({ length: 20 }, () => knock("{}")));
  expect(rest.filter((reply) => reply.status === 429)).toHaveLength(2);
});

test("a node without the authority's key admits nobody", async () => {
  const text = token("node");
  rmSync(join(founder.dir, "pki", "ca.key"));
  await expect(joinCluster(asNode(text))).rejects.toThrow(/no key to admit members with/);
});

test("[HA-10] a second node admits members with what it got when it joined, when the founder is gone", async () => {
  const second = asNode(token("node"));
  await joinCluster(second);
  const desk = new JoinDesk({
    dir: second.dir,
    nowMs: () => NOW_MS,
    monotonicMs: () => 0,
    askAgent: (member) => {
      const roster = readRoster(second.dir);
      return Promise.resolve({ initialRecord: null, roster: { ...roster, members: [...roster.members, member] } });
    },
    log: silent,
  });
  const identity = readIdentity(second.dir, "node-b");
  const at = await startReceiver(scratch, identity, { join: (body, checkOnly) => desk.handle(body, checkOnly) });
  const made = parseToken(createToken({ dir: second.dir, role: "witness", nowMs: NOW_MS }));
  const text = made && formatToken({ ...made, addresses: [{ host: "127.0.0.1", port: at.port }] });
  const order = asWitness(text ?? "");
  const { roster } = await joinCluster(order);
  expect(roster.members.map(({ name }) => name)).toEqual(["node-a", "node-b", "witness"]);
  const witness = new X509Certificate(readFileSync(join(order.dir, "pki", "node.crt")));
  expect(witness.checkIssued(new X509Certificate(founder.ca.certificatePem))).toBe(true);
});

test("neither the token file nor an answer to a stranger holds a key", async () => {
  const text = token("node");
  expect(readFileSync(join(founder.dir, "tokens.json"), "utf8")).not.toContain(parseToken(text)?.secret);
  const reply = await ask({ port, name: "node-a" }, null, founder.ca.certificatePem, "POST", "/join", "{}");
  expect(reply.text).not.toMatch(/PRIVATE|broker|base64/);
});
