import { createSocket } from "node:dgram";
import { connect, createServer, isIPv4 } from "node:net";
import type { Socket } from "node:net";
import { z } from "zod";

/**
 * A bad network between the machines of the suite: `net-relay.ts JITTER_MS BYTES_PER_SECOND ROUTE…`. From SIGUSR2 until
 * SIGHUP everything that passes is kept for a random time up to JITTER_MS, and a stream passes no faster than told.
 * Datagrams overtake each other, a stream's bytes do not.
 * Routes: `udp:PORT:ADDRESS:PORT:ADDRESS:PORT` between two addresses, `tcp:PORT:ADDRESS:PORT` to one.
 */

const QUEUED_BYTES_MAX = 256 * 1024;
const DATAGRAMS_MAX = 2_000;

const port = z.coerce.number().int().min(1).max(65_535);
const address = z.string().refine((text) => isIPv4(text));
const udpRoute = z.tuple([z.literal("udp"), port, address, port, address, port]);
const tcpRoute = z.tuple([z.literal("tcp"), port, address, port]);
const [jitterText, rateText, ...routes] = process.argv.slice(2);
const jitterMs = z.coerce.number().min(1).max(1_000).parse(jitterText);
const bytesPerSecond = z.coerce.number().min(1_000).parse(rateText);
let bad = false;
process.on("SIGUSR2", () => (bad = true));
process.on("SIGHUP", () => (bad = false));
const delayMs = (): number => (bad ? Math.random() * jitterMs : 0);

function relayDatagrams([, own, one, onePort, other, otherPort]: z.infer<typeof udpRoute>): void {
  const socket = createSocket("udp4");
  let waiting = 0;
  socket.on("message", (datagram, from) => {
    const there = from.address === one ? { host: other, port: otherPort } : { host: one, port: onePort };
    if (waiting >= DATAGRAMS_MAX || (from.address !== one && from.address !== other)) return;
    waiting += 1;
    setTimeout(() => {
      waiting -= 1;
      // Unreachable for a while: lost, as on any network.
      socket.send(datagram, there.port, there.host, () => undefined);
    }, delayMs());
  });
  socket.bind(own);
}

function relayStreams([, own, host, to]: z.infer<typeof tcpRoute>): void {
  createServer((near) => {
    const far = connect({ host, port: to });
    delay(near, far);
    delay(far, near);
  }).listen(own);
}

/** Hands on in order, the end included: what comes later is never due earlier. */
function delay(from: Socket, into: Socket): void {
  const queue: { readonly dueMs: number; readonly chunk: Buffer | null }[] = [];
  let queuedBytes = 0;
  let passedMs = 0;
  let lastDueMs = 0;
  let timer: NodeJS.Timeout | null = null;
  const take = (chunk: Buffer | null): void => {
    const bytes = chunk?.length ?? 0;
    passedMs = Math.max(passedMs, performance.now()) + (bad ? (bytes * 1_000) / bytesPerSecond : 0);
    lastDueMs = Math.max(lastDueMs, passedMs + delayMs());
    queue.push({ dueMs: lastDueMs, chunk });
    queuedBytes += bytes;
    if (queuedBytes > QUEUED_BYTES_MAX) from.pause();
    wake();
  };
  const wake = (): void => {
    const next = queue[0];
    if (timer !== null || next === undefined) return;
    timer = setTimeout(
      () => {
        timer = null;
        hand();
      },
      Math.max(1, next.dueMs - performance.now()),
    );
  };
  const hand = (): void => {
    while (queue[0] !== undefined && queue[0].dueMs <= performance.now()) {
      const chunk = queue.shift()?.chunk ?? null;
      if (chunk === null) into.destroySoon();
      else if (into.writable) into.write(chunk);
      queuedBytes -= chunk?.length ?? 0;
    }
    // A timer may be early by a fraction of a millisecond: then it waits for the rest.
    wake();
    // As a network does, it takes no more than the other end accepts.
    if (queuedBytes <= QUEUED_BYTES_MAX && !into.writableNeedDrain) from.resume();
  };
  from.setNoDelay(true);
  from.on("data", take);
  // Whatever it was, `close` follows.
  from.on("error", () => undefined);
  from.on("close", () => take(null));
  into.on("drain", hand);
}

for (const route of routes) {
  const parts = route.split(":");
  if (parts[0] === "udp") relayDatagrams(udpRoute.parse(parts));
  else relayStreams(tcpRoute.parse(parts));
}
