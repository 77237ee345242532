import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeMultiStream, encode } from "@msgpack/msgpack";

type Peer = { readonly socket: Socket; nextId: number; readonly pending: Map<number, { from: Peer; id: unknown }> };

/**
 * A router that behaves as arduino-router was measured to: unframed MessagePack-RPC on a unix socket, ids remapped,
 * order not kept, no answer when a provider dies mid-call, errors as [code, text], `$/register` only as a request,
 * 0xC1 ends the connection, no limit on what it queues for a peer that does not read.
 */
export class StandInRouter {
  readonly dir: string;
  readonly socketPath: string;
  #server: Server | null = null;
  /** How many requests came for each method. */
  readonly asked = new Map<string, number>();
  readonly #peers = new Set<Peer>();
  readonly #methods = new Map<string, Peer>();

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), "trader-router-"));
    this.socketPath = join(this.dir, "router.sock");
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  /** As SIGTERM does: the file goes, every connection is closed. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const peer of this.#peers) peer.socket.destroy();
    if (server) await new Promise<void>((resolve) => void server.close(() => resolve()));
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  provides(method: string): boolean {
    return this.#methods.has(method);
  }

  /** Every client reads again what it should not. */
  garbage(bytes: Uint8Array): void {
    for (const peer of this.#peers) peer.socket.write(bytes);
  }

  #accept(socket: Socket): void {
    const peer: Peer = { socket, nextId: 1, pending: new Map() };
    this.#peers.add(peer);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#peers.delete(peer);
      for (const [method, provider] of this.#methods) if (provider === peer) this.#methods.delete(method);
    });
    void this.#read(peer);
  }

  async #read(peer: Peer): Promise<void> {
    try {
      for await (const message of decodeMultiStream(peer.socket)) {
        // A thread for each message: which of two is handled first is chance.
        const turns = Math.floor(Math.random() * 3);
        this.#later(turns, () => this.#handle(peer, message));
      }
    } catch {
      // 0xC1, or a connection that was cut.
    }
    peer.socket.destroy();
  }

  #later(turns: number, work: () => void): void {
    if (turns === 0) work();
    else setImmediate(() => this.#later(turns - 1, work));
  }

  #handle(peer: Peer, message: unknown): void {
    if (!Array.isArray(message)) return;
    const fields: readonly unknown[] = message;
    if (fields[0] === 0) return this.#request(peer, fields);
    if (fields[0] === 1) {
      const call = typeof fields[1] === "number" ? peer.pending.get(fields[1]) : undefined;
      if (call === undefined || typeof fields[1] !== "number") return;
      peer.pending.delete(fields[1]);
      return this.#send(call.from, [1, call.id, fields[2], fields[3]]);
    }
    if (fields[0] === 2 && typeof fields[1] === "string") {
      const provider = this.#methods.get(fields[1]);
      if (provider) this.#send(provider, [2, fields[1], fields[2]]);
    }
  }

  #request(peer: Peer, [, id, method, params]: readonly unknown[]): void {
    const refuse = (code: number, text: string): void => this.#send(peer, [1, id, [code, text], null]);
    if (typeof method !== "string" || !Array.isArray(params)) return refuse(1, "invalid params");
    this.asked.set(method, (this.asked.get(method) ?? 0) + 1);
    if (method === "$/version") return this.#send(peer, [1, id, null, "stand-in"]);
    if (method === "$/reset") {
      for (const [name, provider] of this.#methods) if (provider === peer) this.#methods.delete(name);
      return this.#send(peer, [1, id, null, true]);
    }
    if (method === "$/register") {
      const name: unknown = params[0];
      if (typeof name !== "string") return refuse(1, "invalid params: only one string is expected");
      if (this.#methods.has(name)) return refuse(5, `route already exists: ${name}`);
      this.#methods.set(name, peer);
      return this.#send(peer, [1, id, null, true]);
    }
    const provider = this.#methods.get(method);
    if (!provider) return refuse(2, `method ${method} not available`);
    const forwarded = provider.nextId++;
    provider.pending.set(forwarded, { from: peer, id });
    this.#send(provider, [0, forwarded, method, params]);
  }

  #send(peer: Peer, message: readonly unknown[]): void {
    if (!peer.socket.destroyed) peer.socket.write(encode(message));
  }
}
