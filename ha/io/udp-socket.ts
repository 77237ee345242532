import { type RemoteInfo, type Socket, createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Logger } from "pino";
import { bindFailure } from "./bind-failure.ts";
import type { Address } from "./address-book.ts";
import { PacedLog } from "./paced-log.ts";
import { clusterOf } from "./wire.ts";

/** Who takes the datagrams of one cluster. */
export type Taker = {
  readonly datagram: (datagram: Buffer, from: RemoteInfo) => void;
  readonly error: (error: unknown) => void;
};

/**
 * One UDP port, shared by the members that this process is: each takes the datagrams that name its cluster.
 * Those that name none of them go to the first, who counts them.
 */
export class UdpSocket {
  readonly #host: string;
  readonly #port: number;
  readonly #paced: PacedLog;
  readonly #takers = new Map<string, Taker>();
  #socket: Socket | null = null;

  /** `host`: the address to listen on, 0.0.0.0 or :: for all. `port` 0: any free one, see `address()`. */
  constructor(host: string, port: number, log?: Logger) {
    this.#host = host;
    this.#port = port;
    this.#paced = new PacedLog(log);
  }

  /** Binds; resolves when datagrams come in, rejects with one clear sentence when the port is not to be had. */
  async run(): Promise<void> {
    const socket = createSocket({ type: isIPv6(this.#host) ? "udp6" : "udp4", recvBufferSize: 1 << 18 });
    const listening = once(socket, "listening");
    socket.bind({ address: this.#host, port: this.#port });
    try {
      await listening;
    } catch (cause) {
      socket.close();
      throw new Error(bindFailure(`UDP ${this.#host}:${this.#port}`, cause), { cause });
    }
    this.#socket = socket;
    socket.on("error", (error) => {
      for (const taker of this.#takers.values()) taker.error(error);
    });
    socket.on("message", (datagram, from) => this.#dispatch(datagram, from));
  }

  /** Closes the port; nothing is taken or sent afterwards. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    const closed = once(socket, "close");
    socket.close();
    await closed;
  }

  get family(): 4 | 6 {
    return isIPv6(this.#host) ? 6 : 4;
  }

  /** Where it listens; null when it does not. */
  get address(): Address | null {
    if (this.#socket === null) return null;
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  take(cluster: string, taker: Taker): void {
    this.#takers.set(cluster, taker);
  }

  leave(cluster: string): void {
    this.#takers.delete(cluster);
  }

  /** Never throws and never waits; `done` hears how it went. */
  send(datagram: Buffer, { host, port }: Address, done: (error: Error | null) => void): void {
    if (isIPv6(host) === (this.family === 6)) this.#socket?.send(datagram, port, host, done);
  }

  #dispatch(datagram: Buffer, from: RemoteInfo): void {
    if (this.#socket === null) return;
    const [first] = this.#takers.values();
    const taker = this.#takers.get(clusterOf(datagram) ?? "") ?? first;
    try {
      taker?.datagram(datagram, from);
    } catch (error) {
      // A defect of one cluster's harms no other.
      this.#paced.say("error", { err: error }, "a datagram could not be taken");
    }
  }
}
