import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { type InstanceOrder, MdnsInstance } from "../../../ha/io/mdns-instance.ts";
import { aliasOf, mdnsLabel } from "../../../ha/io/mdns-records.ts";
import type { Sighting } from "../../../ha/io/mdns-thread.ts";
import { type Answer, mdnsNeighbour, queue } from "./mdns-listener.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const loopback = { key: "lo", addresses: ["127.0.0.1"], subnets: ["127.0.0.1/8"] };

/** One instance on loopback and a neighbour of it; lease and clock are the test's. */
function start(site = loopback) {
  const cluster = `t${randomBytes(6).toString("hex")}`;
  const state = { leads: false, nowMs: 0 };
  const claims = queue<readonly [string, string]>();
  const sightings: Sighting[] = [];
  const order: InstanceOrder = {
    advert: { cluster, node: "node-a", role: "standby", epoch: 1, api: "1", ver: "0.1.0", app: null },
    clusterId: "0a1b2c",
    port: 8_008,
    onSighting: (sighting) => sightings.push(sighting),
    onClaim: (name, address) => claims.push([name, address]),
    ownAddresses: () => ["127.0.0.1"],
    leads: () => state.leads,
    nowMs: () => state.nowMs,
  };
  const neighbour = mdnsNeighbour();
  cleanups.push(neighbour.close);
  const instance = new MdnsInstance(site, order);
  cleanups.push(() => instance.close());
  const alias = aliasOf(cluster);
  const host = `${mdnsLabel({ node: "node-a", cluster, clusterId: "0a1b2c" })}.local`;
  /** What this instance says of a name until the host's name, asked after it, is answered. */
  async function answerFor(name: string): Promise<Answer[]> {
    neighbour.ask(name, "A");
    neighbour.ask(host, "A");
    const said: Answer[] = [];
    for (;;) {
      const answers = await neighbour.heard.next();
      said.push(...answers.filter((answer) => answer.name === name && answer.ttl > 0 && answer.data === "127.0.0.1"));
      if (answers.length === 1 && answers[0]?.name === host) return said;
    }
  }
  const claim = (name: string, data: string): void => neighbour.say([{ name, type: "A", ttl: 10, flush: true, data }]);
  return { instance, neighbour, state, claims, sightings, alias, host, answerFor, claim };
}

type Started = ReturnType<typeof start>;
const saidOf = async ({ neighbour, alias }: Started): Promise<Answer | undefined> =>
  (await neighbour.heard.next((said) => said.some(({ name }) => name === alias))).find(({ name }) => name === alias);

describe("the alias of the primary", () => {
  test("is announced with the lease, short-lived, in place of what others remember, and once more", async () => {
    const one = start();
    expect(await one.answerFor(one.alias)).toEqual([]);
    one.state.leads = true;
    one.instance.review();
    const announced = await saidOf(one);
    expect(announced).toMatchObject({ type: "A", ttl: 10, flush: true, data: "127.0.0.1" });
    expect(await saidOf(one)).toEqual(announced);
    expect(await one.answerFor(one.alias)).toContainEqual(announced);
  });

  test("is not answered by one whose lease ended while it was frozen, whatever it has not yet noticed", async () => {
    const one = start();
    one.state.leads = true;
    one.instance.review();
    expect(await one.answerFor(one.alias)).not.toEqual([]);
    one.state.leads = false;
    expect(await one.answerFor(one.alias)).toEqual([]);
  });

  test("is taken back at the end of the lease, without the flush that would hit a successor's", async () => {
    const one = start();
    one.state.leads = true;
    one.instance.review();
    await saidOf(one);
    one.state.leads = false;
    one.instance.review();
    const goodbye = await one.neighbour.heard.next((said) => said.every(({ ttl }) => ttl === 0));
    expect(goodbye).toEqual([expect.objectContaining({ name: one.alias, type: "A", flush: false })]);
  });

  test("[board 5.8] is left to a host with a greater address, which is said, and kept against a lesser one", async () => {
    const one = start();
    one.state.leads = true;
    one.instance.review();
    one.claim(one.alias, "127.0.0.9");
    expect(await one.answerFor(one.alias)).not.toEqual([]);
    one.state.nowMs = 5_000;
    one.claim(one.alias, "126.0.0.9");
    expect(await one.claims.next()).toEqual([one.alias, "126.0.0.9"]);
    expect(await one.answerFor(one.alias)).not.toEqual([]);
    one.claim(one.alias, "127.0.0.9");
    expect(await one.claims.next()).toEqual([one.alias, "127.0.0.9"]);
    expect(await one.answerFor(one.alias)).toEqual([]);
    one.state.nowMs = 35_000;
    one.instance.review();
    expect(await one.answerFor(one.alias)).not.toEqual([]);
  });
});

