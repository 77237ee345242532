import { randomBytes } from "node:crypto";
import pino from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { browsePages } from "../../../ha/io/mdns-browse.ts";
import { aliasOf, mdnsLabel } from "../../../ha/io/mdns-records.ts";
import { Mdns, type MdnsHint, type MdnsOptions } from "../../../ha/io/mdns.ts";
import { type Answer, mdnsNeighbour, queue } from "./mdns-listener.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const ID = "0a1b2c";
const quick = { restartFirstMs: 1, restartLongestMs: 4, lookMs: 20 };
/** Nobody looks: a machine that is busy is no blocked thread. */
const unwatched = { ...quick, lookMs: 60_000 };
const newCluster = () => `t${randomBytes(6).toString("hex")}`;

function start(node: string, cluster: string, port: number, options: Partial<MdnsOptions> = {}) {
  const hints = queue<MdnsHint>();
  const mdns = new Mdns({
    node,
    cluster,
    clusterId: ID,
    port,
    nowMs: () => performance.now(),
    role: "standby",
    epoch: 1,
    ver: "0.1.0",
    interfaces: ["127.0.0.1"],
    onHint: hints.push,
    ...options,
  });
  cleanups.push(() => mdns.stop());
  mdns.run();
  return { mdns, hints };
}

const txtIn = (said: readonly Answer[], label: string): string =>
  String(said.find(({ name, type }) => type === "TXT" && name.startsWith(`${label}.`))?.data);

/** Unasked announcements of `label` on loopback: its TXT is among the answers themselves. */
function announcements(label: string) {
  const neighbour = mdnsNeighbour();
  cleanups.push(neighbour.close);
  return async (says: string): Promise<{ readonly txt: string; readonly answers: readonly Answer[] }> => {
    const answers = await neighbour.heard.next((said) => txtIn(said, label).includes(says));
    return { txt: txtIn(answers, label), answers };
  };
}

