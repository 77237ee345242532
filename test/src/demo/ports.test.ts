import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import { freeBasePort, takenPort } from "../../../src/demo/ports.ts";

const planned = (port: number, udp: boolean) => ({ port, udp, use: "the test" });

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not TCP");
  return { server, port: address.port };
}

test("a port that is taken by TCP, or by UDP where UDP is wanted, is found", async () => {
  const { server, port: tcp } = await listen();
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const udp = socket.address().port;
  try {
    expect(await takenPort([planned(tcp, false)])).toMatchObject({ port: tcp });
    expect(await takenPort([planned(udp, true)])).toMatchObject({ port: udp });
  } finally {
    server.close();
    socket.close();
  }
  expect(await takenPort([planned(tcp, true)])).toBeNull();
});

test("a range with one taken port is passed over", async () => {
  const tried: number[] = [];
  const { server, port: taken } = await listen();
  try {
    const base = await freeBasePort(0, (basePort) => {
      tried.push(basePort);
      return tried.length === 1 ? [planned(taken, false)] : [];
    });
    expect(tried.length).toBe(2);
    expect(base).toBe(tried[1]);
  } finally {
    server.close();
  }
});

test("no free range at all is one clear sentence", async () => {
  const { server, port: taken } = await listen();
  try {
    await expect(freeBasePort(0, () => [planned(taken, false)])).rejects.toThrow(/name one with --base-port/);
  } finally {
    server.close();
  }
});
