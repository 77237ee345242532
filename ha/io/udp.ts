import type { RemoteInfo } from "node:dgram";
import { isIP } from "node:net";
import { lookup } from "node:dns/promises";
import type { Logger } from "pino";
import type { Message, Name } from "../core/messages.ts";
import { type Address, AddressBook } from "./address-book.ts";
import { errorCode } from "./durable-file.ts";
import type { RosterNotice, Stamp } from "./message-schema.ts";
import type { Roster } from "./node-files.ts";
import type { UdpSocket } from "./udp-socket.ts";
import { type WireIdentity, type WireRefusal, decode, encode } from "./wire.ts";

const REPORT_EVERY_MS = 60_000;
const LOOKUP_EVERY_MS = 30_000;
const HEARD_WITHIN_MS = 5_000;
/** A roster is offered to the same name this often at most, and to so many names. */
const NOTICE_EVERY_MS = 1_000;
const NOTICED_MAX = 16;

/** Who belongs to the cluster, as the heartbeats need to know it. */
export type RosterDesk = {
  readonly current: Roster;
  readonly stamp: () => Stamp;
  /** Whether this name with this key is a member. */
  readonly admits: (from: Name, stamp: Stamp) => boolean;
  /** A member has said which roster it has. */
  readonly heard: (from: Name, stamp: Stamp) => void;
  /** Somebody offers its roster, which may be newer; false: it was not taken. */
  readonly offered: (from: Name, stamp: Stamp, roster: Roster) => boolean;
};

export type UdpOptions = {
  readonly identity: WireIdentity;
  readonly roster: RosterDesk;
  readonly nowMs: () => number;
  readonly onMessage: (message: Message) => void;
  readonly logger?: Logger;
};

/** Everything that these heartbeats counted since they were made. */
export type UdpCounters = {
  readonly received: number;
  readonly sent: number;
  /** Messages to a member of whom no address is known. */
  readonly unreachable: number;
  readonly sendErrors: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<UdpRefusal, number>>;
};

/** `not-a-member`: signed with the cluster's secret by one that is not, or no longer, in the roster. */
export type UdpRefusal = WireRefusal | "not-a-member";

/**
 * The heartbeats of one member: signs and sends to every known address of a member, checks what comes in.
 * A flood costs a turn of the loop at most 32 datagrams, which is where libuv goes on to timers and other sockets,
 * and nothing is queued or logged for a single one.
 */
