import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

const connack = Buffer.from([0x20, 0x02, 0x00, 0x00]);

/** Just enough of an MQTT 3.1.1 broker: takes a connection, and keeps what is published with QoS 0. */
export class FakeBroker {
  readonly received: { readonly topic: string; readonly payload: string; readonly retain: boolean }[] = [];
  /** `silent` never answers a CONNECT, `deaf` answers it and reads nothing more. */
  behaviour: "take" | "silent" | "deaf" = "take";
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  port = 0;

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async start(): Promise<void> {
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  get open(): number {
    return this.#sockets.size;
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let packet = first(rest); packet !== null; packet = first(rest)) {
        rest = rest.subarray(packet.bytes);
        this.#hear(socket, packet.type, packet.body);
      }
    });
  }

  #hear(socket: Socket, type: number, body: Buffer): void {
    if (type >> 4 === 1 && this.behaviour !== "silent") socket.write(connack);
    if (type >> 4 === 1 && this.behaviour === "deaf") socket.pause();
    if (type >> 4 !== 3) return;
    const topicBytes = body.readUInt16BE(0);
    const topic = body.subarray(2, 2 + topicBytes).toString();
    this.received.push({ topic, payload: body.subarray(2 + topicBytes).toString(), retain: (type & 1) === 1 });
  }
}

/** The first whole packet of a stream; null while it is not whole. */
function first(from: Buffer): { type: number; body: Buffer; bytes: number } | null {
  let length = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = from[at];
    if (byte === undefined) return null;
    length += (byte & 0x7f) << (7 * (at - 1));
    if ((byte & 0x80) !== 0) continue;
    const end = at + 1 + length;
    return from.length < end ? null : { type: from[0] ?? 0, body: from.subarray(at + 1, end), bytes: end };
  }
  return null;
}
