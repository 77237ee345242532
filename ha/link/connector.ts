import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { networkInterfaces } from "node:os";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { PacedLog } from "../io/paced-log.ts";
import { tlsNameOf } from "../io/pki.ts";
import { answer } from "./http-body.ts";
import { trustIn } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { fullBucket, take } from "./pacing.ts";
import type { Pace } from "./pacing.ts";
import { awayView, watchPeer, watchRhythm } from "./peer-watch.ts";
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
  /** How long a line may be silent, before what is under way on it is given up. */
  leaseMs: number;
  onPeer: (view: PeerView) => void;
  roster: RosterPort;
  log: Logger;
};

/**
 * `carrying` ends what is under way; `abort` the whole of it. `movedMs`: when an answer came or an upload moved, which on
 * a dead line ends as soon as its buffers are full.
 */
type Active = {
  sending: Sending;
  abort: AbortController;
  carrying: AbortController;
  view: PeerView;
  movedMs: number;
  traffic: Agent;
  polls: Agent;
};

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Connections to one peer, kept for the next request: on a bad line a handshake costs more than what is asked. The
 * check of the peer's key is the agent's, for Node keeps none that was made with a check of a single request.
 */
function connectionsTo(peer: Sending["peer"], identity: Identity) {
  const options = { ...trustIn(peer.id, identity), keepAlive: true };
  return {
    traffic: new Agent({ ...options, maxSockets: 8, maxFreeSockets: 4 }),
    // Connections of their own: a large upload must not make the peer look away.
    polls: new Agent({ ...options, maxSockets: 2, maxFreeSockets: 1 }),
  };
}

/**
 * The primary's end of the replica: plain HTTP for Litestream on loopback, carried to the peer's receiver over mutual
 * TLS. Answers the start-up probe itself, and 503 while no peer receives exactly our epoch.
 */
export class Connector {
  readonly #parts: ConnectorParts;
  readonly #paced: PacedLog;
  readonly #expected: Buffer;
  readonly #server: Server;
  readonly #pace: Pace;
  #bucket;
  #active: Active | null = null;

  constructor(parts: ConnectorParts) {
    this.#parts = parts;
    this.#paced = new PacedLog(parts.log);
    this.#pace = parts.pace ?? DEFAULT_PACE;
    this.#bucket = fullBucket(this.#pace, performance.now());
    this.#expected = digest(`Basic ${Buffer.from(`${parts.user}:${parts.password}`).toString("base64")}`);
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
      movedMs: Number.NEGATIVE_INFINITY,
      ...connectionsTo(sending.peer, this.#parts.identity),
    };
    this.#active = active;
    const onView = (view: PeerView): void => {
      if (active.view.receiving && view.diskId === null) {
        // On a cut wire it would hang until long after the peer is back, and Litestream with it. A peer that answers
        // and has promised something else refuses by itself, with the reason.
        active.carrying.abort();
        active.carrying = new AbortController();
      }
      active.view = view;
      dropStranded(active.traffic);
      this.#parts.onPeer(view);
    };
    const self = { name: this.#parts.identity.name, roster: this.#parts.roster };
    const watched = { onView, movedMs: () => active.movedMs };
    const rhythm = watchRhythm(this.#parts.leaseMs);
    watchPeer(sending, self, active.polls, rhythm, watched, active.abort.signal).catch((error: unknown) =>
      this.#parts.log.error({ err: error }, "connector: the watch of the peer ended"),
    );
  }

  /** This node sends no replica: requests under way are cut off, further ones get 503. */
  sendStop(): void {
    this.#active?.abort.abort();
    this.#active?.traffic.destroy();
    this.#active?.polls.destroy();
    this.#active = null;
  }

  async stop(): Promise<void> {
    this.sendStop();
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
      this.#paced.say("warn", { reason, method: request.method, url: request.url }, "connector: not carried over");
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
        path: request.url,
        method: request.method,
        headers,
        agent: active.traffic,
        signal: limit,
      },
      answered.resolve,
    );
    upstream.on("error", answered.reject);
    const sent = pipeline(request, this.#pacer(limit, active), upstream);
    // An answer may come before the body is through (a fence, for one); then the answer is what counts.
    sent.catch(answered.reject);
    const reply = await answered.promise;
    active.movedMs = performance.now();
    response.writeHead(reply.statusCode ?? 502, replyHeaders(reply));
    await pipeline(reply, response);
  }

  #pacer(signal: AbortSignal, active: Active): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        // A large upload on a thin line leaves the polls little room: what moves is as good as an answer.
        active.movedMs = performance.now();
        const { bucket, waitMs } = take(this.#bucket, this.#pace, chunk.length, performance.now());
        this.#bucket = bucket;
        if (waitMs < 1) done(null, chunk);
        else delay(waitMs, undefined, { signal }).then(() => done(null, chunk), done);
      },
    });
  }
}

/** Ends connections from an address that this machine no longer has: nothing comes back on them, and nobody says so. */
function dropStranded({ sockets, freeSockets }: Agent): void {
  const own = new Set(Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []));
  for (const socket of [...Object.values(sockets), ...Object.values(freeSockets)].flatMap((all) => all ?? [])) {
    if (socket.localAddress !== undefined && !own.has(socket.localAddress)) socket.destroy();
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
