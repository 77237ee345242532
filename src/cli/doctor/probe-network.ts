import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Facts } from "./facts.ts";

const lookupLimitMs = 2_000;
const echoLimitMs = 500;
/** The group of mDNS; the port is one of our own, so that nobody else hears it. */
const group = "224.0.0.251";

const addressesHere = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));

const isLoopback = (ip: string): boolean => ip.startsWith("127.") || ip === "::1";

/** Whether this node's host is an address of this machine; `others`: the hosts of the other members. */
export async function probeAddress(host: string, others: readonly string[]): Promise<Facts["address"]> {
  const found = lookup(host, { all: true }).catch(() => []);
  const resolved = await Promise.race([found, delay(lookupLimitMs, [], { ref: false })]);
  return {
    host,
    resolved: resolved.map(({ address }) => address),
    own: addressesHere().filter((ip) => !isLoopback(ip) && !ip.startsWith("fe80:")),
    othersElsewhere: others.some((other) => other !== "localhost" && !isLoopback(other)),
  };
}

/** Sends one datagram to the group of mDNS and waits to hear it, on the interface of the first own IPv4 address. */
export async function probeMulticast({ resolved, own }: Facts["address"]): Promise<Facts["multicast"]> {
  const here = addressesHere();
  const on = resolved.find((ip) => isIPv4(ip) && here.includes(ip)) ?? own.find((ip) => isIPv4(ip)) ?? null;
  if (on === null) return { on, trouble: "this machine has no IPv4 address" };
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const signal = AbortSignal.timeout(echoLimitMs);
  try {
    socket.bind(0);
    await once(socket, "listening", { signal });
    socket.addMembership(group, on);
    socket.setMulticastInterface(on);
    socket.setMulticastLoopback(true);
    const heard = once(socket, "message", { signal });
    socket.send("doctor", socket.address().port, group);
    await heard;
    return { on, trouble: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { on, trouble: signal.aborted ? "what was sent did not come back" : reason };
  } finally {
    socket.close();
  }
}
