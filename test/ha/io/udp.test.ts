import { createSocket } from "node:dgram";
import { once } from "node:events";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Address } from "../../../ha/io/address-book.ts";
import type { Message } from "../../../ha/core/messages.ts";
import type { Roster } from "../../../ha/io/node-files.ts";
import { type UdpOptions, UdpPort } from "../../../ha/io/udp.ts";
import { UdpSocket } from "../../../ha/io/udp-socket.ts";
import { encode as encodeFor } from "../../../ha/io/wire.ts";
import type { WireIdentity } from "../../../ha/io/wire.ts";
import { release } from "./messages.ts";

const secret = Buffer.alloc(32, 9);
const stamp = { id: "0123456789abcdef", roster: 1 };
const encode = (message: Message, identity: WireIdentity): Buffer => encodeFor(message, identity, stamp);
const roster: Roster = { version: 1, arbiter: { kind: "standalone", targets: [] }, members: [] };
/** Everybody is a member, and nobody has news. */
const anyone = {
  current: roster,
  stamp: () => stamp,
  admits: () => true,
  heard: () => undefined,
  offered: () => false,
};

const running: UdpSocket[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const socket of running.splice(0)) await socket.stop();
});

/** A member on a loopback port of its own, or on a shared one, and a queue of what it hears. */
async function member(
  name: string,
  options: Partial<UdpOptions> = {},
  place: { host?: string; port?: number; socket?: UdpSocket } = {},
) {
  const heard: Message[] = [];
  let wake: (() => void) | null = null;
  const socket = place.socket ?? new UdpSocket(place.host ?? "127.0.0.1", place.port ?? 0);
  const udp = new UdpPort(socket, {
    identity: { cluster: "home", secret, name },
    roster: anyone,
    nowMs: () => 0,
    onMessage: (message) => {
      heard.push(message);
      wake?.();
    },
    ...options,
  });
  running.push(socket);
  if (place.socket === undefined) await socket.run();
  udp.run();
  const hears = async (count: number): Promise<Message[]> => {
    while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return heard;
  };
  const address = () => {
    if (socket.address === null) throw new Error("not open");
    return socket.address;
  };
  return { udp, socket, heard, hears, address };
}

/** Sends raw bytes to a port. */
async function throwAt(at: { address: () => Address }, datagrams: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket("udp4");
  const { host, port } = at.address();
  for (const datagram of datagrams) {
    await new Promise((resolve) => {
      socket.send(datagram, port, host, resolve);
    });
  }
  socket.close();
  await once(socket, "close");
}

describe("the heartbeats' port", () => {
  test("carries a message to the address in the roster, and answers go to where it came from", async () => {
    const a = await member("node-a");
    const b = await member("node-b");
    a.udp.setAddresses("node-b", [b.address()]);
    a.udp.send(release("node-a", "node-b"));
    expect(await b.hears(1)).toEqual([release("node-a", "node-b")]);
    b.udp.send(release("node-b", "node-a", 2));
    expect(await a.hears(1)).toEqual([release("node-b", "node-a", 2)]);
    expect(b.udp.counters()).toMatchObject({ received: 1, unreachable: 0, sendErrors: {} });
  });

  test("sends to every known address of a member", async () => {
    const a = await member("node-a");
    const wired = await member("node-b");
    const wireless = await member("node-b");
    a.udp.setAddresses("node-b", [wired.address()]);
    a.udp.hint("node-b", wireless.address());
    a.udp.send(release("node-a", "node-b"));
    await Promise.all([wired.hears(1), wireless.hears(1)]);
    expect(wired.heard).toEqual(wireless.heard);
  });

  test("finds a member by its host name", async () => {
    const a = await member("node-a");
    const b = await member("node-b");
    a.udp.setAddresses("node-b", [{ host: "localhost", port: b.address().port }]);
    const timer = setInterval(() => a.udp.send(release("node-a", "node-b")), 5);
    await b.hears(1);
    clearInterval(timer);
  });

  test("counts what it refuses by reason, and delivers none of it", async () => {
    const b = await member("node-b");
    const good = encode(release("node-a", "node-b"), { cluster: "home", secret, name: "node-a" });
    const forged = Buffer.from(good);
    forged[good.length - 1]! ^= 1;
    const foreign = encode(release("node-a", "node-b"), { cluster: "barn", secret, name: "node-a" });
    const own = encode(release("node-b", "node-a"), { cluster: "home", secret, name: "node-b" });
    const elsewhere = encode(release("node-a", "node-c"), { cluster: "home", secret, name: "node-a" });
    const bad = [forged, forged, foreign, own, elsewhere, Buffer.from("hello"), Buffer.alloc(2_000)];
    await throwAt(b, [...bad, good]);
    expect(await b.hears(1)).toHaveLength(1);
    expect(b.udp.counters().refused).toEqual({
      "too-large": 1,
      version: 1,
      "foreign-cluster": 1,
      "bad-signature": 2,
      malformed: 0,
      own: 1,
      misaddressed: 1,
      "not-a-member": 0,
    });
  });

  test("however many it refuses, one line a minute says so, and none where nothing is new", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const lines: unknown[] = [];
    const b = await member("node-b", { logger: pino({ level: "trace" }, { write: (line) => lines.push(line) }) });
    const good = encode(release("node-a", "node-b"), { cluster: "home", secret, name: "node-a" });
    await throwAt(b, [...Array.from({ length: 500 }, () => Buffer.from("hello")), good]);
    await b.hears(1);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/"version":[1-9]\d*/);
    vi.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(1);
  });

  test("forged datagrams teach it no address", async () => {
    const b = await member("node-b");
    const foreign = encode(release("node-a", "node-b"), { cluster: "barn", secret, name: "node-a" });
    const good = encode(release("witness", "node-b"), { cluster: "home", secret, name: "witness" });
    await throwAt(b, [foreign, good]);
    await b.hears(1);
    b.udp.send(release("node-b", "node-a"));
    expect(b.udp.counters().unreachable).toBe(1);
  });

  test("a message that cannot be sent is counted and hurts nobody", async () => {
    const a = await member("node-a");
    const b = await member("node-b");
    a.udp.setAddresses("node-b", [b.address()]);
    a.udp.send({ ...release("node-a", "node-b"), boot: "" });
    a.udp.send(release("node-a", "node-b"));
    await b.hears(1);
    expect(a.udp.counters().sendErrors).toEqual({ other: 1 });
  });

  test("a port in use is one clear sentence", async () => {
    const a = await member("node-a");
    const { port } = a.address();
    await expect(member("node-b", {}, { port })).rejects.toThrow(
      `UDP 127.0.0.1:${port} is in use. Another agent may be running here; stop it or choose another port.`,
    );
  });

  test("a foreign address is one clear sentence", async () => {
    await expect(member("node-b", {}, { host: "192.0.2.1" })).rejects.toThrow("is not an address of this machine");
  });

  test("after stop it neither hears nor sends, and stopping twice is fine", async () => {
    const a = await member("node-a");
    a.udp.stop();
    a.udp.stop();
    await a.socket.stop();
    await a.socket.stop();
    a.udp.send(release("node-a", "node-b"));
    expect(a.udp.counters().sent).toBe(0);
    expect(a.socket.address).toBeNull();
  });
});