export class UdpPort {
  readonly #options: UdpOptions;
  readonly #socket: UdpSocket;
  readonly #book = new AddressBook();
  readonly #names = new Map<Name, readonly Address[]>();
  /** Members that are heard at another address than the roster's. */
  readonly #moved = new Map<Name, string>();
  readonly #sendErrors: Record<string, number> = {};
  readonly #refused: Record<UdpRefusal, number> = {
    "too-large": 0,
    version: 0,
    "foreign-cluster": 0,
    "bad-signature": 0,
    malformed: 0,
    own: 0,
    misaddressed: 0,
    "not-a-member": 0,
  };
  readonly #refusedMs = new Map<UdpRefusal, number>();
  readonly #noticed = new Map<Name, number>();
  #received = 0;
  #sent = 0;
  #unreachable = 0;
  #reported = "";
  #lookingUp = false;
  #lookUpAgain = false;
  #runs = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(socket: UdpSocket, options: UdpOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Takes this cluster's datagrams from now on; the socket runs, or will. */
  run(): void {
    this.#runs = true;
    this.#socket.take(this.#options.identity.cluster, {
      datagram: (datagram, from) => this.#receive(datagram, from),
      error: (error) => this.#countSendError(error),
    });
    this.#every(REPORT_EVERY_MS, () => this.#report());
    this.#every(LOOKUP_EVERY_MS, () => void this.#lookUpNames());
    void this.#lookUpNames();
  }

  /** Nothing is delivered or sent afterwards. */
  stop(): void {
    if (this.#runs) this.#socket.leave(this.#options.identity.cluster);
    this.#runs = false;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /**
   * Replaces where the roster says that `name` is. Host names are resolved in the background, one at a time, and their
   * last known address stays: a slow resolver never holds up a heartbeat.
   */
  setAddresses(name: Name, addresses: readonly Address[]): void {
    if (addresses.some(({ host }) => isIP(host) === 0)) {
      this.#names.set(name, addresses);
      this.#book.expect(name);
      void this.#lookUpNames();
      return;
    }
    this.#names.delete(name);
    this.#book.set(name, addresses);
  }

  /** Somebody says that `name` is there: worth a signed question for a minute, if it is a member at all. */
  hint(name: Name, address: Address): void {
    this.#book.hint(name, address, this.#options.nowMs());
  }

  /** Where `name` is now, by its signed datagrams of the last seconds; `rosterHost` until it is heard elsewhere only. */
  whereIs(name: Name, rosterHost: string): string {
    const present = this.#moved.get(name) ?? rosterHost;
    const host = this.#book.follow(name, present, HEARD_WITHIN_MS, this.#options.nowMs());
    if (host === rosterHost) this.#moved.delete(name);
    else this.#moved.set(name, host);
    return host;
  }

  /** When a signed datagram of `name` came last; null: not within the last minute. */
  heardMs(name: Name): number | null {
    return this.#book.heardMs(name, this.#options.nowMs());
  }

  /** Sends one message to all known addresses of its `to`. Never throws and never waits: UDP promises nothing. */
  send(message: Message): void {
    const addresses = this.#book.of(message.to, this.#options.nowMs());
    if (this.#runs && addresses.length === 0) this.#unreachable += 1;
    this.#sendTo(message, addresses);
  }

  /** Shows the present roster to a member, newer than its own or not: it learns where this one is. */
  greet(name: Name): void {
    this.#offer(name, this.#book.of(name, this.#options.nowMs()));
  }

  #sendTo(message: Message | RosterNotice, addresses: readonly Address[]): void {
    if (!this.#runs) return;
    const { identity, roster, logger } = this.#options;
    let datagram: Buffer;
    try {
      datagram = encode(message, identity, roster.stamp());
    } catch (error) {
      logger?.error({ err: error, kind: message.kind }, "a message could not be sent");
      this.#countSendError(error);
      return;
    }
    for (const address of addresses) {
      this.#socket.send(datagram, address, (error) => {
        if (error === null) this.#sent += 1;
        else this.#countSendError(error);
      });
    }
  }

  /** Why datagrams were refused within the last seconds. */
  refusals(): readonly UdpRefusal[] {
    const sinceMs = this.#options.nowMs() - HEARD_WITHIN_MS;
    return [...this.#refusedMs].filter(([, atMs]) => atMs >= sinceMs).map(([reason]) => reason);
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
    const { identity, roster, nowMs, onMessage } = this.#options;
    const decoded = decode(datagram, identity);
    if (decoded.kind === "refused") return this.#refuse(decoded.reason);
    const { message, stamp } = decoded;
    const { from } = message;
    const member = roster.admits(from, stamp);
    const taken = message.kind === "roster" && roster.offered(from, stamp, message.roster);
    if (!member && !taken) {
      this.#refuse("not-a-member");
      // One that was retired while it was away learns it so.
      if (stamp.roster < roster.current.version) this.#offer(from, [{ host: address, port }]);
      return;
    }
    this.#received += 1;
    this.#book.learn(from, { host: address, port }, nowMs());
    roster.heard(from, stamp);
    if (message.kind === "roster") return;
    if (stamp.roster < roster.current.version) this.#offer(from, this.#book.of(from, nowMs()));
    onMessage(message);
  }

  #refuse(reason: UdpRefusal): void {
    this.#refused[reason] += 1;
    this.#refusedMs.set(reason, this.#options.nowMs());
  }

  #offer(to: Name, addresses: readonly Address[]): void {
    const nowMs = this.#options.nowMs();
    if (nowMs < (this.#noticed.get(to) ?? Number.NEGATIVE_INFINITY) + NOTICE_EVERY_MS) return;
    if (this.#noticed.size >= NOTICED_MAX) this.#noticed.clear();
    this.#noticed.set(to, nowMs);
    const { identity, roster } = this.#options;
    this.#sendTo({ kind: "roster", from: identity.name, to, roster: roster.current }, addresses);
  }

  async #lookUpNames(): Promise<void> {
    this.#lookUpAgain = true;
    if (this.#lookingUp || !this.#runs) return;
    this.#lookingUp = true;
    while (this.#lookUpAgain) {
      this.#lookUpAgain = false;
      for (const [name, addresses] of this.#names) {
        const found = await this.#resolve(addresses);
        const unchanged = this.#names.get(name) === addresses;
        if (unchanged && found.length > 0) this.#book.set(name, found);
      }
    }
    this.#lookingUp = false;
  }

  async #resolve(addresses: readonly Address[]): Promise<Address[]> {
    const { family } = this.#socket;
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
