import { randomBytes } from "node:crypto";
import Bonjour from "bonjour-service";
import { afterEach, describe, expect, test } from "vitest";
import { browsePages } from "../../../ha/io/mdns-browse.ts";
import { Mdns, type MdnsHint, type MdnsOptions } from "../../../ha/io/mdns.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const newCluster = () => `t${randomBytes(6).toString("hex")}`;

/** A queue of things that can be awaited one by one. */
function queue<T>() {
  const items: T[] = [];
  const waiting: (() => void)[] = [];
  return {
    push: (item: T) => {
      items.push(item);
      waiting.shift()?.();
    },
    /** Skips what does not fit. */
    async next(fits: (item: T) => boolean): Promise<T> {
      for (;;) {
        const item = items.shift();
        if (item !== undefined && fits(item)) return item;
        if (item === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

function start(node: string, cluster: string, port: number, options: Partial<MdnsOptions> = {}) {
  const hints = queue<MdnsHint>();
  const mdns = new Mdns({
    node,
    cluster,
    port,
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

type Answer = { readonly name: string; readonly type: string; readonly ttl: number; readonly data: unknown };

/** Unasked announcements of `label` on loopback: its TXT is among the answers themselves. */
function announcements(label: string) {
  const heard = queue<{ readonly txt: string; readonly answers: readonly Answer[] }>();
  const options: object = { interface: "127.0.0.1", bind: "0.0.0.0" };
  const bonjour = new Bonjour(options, () => undefined);
  const { mdns } = Reflect.get(bonjour, "server");
  mdns.on("response", ({ answers }: { answers: readonly Answer[] }) => {
    const txt = answers.find(({ name, type }) => type === "TXT" && name.startsWith(`${label}.`));
    if (txt !== undefined) heard.push({ txt: String(txt.data), answers });
  });
  cleanups.push(
    () =>
      new Promise((resolve) => {
        bonjour.destroy(() => resolve());
      }),
  );
  return heard;
}

describe("finding each other by mDNS", () => {
  test("two nodes of a cluster see each other, with role, epoch and the agent's port; others are not seen", async () => {
    const cluster = newCluster();
    const a = start("node-a", cluster, 8_008);
    start("node-x", newCluster(), 8_308);
    const b = start("node-b", cluster, 8_108, { role: "primary", epoch: 4 });
    const seen = { host: "127.0.0.1", cluster, appPort: null };
    expect(await a.hints.next(() => true)).toEqual({ ...seen, node: "node-b", role: "primary", epoch: 4, port: 8_108 });
    expect(await b.hints.next(() => true)).toEqual({ ...seen, node: "node-a", role: "standby", epoch: 1, port: 8_008 });
  });

  test("a new role is seen at once, is held through the re-announcement, and found by who comes later", async () => {
    const cluster = newCluster();
    const label = `trader-node-a-${cluster}`;
    const heard = announcements(label);
    const b = start("node-b", cluster, 8_108);
    const a = start("node-a", cluster, 8_008);
    await b.hints.next(({ role }) => role === "standby");
    expect((await heard.next(() => true)).txt).toContain("role=standby,epoch=1");
    a.mdns.advertise({ role: "primary", epoch: 2 });
    expect(await b.hints.next(() => true)).toMatchObject({ node: "node-a", role: "primary", epoch: 2 });
    const updated = await heard.next(({ txt }) => txt.includes("epoch=2"));
    // The one three seconds after the first, which bonjour-service repeats from its own records.
    const repeated = await heard.next(() => true);
    expect(repeated.txt).toContain("role=primary,epoch=2");
    expect(updated.answers.filter(({ type }) => type === "A")).toEqual([
      expect.objectContaining({ name: `${label}.local`, data: "127.0.0.1" }),
    ]);
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
    expect(await pages.next(() => true)).toBe("127.0.0.1:8000");
    start("node-b", cluster, 8_108, { appPort: 8_100 });
    expect(await pages.next((page) => page !== "127.0.0.1:8000")).toBe("127.0.0.1:8100");
    expect(await a.hints.next(() => true)).toMatchObject({ node: "node-b", appPort: 8_100 });
  });

  test("stopping withdraws the announcement", async () => {
    const cluster = newCluster();
    const heard = announcements(`trader-node-a-${cluster}`);
    const a = start("node-a", cluster, 8_008);
    await heard.next(() => true);
    const goodbye = heard.next(({ answers }) => answers.every(({ ttl }) => ttl === 0));
    await a.mdns.stop();
    expect((await goodbye).answers.map(({ type }) => type).toSorted()).toEqual(["A", "PTR", "SRV", "TXT"]);
    await a.mdns.stop();
  });

  test("a worker that dies is started again and again, and says what is current", async () => {
    const worker = new URL("./fixtures/crashing-mdns-worker.js", import.meta.url);
    const restartMs = { first: 1, longest: 4 };
    const a = start("node-a", newCluster(), 8_008, { worker, restartMs });
    await a.hints.next(({ epoch }) => epoch === 1);
    await a.hints.next(({ epoch }) => epoch === 1);
    a.mdns.advertise({ role: "primary", epoch: 2 });
    expect(await a.hints.next(({ epoch }) => epoch === 2)).toMatchObject({ node: "node-b", role: "standby" });
    await a.mdns.stop();
  });

  test("an interface that is not there hurts nobody", async () => {
    const a = start("node-a", newCluster(), 8_008, { interfaces: ["192.0.2.77"] });
    a.mdns.advertise({ role: "primary", epoch: 2 });
    await a.mdns.stop();
  });
});
