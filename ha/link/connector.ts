import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { networkInterfaces } from "node:os";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { tlsNameOf } from "../io/pki.ts";
import { answer } from "./http-body.ts";
import { hasKey } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { fullBucket, take } from "./pacing.ts";
import type { Pace } from "./pacing.ts";
import { awayView, watchPeer } from "./peer-watch.ts";
import type { PeerView, RosterPort, Sending } from "./peer-watch.ts";

/** Generous: below 100 Mbit/s with room for heartbeats, and more than a day's ledger in each second. */
export const DEFAULT_PACE: Pace = { perSecond: 8 * 1024 * 1024, burst: 1024 * 1024 };
/** Under Litestream's own 30 s, so that it hears from us and not from its clock. */
const FORWARD_LIMIT_MS = 25_000;
const FORWARDED = ["content-length", "content-type", "depth", "range", "overwrite"];

/** What a connector stands on; `user` and `password` are what Litestream shows on loopback. */
export type ConnectorParts = {
  identity: Identity;
  user: string;
  password: string;
  pace?: Pace;
  onPeer: (view: PeerView) => void;
  roster: RosterPort;
  log: Logger;
};

/** `carrying` ends what is under way; `abort` the whole of it. */
type Active = { sending: Sending; abort: AbortController; carrying: AbortController; view: PeerView };

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * The primary's end of the replica: plain HTTP for Litestream on loopback, carried to the peer's receiver over mutual
 * TLS. Answers the start-up probe itself, and 503 while no peer receives exactly our epoch.
 */
export class Connector {
  readonly #parts: ConnectorParts;
  readonly #expected: Buffer;
  readonly #server: Server;
  readonly #pace: Pace;
  readonly #traffic: Agent;
  readonly #polls: Agent;
  #bucket;
  #active: Active | null = null;

  constructor(parts: ConnectorParts) {
    this.#parts = parts;
    this.#pace = parts.pace ?? DEFAULT_PACE;
    this.#bucket = fullBucket(this.#pace, performance.now());
    this.#expected = digest(`Basic ${Buffer.from(`${parts.user}:${parts.password}`).toString("base64")}`);
    const tls = {
      key: parts.identity.keyPem,
      cert: parts.identity.certificatePem,
      ca: parts.identity.caPem,
      minVersion: "TLSv1.3" as const,
      keepAlive: true,
    };
    this.#traffic = new Agent({ ...tls, maxSockets: 8, maxFreeSockets: 4 });
    // Connections of their own: a large upload must not make the peer look away.
    this.#polls = new Agent({ ...tls, maxSockets: 2, maxFreeSockets: 1 });
    this.#server = createServer({ maxHeaderSize: 8192, keepAliveTimeout: 65_000 }, (request, response) => {
      void this.#handle(request, response);
    });
    this.#server.maxConnections = 32;
  }

  /** Listens on an ephemeral loopback port and resolves to it. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Carries this epoch to this peer from now on; what was under way to another is cut off. */
  send(sending: Sending): void {
    if (JSON.stringify(sending) === JSON.stringify(this.#active?.sending)) return;
    this.sendStop();
    const active: Active = {
      sending,
      abort: new AbortController(),
      carrying: new AbortController(),
      view: awayView("not asked yet"),
    };
    this.#active = active;
    const onView = (view: PeerView): void => {
      if (active.view.receiving && !view.receiving) {
        // On a cut wire it would hang until long after the peer is back, and Litestream with it.
        active.carrying.abort();
        active.carrying = new AbortController();
      }
      active.view = view;
      this.#dropStranded();
      this.#parts.onPeer(view);
    };
    const self = { name: this.#parts.identity.name, roster: this.#parts.roster };
    watchPeer(sending, self, this.#polls, onView, active.abort.signal).catch((error: unknown) =>
      this.#parts.log.error({ err: error }, "connector: the watch of the peer ended"),
    );
  }

  /** Ends connections from an address that this machine no longer has: nothing comes back on them, and nobody says so. */
  #dropStranded(): void {
    const own = new Set(Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []));
    for (const sockets of [...Object.values(this.#traffic.sockets), ...Object.values(this.#traffic.freeSockets)]) {
      for (const socket of sockets ?? []) {
        if (socket.localAddress !== undefined && !own.has(socket.localAddress)) socket.destroy();
      }
    }
  }

  /** This node sends no replica: requests under way are cut off, further ones get 503. */
  sendStop(): void {
    this.#active?.abort.abort();
    this.#active = null;
  }

  async stop(): Promise<void> {
    this.sendStop();
    this.#traffic.destroy();
    this.#polls.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ""), this.#expected)) {
      return answer(request, response, 401, "", { "www-authenticate": 'Basic realm="trader"' });
    }
    if (request.method === "OPTIONS") return answer(request, response, 200, "", { dav: "1" });
    const active = this.#active;
    if (active === null) return answer(request, response, 503, "this node sends no replica now\n");
    if (!(request.url ?? "").startsWith(`/e/${active.sending.epoch}/`)) {
      return answer(request, response, 403, `only epoch ${active.sending.epoch} is sent\n`);
    }
    if (!active.view.receiving) return answer(request, response, 503, `${active.view.reason}\n`);
    // Litestream asks before every file, and the receiver makes the folder of a file itself: a way to the peer and back
    // less for each, which on a bad network is what decides whether the replica keeps up.
    if (request.method === "MKCOL") return answer(request, response, 405, "there already\n");
    try {
      await this.#forward(request, response, active);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn({ reason, method: request.method, url: request.url }, "connector: not carried over");
      if (!request.destroyed && !response.headersSent) answer(request, response, 502, `${reason}\n`);
      else response.destroy();
    }
    return undefined;
  }

  async #forward(request: IncomingMessage, response: ServerResponse, active: Active): Promise<void> {
    const { peer } = active.sending;
    const headers: Record<string, string> = {};
    for (const name of FORWARDED) {
      const value = request.headers[name];
      if (typeof value === "string") headers[name] = value;
    }
    const { abort, carrying } = active;
    const limit = AbortSignal.any([abort.signal, carrying.signal, AbortSignal.timeout(FORWARD_LIMIT_MS)]);
    const answered = Promise.withResolvers<IncomingMessage>();
    const upstream = httpsRequest(
      {
        host: peer.host,
        port: peer.port,
        servername: tlsNameOf(peer.name),
        checkServerIdentity: hasKey(peer.id),
        path: request.url,
        method: request.method,
        headers,
        agent: this.#traffic,
        signal: limit,
      },
      answered.resolve,
    );
    upstream.on("error", answered.reject);
    const sent = pipeline(request, this.#pacer(limit), upstream);
    // An answer may come before the body is through (a fence, for one); then the answer is what counts.
    sent.catch(answered.reject);
    const reply = await answered.promise;
    response.writeHead(reply.statusCode ?? 502, replyHeaders(reply));
    await pipeline(reply, response);
  }

  #pacer(signal: AbortSignal): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const { bucket, waitMs } = take(this.#bucket, this.#pace, chunk.length, performance.now());
        this.#bucket = bucket;
        if (waitMs < 1) done(null, chunk);
        else delay(waitMs, undefined, { signal }).then(() => done(null, chunk), done);
      },
    });
  }
}

function replyHeaders(reply: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(reply.headers)) {
    if (typeof value === "string" && !["connection", "keep-alive", "transfer-encoding"].includes(name)) {
      headers[name] = value;
    }
  }
  return headers;
}