describe("finding each other by mDNS", () => {
  test("two nodes of a cluster see each other, with role, epoch and the agent's port; others are not seen", async () => {
    const cluster = newCluster();
    const a = start("node-a", cluster, 8_008);
    start("node-x", newCluster(), 8_308);
    const b = start("node-b", cluster, 8_108, { role: "primary", epoch: 4 });
    const seen = { host: "127.0.0.1", cluster, appPort: null };
    expect(await a.hints.next()).toEqual({ ...seen, node: "node-b", role: "primary", epoch: 4, port: 8_108 });
    expect(await b.hints.next()).toEqual({ ...seen, node: "node-a", role: "standby", epoch: 1, port: 8_008 });
  });

  test("[board 5.2] a new role is seen at once, is held through the re-announcements, and found by who comes later", async () => {
    const cluster = newCluster();
    const label = mdnsLabel({ node: "node-a", cluster, clusterId: ID });
    const announced = announcements(label);
    const b = start("node-b", cluster, 8_108);
    const a = start("node-a", cluster, 8_008);
    await b.hints.next(({ role }) => role === "standby");
    await announced("role=standby,epoch=1");
    a.mdns.advertise({ role: "primary", epoch: 2 });
    expect(await b.hints.next(({ epoch }) => epoch > 1)).toMatchObject({ node: "node-a", role: "primary", epoch: 2 });
    const { answers } = await announced("role=primary");
    expect(answers.filter(({ type }) => type === "A")).toEqual([
      expect.objectContaining({ name: `${label}.local`, data: "127.0.0.1" }),
    ]);
    // Ours after one and a half and four seconds, and the one that bonjour-service makes of its own records in between.
    for (let time = 0; time < 3; time += 1) expect((await announced("epoch=")).txt).toContain("role=primary,epoch=2");
    const c = start("node-c", cluster, 8_208);
    expect(await c.hints.next(({ node }) => node === "node-a")).toMatchObject({ role: "primary", epoch: 2 });
  });

  test("who only looks round finds the pages of its cluster, and is seen by nobody", async () => {
    const cluster = newCluster();
    const a = start("node-a", cluster, 8_008, { appPort: 8_000 });
    start("node-x", newCluster(), 8_308, { appPort: 8_300 });
    const pages = queue<string>();
    const looking = browsePages({ cluster, onPage: pages.push, interfaces: ["127.0.0.1"] });
    cleanups.push(() => looking.stop());
    looking.run();
    expect(await pages.next()).toBe("127.0.0.1:8000");
    start("node-b", cluster, 8_108, { appPort: 8_100 });
    expect(await pages.next((page) => page !== "127.0.0.1:8000")).toBe("127.0.0.1:8100");
    expect(await a.hints.next()).toMatchObject({ node: "node-b", appPort: 8_100 });
  });

  test("[board 5.5] stopping withdraws the announcement, and what a killed node leaves is soon forgotten", async () => {
    const cluster = newCluster();
    const announced = announcements(mdnsLabel({ node: "node-a", cluster, clusterId: ID }));
    const a = start("node-a", cluster, 8_008);
    const { answers } = await announced("role=standby");
    expect(Math.max(...answers.map(({ ttl }) => ttl))).toBe(120);
    expect(answers.find(({ type }) => type === "TXT")?.ttl).toBe(30);
    const goodbye = announced("role=standby");
    await a.mdns.stop();
    const said = (await goodbye).answers;
    expect(said.map(({ type }) => type).toSorted()).toEqual(["A", "PTR", "SRV", "TXT"]);
    expect(said.every(({ ttl }) => ttl === 0)).toBe(true);
    await a.mdns.stop();
  });

  test("only the holder of a lease that stands answers to the alias, and it leaves with the role", async () => {
    const cluster = newCluster();
    const neighbour = mdnsNeighbour();
    cleanups.push(neighbour.close);
    const aliasSaid = (fits: (answer: Answer) => boolean): Promise<readonly Answer[]> =>
      neighbour.heard.next((said) => said.some((answer) => answer.name === aliasOf(cluster) && fits(answer)));
    const a = start("node-a", cluster, 8_008);
    a.mdns.advertise({ role: "primary", epoch: 2 });
    a.mdns.lease(performance.now() + 60_000);
    await aliasSaid(({ ttl, data }) => ttl > 0 && data === "127.0.0.1");
    a.mdns.advertise({ role: "standby", epoch: 2 });
    await aliasSaid(({ ttl }) => ttl === 0);
    // A lease that nobody renews ends by itself.
    a.mdns.advertise({ role: "primary", epoch: 3 });
    a.mdns.lease(performance.now() + 100);
    await aliasSaid(({ ttl }) => ttl > 0);
    await aliasSaid(({ ttl }) => ttl === 0);
  });

  test("[board 5.8] a cluster of the same name is another one, and a forged node of ours is a hint at most", async () => {
    const cluster = newCluster();
    const a = start("node-a", cluster, 8_008);
    start("node-b", cluster, 8_308, { clusterId: "ffffff", epoch: 99 });
    start("node-b", cluster, 8_108, { epoch: 7 });
    expect(await a.hints.next()).toMatchObject({ node: "node-b", port: 8_108, epoch: 7 });
    expect(a.mdns.troubles).toEqual([]);
  });

  test("[board 5.8] a name that another host claims is a trouble for a minute, said once", async () => {
    const worker = new URL("./fixtures/claiming-mdns-worker.js", import.meta.url);
    let nowMs = 0;
    const logged: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line) => void logged.push(line) });
    const cluster = newCluster();
    const a = start("node-a", cluster, 8_008, { worker, nowMs: () => nowMs, logger });
    await a.hints.next();
    expect(a.mdns.troubles).toEqual([
      expect.stringContaining(`${aliasOf(cluster)}, the name of this cluster's primary`),
    ]);
    expect(logged).toHaveLength(1);
    nowMs = 60_000;
    expect(a.mdns.troubles).toEqual([]);
  });

  test("[board 5.9] a worker that dies is started again and again, and says what is current", async () => {
    const worker = new URL("./fixtures/crashing-mdns-worker.js", import.meta.url);
    const a = start("node-a", newCluster(), 8_008, { worker, pace: unwatched });
    await a.hints.next(({ epoch }) => epoch === 1);
    await a.hints.next(({ epoch }) => epoch === 1);
    a.mdns.advertise({ role: "primary", epoch: 2 });
    expect(await a.hints.next(({ epoch }) => epoch === 2)).toMatchObject({ node: "node-b", role: "standby" });
    expect(a.mdns.troubles).toEqual([
      expect.stringMatching(/^mDNS failed \(a packet that bonjour-service could not take\)/),
    ]);
    await a.mdns.stop();
  });

  test("[board 5.9] a worker that is blocked in a loop is ended, started again, and nobody waits for it", async () => {
    const worker = new URL("./fixtures/blocked-mdns-worker.js", import.meta.url);
    const a = start("node-a", newCluster(), 8_008, { worker, pace: quick });
    await a.hints.next();
    await a.hints.next();
    expect(a.mdns.troubles).toEqual([expect.stringContaining("its thread is blocked")]);
    await a.mdns.stop();
  });

  test("an interface that is not there hurts nobody", async () => {
    const a = start("node-a", newCluster(), 8_008, { interfaces: ["192.0.2.77"] });
    a.mdns.advertise({ role: "primary", epoch: 2 });
    a.mdns.lease(performance.now() + 60_000);
    await a.mdns.stop();
  });
});
