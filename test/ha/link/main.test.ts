import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, watch } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { joinCluster } from "../../../ha/io/join-client.ts";
import { readRoster, writeRoster } from "../../../ha/io/node-files.ts";
import { createToken } from "../../../ha/io/tokens.ts";
import { readIdentity } from "../../../ha/link/identity.ts";
import { fromLink } from "../../../ha/link/protocol.ts";
import type { FromLink, ToLink } from "../../../ha/link/protocol.ts";
import { ask, foundCluster, idOf, ltx, Scratch } from "./cluster.ts";
import { freePort } from "../../support/free-port.ts";

const scratch = new Scratch();
afterEach(() => scratch.end());

/** A link process with the test as its agent. */
class LinkProcess {
  readonly child: ChildProcess;
  readonly #seen: FromLink[] = [];
  constructor(dir: string, ...more: string[]) {
    this.child = fork("ha/link/main.ts", ["--data", dir, ...more], {
      env: { ...process.env, TRADER_LINK_USER: "u", TRADER_LINK_PASSWORD: "p" },
      stdio: ["ignore", "inherit", "ignore", "ipc"],
    });
    this.child.on("message", (raw) => {
      this.#seen.push(fromLink.parse(raw));
      this.child.emit("seen");
    });
    this.child.on("exit", () => this.child.emit("seen"));
    scratch.atEnd(async () => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return;
      const ended = once(this.child, "exit");
      this.child.kill("SIGKILL");
      await ended;
    });
  }

  say(message: ToLink): void {
    this.child.send(message);
  }

  /** The next message of a kind that fits; earlier ones are dropped. */
  async next<K extends FromLink["kind"]>(
    kind: K,
    fits: (message: Extract<FromLink, { kind: K }>) => boolean = () => true,
  ): Promise<Extract<FromLink, { kind: K }>> {
    for (;;) {
      for (let message = this.#seen.shift(); message !== undefined; message = this.#seen.shift()) {
        if (isKind(message, kind) && fits(message)) return message;
      }
      if (this.child.exitCode !== null) throw new Error(`the link ended with ${this.child.exitCode}`);
      await once(this.child, "seen");
    }
  }
}
const isKind = <K extends FromLink["kind"]>(message: FromLink, kind: K): message is Extract<FromLink, { kind: K }> =>
  message.kind === kind;

test("two links carry a replica, admit a member through the agent, and end with their agents", async () => {
  const founder = await foundCluster(scratch, await freePort());
  const a = new LinkProcess(founder.dir);
  const { connectorPort, receiverPort } = await a.next("ready");
  expect(receiverPort).toBe(readRoster(founder.dir).members[0]?.linkPort);

  const dir = join(scratch.folder(), "b");
  const ports = { app: await freePort(), agent: await freePort(), link: await freePort() };
  const token = createToken({ dir: founder.dir, role: "node", nowMs: Date.now() });
  const joining = joinCluster({ token, name: "node-b", kind: "node", dir, host: "127.0.0.1", ports });
  for (const _ of ["/join/check", "/join"]) {
    const would = await a.next("join-request");
    expect(would).toMatchObject({ admit: false, member: { name: "node-b", linkPort: ports.link } });
    a.say({ kind: "join-answer", id: would.id, initialRecord: null });
  }
  const { id, member: b2, admit } = await a.next("join-request");
  expect(admit).toBe(true);
  const before = readRoster(founder.dir);
  const both = { ...before, version: 2, members: [...before.members, b2] };
  writeRoster(founder.dir, both);
  a.say({ kind: "join-answer", id, initialRecord: null, roster: both });
  a.say({ kind: "roster", roster: both });
  await joining;
  expect(readRoster(dir)).toEqual(both);

  const b = new LinkProcess(dir);
  await b.next("ready");
  b.say({ kind: "fence", epoch: 2, holder: "node-a" });
  expect(await b.next("fenced")).toEqual({ kind: "fenced", epoch: 2, holder: "node-a", newest: null });
  b.say({ kind: "fence", epoch: 1, holder: "node-b" });
  expect(await b.next("fenced")).toMatchObject({
    epoch: 2,
    holder: "node-a",
    refused: expect.stringMatching(/promised/),
  });
  b.say({ kind: "fence", epoch: 2, holder: "node-b" });
  expect(await b.next("fenced")).toMatchObject({
    epoch: 2,
    holder: "node-a",
    refused: expect.stringMatching(/not to/),
  });

  a.say({ kind: "send", epoch: 2, peer: { name: "node-b", id: b2.id, host: "127.0.0.1", port: ports.link } });
  await a.next("peer", (view) => view.receiving);
  const witness = { name: "w", id: "c".repeat(16), kind: "witness" as const, host: "127.0.0.1", agentPort: 9 };
  const grown = { ...readRoster(dir), version: 3, members: [...readRoster(dir).members, witness] };
  a.say({ kind: "roster", roster: grown });
  expect(await b.next("roster")).toEqual({ kind: "roster", roster: grown });
  const put = httpRequest({
    host: "127.0.0.1",
    port: connectorPort,
    method: "PUT",
    path: `/e/2/ltx/0/${ltx(1, 7)}`,
    headers: { authorization: `Basic ${Buffer.from("u:p").toString("base64")}`, "content-length": 4 },
  });
  put.end("1234");
  await once(put, "response");
  expect(await b.next("received")).toEqual({ kind: "received", epoch: 2, txid: 7 });
  expect(await a.next("peer", (view) => view.txid === 7)).toMatchObject({ receiving: true, epoch: 2 });
  expect(readFileSync(join(dir, "replica", "e", "2", "ltx", "0", ltx(1, 7)), "utf8")).toBe("1234");

  b.say({ kind: "fence", epoch: 3, holder: "node-b" });
  expect((await b.next("fenced")).newest).toEqual({ epoch: 2, txid: 7 });
  expect(await a.next("peer", (view) => !view.receiving)).toMatchObject({ reason: expect.stringMatching(/epoch 3/) });
  b.say({ kind: "fence", epoch: 4, holder: "node-a" });
  const epochs = join(dir, "replica", "e");
  const watcher = watch(epochs);
  scratch.atEnd(() => watcher.close());
  b.say({ kind: "prune", keep: [] });
  while (readdirSync(epochs).length > 0) await once(watcher, "change");

  b.child.disconnect();
  expect(await once(b.child, "exit")).toEqual([0, null]);
  a.child.disconnect();
  expect(await once(a.child, "exit")).toEqual([0, null]);
});

