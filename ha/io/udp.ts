import { type RemoteInfo, type Socket, createSocket } from "node:dgram";
import { once } from "node:events";
import { isIP, isIPv6 } from "node:net";
import { lookup } from "node:dns/promises";
import type { Logger } from "pino";
import type { Message, Name } from "../core/messages.ts";
import { type Address, AddressBook } from "./address-book.ts";
import { bindFailure } from "./bind-failure.ts";
import { errorCode } from "./durable-file.ts";
import { type WireIdentity, type WireRefusal, decode, encode } from "./wire.ts";

const REPORT_EVERY_MS = 60_000;
const LOOKUP_EVERY_MS = 30_000;
const HEARD_WITHIN_MS = 5_000;

export type UdpOptions = {
  readonly identity: WireIdentity;
  /** The address to listen on; 0.0.0.0 or :: for all. */
  readonly host: string;
  /** 0: any free one, see `address()`. */
  readonly port: number;
  readonly nowMs: () => number;
  readonly onMessage: (message: Message) => void;
  readonly logger?: Logger;
};

/** Everything that this port counted since it was made. */
export type UdpCounters = {
  readonly received: number;
  readonly sent: number;
  /** Messages to a member of whom no address is known. */
  readonly unreachable: number;
  readonly sendErrors: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<WireRefusal, number>>;
};

/**
 * The heartbeats' socket: signs and sends to every known address of a member, checks what comes in.
 * A flood costs a turn of the loop at most 32 datagrams, which is where libuv goes on to timers and other sockets,
 * and nothing is queued or logged for a single one.
 */
export class UdpPort {
  readonly #options: UdpOptions;
  readonly #book = new AddressBook();
  readonly #names = new Map<Name, readonly Address[]>();
  /** Members that are heard at another address than the roster's. */
  readonly #moved = new Map<Name, string>();
  readonly #sendErrors: Record<string, number> = {};
  readonly #refused: Record<WireRefusal, number> = {
    "too-large": 0,
    version: 0,
    "foreign-cluster": 0,
    "bad-signature": 0,
    malformed: 0,
    own: 0,
    misaddressed: 0,
  };
  #received = 0;
  #sent = 0;
  #unreachable = 0;
  #reported = "";
  #lookingUp = false;
  #lookUpAgain = false;
  #socket: Socket | null = null;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: UdpOptions) {
    this.#options = options;
  }

  /** Binds; resolves when datagrams come in, rejects with one clear sentence when the port is not to be had. */
  async run(): Promise<void> {
    const { host, port } = this.#options;
    const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: 1 << 18 });
    const listening = once(socket, "listening");
    socket.bind({ address: host, port });
    try {
      await listening;
    } catch (cause) {
      socket.close();
      throw new Error(bindFailure(`UDP ${host}:${port}`, cause), { cause });
    }
    this.#socket = socket;
    socket.on("error", (error) => this.#countSendError(error));
    socket.on("message", (datagram, from) => this.#receive(datagram, from));
    this.#every(REPORT_EVERY_MS, () => this.#report());
    this.#every(LOOKUP_EVERY_MS, () => void this.#lookUpNames());
    void this.#lookUpNames();
  }

  /** Closes the socket; nothing is delivered or sent afterwards. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    if (socket === null) return;
    const closed = once(socket, "close");
    socket.close();
    await closed;
  }

  /** Where it listens; throws when it does not. */
  address(): Address {
    if (this.#socket === null) throw new Error("the UDP port is not open");
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  /**
   * Replaces what `source` says of where `name` is. Host names are resolved in the background, one at a time, and
   * their last known address stays: a slow resolver never holds up a heartbeat.
   */
  setAddresses(name: Name, addresses: readonly Address[], source: "roster" | "hint" = "roster"): void {
    const named = source === "roster" && addresses.some(({ host }) => isIP(host) === 0);
    if (named) {
      this.#names.set(name, addresses);
      void this.#lookUpNames();
      return;
    }
    if (source === "roster") this.#names.delete(name);
    this.#book.set(name, source, addresses, this.#options.nowMs());
  }

  /** Where `name` is now, by its signed datagrams of the last seconds; `rosterHost` until it is heard elsewhere only. */
  whereIs(name: Name, rosterHost: string): string {
    const present = this.#moved.get(name) ?? rosterHost;
    const host = this.#book.follow(name, present, HEARD_WITHIN_MS, this.#options.nowMs());
    if (host === rosterHost) this.#moved.delete(name);
    else this.#moved.set(name, host);
    return host;
  }

  /** Sends one message to all known addresses of its `to`. Never throws and never waits: UDP promises nothing. */
  send(message: Message): void {
    const socket = this.#socket;
    if (socket === null) return;
    const addresses = this.#book.of(message.to, this.#options.nowMs());
    if (addresses.length === 0) this.#unreachable += 1;
    let datagram: Buffer;
    try {
      datagram = encode(message, this.#options.identity);
    } catch (error) {
      this.#options.logger?.error({ err: error, kind: message.kind }, "a message could not be sent");
      this.#countSendError(error);
      return;
    }
    for (const { host, port } of addresses) {
      if (isIPv6(host) !== isIPv6(this.#options.host)) continue;
      socket.send(datagram, port, host, (error) => {
        if (error === null) this.#sent += 1;
        else this.#countSendError(error);
      });
    }
  }

  counters(): UdpCounters {
    return {
      received: this.#received,
      sent: this.#sent,
      unreachable: this.#unreachable,
      sendErrors: { ...this.#sendErrors },
      refused: { ...this.#refused },
    };
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    if (this.#socket === null) return;
    const decoded = decode(datagram, this.#options.identity);
    if (decoded.kind === "refused") {
      this.#refused[decoded.reason] += 1;
      return;
    }
    this.#received += 1;
    this.#book.learn(decoded.message.from, { host: address, port }, this.#options.nowMs());
    this.#options.onMessage(decoded.message);
  }

  async #lookUpNames(): Promise<void> {
    this.#lookUpAgain = true;
    if (this.#lookingUp || this.#socket === null) return;
    this.#lookingUp = true;
    while (this.#lookUpAgain) {
      this.#lookUpAgain = false;
      for (const [name, addresses] of this.#names) {
        const found = await this.#resolve(addresses);
        const unchanged = this.#names.get(name) === addresses;
        if (unchanged && found.length > 0) this.#book.set(name, "roster", found, this.#options.nowMs());
      }
    }
    this.#lookingUp = false;
  }

  async #resolve(addresses: readonly Address[]): Promise<Address[]> {
    const family = isIPv6(this.#options.host) ? 6 : 4;
    const found: Address[] = [];
    for (const { host, port } of addresses) {
      const literal = isIP(host) === 0 ? await lookup(host, { family }).catch(() => null) : { address: host };
      if (literal !== null) found.push({ host: literal.address, port });
    }
    return found;
  }

  #report(): void {
    const { refused, sendErrors } = this.counters();
    const text = JSON.stringify({ refused, sendErrors });
    const bad = Object.values(refused).some((n) => n > 0) || Object.keys(sendErrors).length > 0;
    if (bad && text !== this.#reported) this.#options.logger?.warn({ refused, sendErrors }, "heartbeats: not all well");
    this.#reported = text;
  }

  #countSendError(error: unknown): void {
    const code = errorCode(error) ?? "other";
    this.#sendErrors[code] = (this.#sendErrors[code] ?? 0) + 1;
  }

  #every(ms: number, action: () => void): void {
    const timer = setInterval(action, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}