function service(n: number, node: string): Answer[] {
  const fqdn = `s${n}._arduino-trader._tcp.local`;
  return [
    { name: "_arduino-trader._tcp.local", type: "PTR", ttl: 120, data: fqdn },
    { name: fqdn, type: "SRV", ttl: 120, data: { port: 8_008, target: "s.local" } },
    { name: fqdn, type: "TXT", ttl: 120, data: [`node=${node}`] },
  ];
}

describe("one interface's mDNS", () => {
  test("[board 5.8] says that another host has its name, and goes on", async () => {
    const one = start();
    one.claim(one.host.toUpperCase(), "127.0.0.9");
    expect(await one.claims.next()).toEqual([one.host, "127.0.0.9"]);
    expect(await one.answerFor(one.host)).not.toEqual([]);
  });

  test("[board 5.4] a change comes with its PTR, and once more", async () => {
    const one = start();
    const saidOfEpoch = (epoch: number): Promise<readonly Answer[]> =>
      one.neighbour.heard.next((said) => said.some(({ data }) => String(data).includes(`epoch=${epoch}`)));
    await saidOfEpoch(1);
    one.instance.update({ cluster: "x", node: "node-a", role: "primary", epoch: 7, api: "1", ver: "0.1.0", app: null });
    for (const said of [await saidOfEpoch(7), await saidOfEpoch(7)]) {
      expect(said.map(({ type }) => type)).toEqual(expect.arrayContaining(["PTR", "SRV", "TXT", "A"]));
    }
  });

  test("[board 5.7] an address that is not there breaks this instance and nothing else", async () => {
    const one = start({ key: "gone", addresses: ["192.0.2.77"], subnets: ["192.0.2.77/24"] });
    await expect.poll(() => one.instance.broken).toMatch(/ENODEV|EADDRNOTAVAIL/);
  });

  test("[board 5.7] a service heard on another network first is seen on this one all the same", async () => {
    const one = start({ ...loopback, subnets: ["127.0.0.1/32"] });
    const elsewhere = mdnsNeighbour("127.0.0.2");
    cleanups.push(elsewhere.close);
    const said = service(7, "both");
    elsewhere.say(said);
    await one.neighbour.heard.next((answers) => answers.some(({ data }) => data === said[0]?.data));
    one.neighbour.say(said);
    const hostsOf = (): string[] => one.sightings.filter(({ name }) => name === "s7").map(({ host }) => host);
    await expect.poll(hostsOf).toEqual(["127.0.0.1"]);
  });

  test("a storm of services is listened to for the first few only, until the next question", async () => {
    const one = start();
    const of = (prefix: string): Sighting[] => one.sightings.filter(({ name }) => name.startsWith(prefix));
    for (let n = 100; n < 300; n += 1) one.neighbour.say(service(n, "many"));
    await one.answerFor(one.host);
    expect(of("s").length).toBeGreaterThan(10);
    expect(of("s").length).toBeLessThanOrEqual(64);
    one.instance.refresh();
    one.neighbour.say(service(1, "late"));
    await expect.poll(() => of("s1").map(({ name }) => name)).toContain("s1");
  });
});