test("[HA-5] a link started with a fence promises it before it serves, and one started without keeps its disk's", async () => {
  const founder = await foundCluster(scratch, await freePort());
  const first = new LinkProcess(founder.dir, "--fence", "4:node-b");
  expect(await first.next("fenced")).toEqual({ kind: "fenced", epoch: 4, holder: "node-b", newest: null });
  await first.next("ready");
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = new LinkProcess(founder.dir);
  expect(await second.next("fenced")).toMatchObject({ epoch: 4, holder: "node-b" });
  await second.next("ready");
  second.child.kill("SIGKILL");
  await once(second.child, "exit");
  const third = new LinkProcess(founder.dir, "--fence", "3:node-a");
  expect(await third.next("fenced")).toMatchObject({ epoch: 4, refused: "epoch 4 is already promised" });
});

test("a member that left the roster is refused at once", async () => {
  const founder = await foundCluster(scratch, await freePort());
  const roster = readRoster(founder.dir);
  const b = await founder.member("node-b");
  const withB = {
    name: "node-b",
    id: idOf("node-b"),
    kind: "node" as const,
    host: "h",
    agentPort: 1,
    linkPort: 2,
    appPort: 3,
  };
  writeRoster(founder.dir, { ...roster, version: 2, members: [...roster.members, withB] });
  const first = new LinkProcess(founder.dir);
  const { receiverPort } = await first.next("ready");
  const knock = () => ask({ port: receiverPort, name: "node-a" }, b, founder.ca.certificatePem, "GET", "/state");
  expect((await knock()).status).toBe(200);
  first.say({ kind: "roster", roster: { ...roster, version: 3 } });
  first.say({ kind: "roster", roster: { ...roster, version: 2, members: [...roster.members, withB] } }); // older: no effect
  first.say({ kind: "fence", epoch: 1, holder: "node-a" });
  await first.next("fenced");
  expect((await knock()).status).toBe(403);
});

test("a port in use, a missing directory, no agent: one clear line and exit code 1", async () => {
  const port = await freePort();
  const founder = await foundCluster(scratch, port);
  const first = new LinkProcess(founder.dir);
  await first.next("ready");
  const second = new LinkProcess(founder.dir);
  expect(await once(second.child, "exit")).toEqual([1, null]);
  const nowhere = new LinkProcess(join(scratch.folder(), "nothing"));
  expect(await once(nowhere.child, "exit")).toEqual([1, null]);
  expect(readIdentity(founder.dir, "node-a").name).toBe("node-a");
});