describe("one port for several clusters", () => {
  test("each hears its own; what names neither is counted once; a defect in one harms no other", async () => {
    const home = await member("w", {
      onMessage: () => {
        throw new Error("a defect");
      },
    });
    const barn = await member("w", { identity: { cluster: "barn", secret, name: "w" } }, { socket: home.socket });
    const to = (cluster: string) => encode(release("node-a", "w"), { cluster, secret, name: "node-a" });
    await throwAt(home, [to("shed"), to("home"), to("barn")]);
    expect(await barn.hears(1)).toEqual([release("node-a", "w")]);
    expect([home.udp.counters().received, barn.udp.counters().received]).toEqual([1, 1]);
    expect(home.udp.counters().refused["foreign-cluster"]).toBe(1);
    barn.udp.stop();
    await throwAt(home, [to("barn")]);
    await throwAt(home, [to("home")]);
    while (home.udp.counters().received < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(barn.heard).toHaveLength(1);
  });
});

describe("the roster on the wire", () => {
  const newer: Roster = { ...roster, version: 2 };

  test("one with an older roster is offered the present one, once a second at most", async () => {
    const offers: Roster[] = [];
    const behind = { ...anyone, offered: (_from: string, _stamp: unknown, given: Roster) => offers.push(given) > 0 };
    let nowMs = 0;
    const a = await member("node-a", {
      roster: { ...anyone, current: newer, stamp: () => ({ ...stamp, roster: 2 }) },
      nowMs: () => nowMs,
    });
    const b = await member("node-b", { roster: behind });
    b.udp.setAddresses("node-a", [a.address()]);
    for (const seq of [1, 2, 3]) b.udp.send(release("node-b", "node-a", seq));
    await a.hears(3);
    nowMs = 1_000;
    b.udp.send(release("node-b", "node-a", 4));
    await a.hears(4);
    a.udp.send(release("node-a", "node-b"));
    await b.hears(1);
    expect(offers).toEqual([newer, newer]);
    expect(a.udp.counters().sent).toBe(3);
  });

  test("one that is no member is refused and counted, and learns why where its roster is older", async () => {
    const offers: Roster[] = [];
    const strict = { ...anyone, current: newer, stamp: () => ({ ...stamp, roster: 2 }), admits: () => false };
    const a = await member("node-a", { roster: strict });
    const learned = Promise.withResolvers<void>();
    const b = await member("node-b", {
      roster: {
        ...anyone,
        offered: (_from, _stamp, given) => {
          offers.push(given);
          learned.resolve();
          return true;
        },
      },
    });
    b.udp.setAddresses("node-a", [a.address()]);
    b.udp.send(release("node-b", "node-a"));
    await learned.promise;
    expect(offers).toEqual([newer]);
    expect(a.heard).toEqual([]);
    expect(a.udp.counters()).toMatchObject({ received: 0, refused: { "not-a-member": 1 } });
    expect(a.udp.heardMs("node-b")).toBeNull();
  });
});
