import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { DemoError } from "./options.ts";
import { OFFSETS, type PlannedPort } from "./plan.ts";

const HOST = "127.0.0.1";
const RANGE = 300;
/** Below the ports that systems hand out by themselves. */
const FIRST = 18_000;
const RANGES = 40;

/** The first of these ports that somebody else has, or null. */
export async function takenPort(ports: readonly PlannedPort[]): Promise<PlannedPort | null> {
  for (const planned of ports) {
    if (!(await tcpFree(planned.port)) || (planned.udp && !(await udpFree(planned.port)))) return planned;
  }
  return null;
}

/**
 * The first base port, from one that `start` chooses, whose whole range is free; throws when there is none.
 * `portsOf` gives the ports of a base.
 */
export async function freeBasePort(
  start: number,
  portsOf: (basePort: number) => readonly PlannedPort[],
): Promise<number> {
  for (let tried = 0; tried < RANGES; tried += 1) {
    const basePort = FIRST + ((start + tried) % RANGES) * RANGE;
    if ((await takenPort(portsOf(basePort))) === null) return basePort;
  }
  const span = `${FIRST} to ${FIRST + RANGES * RANGE}`;
  throw new DemoError(`no free range of ${OFFSETS.witness + 1} ports from ${span}: name one with --base-port.`);
}

async function tcpFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ port, host: HOST, exclusive: true });
  return heard(once(server, "listening"), async () => {
    server.close();
    await once(server, "close");
  });
}

async function udpFree(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  socket.bind({ port, address: HOST, exclusive: true });
  return heard(once(socket, "listening"), async () => {
    socket.close();
    await once(socket, "close");
  });
}

async function heard(listening: Promise<unknown>, close: () => Promise<void>): Promise<boolean> {
  try {
    await listening;
  } catch {
    return false;
  }
  await close();
  return true;
}
