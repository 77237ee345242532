import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { Message } from "../../../ha/core/messages.ts";
import { type UdpOptions, UdpPort } from "../../../ha/io/udp.ts";
import { encode } from "../../../ha/io/wire.ts";
import { release } from "./messages.ts";

const secret = Buffer.alloc(32, 9);
const running: UdpPort[] = [];
afterEach(async () => {
  for (const port of running.splice(0)) await port.stop();
});

/** A port on loopback, and a queue of what it hears. */
async function member(name: string, options: Partial<UdpOptions> = {}) {
  const heard: Message[] = [];
  let wake: (() => void) | null = null;
  const udp = new UdpPort({
    identity: { cluster: "home", secret, name },
    host: "127.0.0.1",
    port: 0,
    nowMs: () => 0,
    onMessage: (message) => {
      heard.push(message);
      wake?.();
    },
    ...options,
  });
  running.push(udp);
  await udp.run();
  const hears = async (count: number): Promise<Message[]> => {
    while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return heard;
  };
  return { udp, heard, hears };
}

/** Sends raw bytes to a port. */
async function throwAt(udp: UdpPort, datagrams: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket("udp4");
  const { host, port } = udp.address();
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
    a.udp.setAddresses("node-b", [b.udp.address()]);
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
    a.udp.setAddresses("node-b", [wired.udp.address()]);
    a.udp.setAddresses("node-b", [wireless.udp.address()], "hint");
    a.udp.send(release("node-a", "node-b"));
    await Promise.all([wired.hears(1), wireless.hears(1)]);
    expect(wired.heard).toEqual(wireless.heard);
  });

  test("finds a member by its host name", async () => {
    const a = await member("node-a");
    const b = await member("node-b");
    a.udp.setAddresses("node-b", [{ host: "localhost", port: b.udp.address().port }]);
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
    await throwAt(b.udp, [forged, forged, foreign, own, Buffer.from("hello"), Buffer.alloc(2_000), good]);
    expect(await b.hears(1)).toHaveLength(1);
    expect(b.udp.counters().refused).toEqual({
      "too-large": 1,
      version: 1,
      "foreign-cluster": 1,
      "bad-signature": 2,
      malformed: 0,
      own: 1,
      misaddressed: 0,
    });
  });

  test("forged datagrams teach it no address", async () => {
    const b = await member("node-b");
    const foreign = encode(release("node-a", "node-b"), { cluster: "barn", secret, name: "node-a" });
    const good = encode(release("witness", "node-b"), { cluster: "home", secret, name: "witness" });
    await throwAt(b.udp, [foreign, good]);
    await b.hears(1);
    b.udp.send(release("node-b", "node-a"));
    expect(b.udp.counters().unreachable).toBe(1);
  });

  test("a message that cannot be sent is counted and hurts nobody", async () => {
    const a = await member("node-a");
    const b = await member("node-b");
    a.udp.setAddresses("node-b", [b.udp.address()]);
    a.udp.send({ ...release("node-a", "node-b"), boot: "" });
    a.udp.send(release("node-a", "node-b"));
    await b.hears(1);
    expect(a.udp.counters().sendErrors).toEqual({ other: 1 });
  });

  test("a port in use is one clear sentence", async () => {
    const a = await member("node-a");
    const { port } = a.udp.address();
    await expect(member("node-b", { port })).rejects.toThrow(
      `UDP 127.0.0.1:${port} is in use. Another agent may be running here; stop it or choose another port.`,
    );
  });

  test("a foreign address is one clear sentence", async () => {
    await expect(member("node-b", { host: "192.0.2.1" })).rejects.toThrow("is not an address of this machine");
  });

  test("after stop it neither hears nor sends, and stopping twice is fine", async () => {
    const a = await member("node-a");
    await a.udp.stop();
    await a.udp.stop();
    a.udp.send(release("node-a", "node-b"));
    expect(a.udp.counters().sent).toBe(0);
    expect(() => a.udp.address()).toThrow("not open");
  });
});
