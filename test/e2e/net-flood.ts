import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { z } from "zod";

/** `net-flood.ts PORT PER_SECOND DURATION_MS CLUSTER`: foreign datagrams at a loopback port; prints how many were sent. */

const TICK_MS = 5;
const count = z.coerce.number().int().positive();
const [port, perSecond, durationMs] = z.tuple([count, count, count]).parse(process.argv.slice(2, 5));
const cluster = Buffer.from(process.argv[5] ?? "");
const body = Buffer.from(JSON.stringify({ kind: "request", from: "x", to: "y", pad: "z".repeat(500) }));
const head = (name: Buffer): Buffer => Buffer.concat([Buffer.from([1, name.length]), name]);

/** Noise, another cluster's, a forgery that costs a signature to recognise, one that is cut off, one that is too long. */
const datagrams: readonly Buffer[] = [
  randomBytes(200),
  Buffer.concat([head(Buffer.from("neighbours")), randomBytes(32), body]),
  Buffer.concat([head(cluster), randomBytes(32), body]),
  head(cluster),
  Buffer.concat([head(cluster), randomBytes(1_300)]),
];

const socket = createSocket("udp4");
const startedMs = performance.now();
let asked = 0;
let sent = 0;
const timer = setInterval(() => {
  const elapsedMs = performance.now() - startedMs;
  // What a busy machine missed is made up for, a hundred ticks' worth at most.
  const due = Math.min(
    (Math.min(elapsedMs, durationMs) / 1_000) * perSecond - asked,
    (perSecond / 1_000) * TICK_MS * 100,
  );
  for (let n = 0; n < due; n += 1) {
    const datagram = datagrams[asked % datagrams.length] ?? body;
    asked += 1;
    socket.send(datagram, port, "127.0.0.1", (error) => {
      if (error === null) sent += 1;
    });
  }
  if (elapsedMs < durationMs) return;
  clearInterval(timer);
  socket.close(() => process.stdout.write(`${sent}\n`));
}, TICK_MS);
