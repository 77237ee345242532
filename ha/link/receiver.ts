import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { errorCode } from "../io/durable-file.ts";
import { rosterSchema } from "../io/node-files.ts";
import { VERSION_HEADER, version } from "../io/version.ts";
import { PacedLog } from "../io/paced-log.ts";
import { refusal } from "./fence.ts";
import { BANDWIDTH_BYTES_MAX, BANDWIDTH_PATH } from "./bandwidth.ts";
import { answer, readBody } from "./http-body.ts";
import { memberOf } from "./identity.ts";
import type { Identity } from "./identity.ts";
import type { RosterPort } from "./peer-watch.ts";
import type { Question, ReceiverState, ReplicaPosition } from "./protocol.ts";
import { QUESTION_PATHS, questionOf } from "./question.ts";
import { parseReplicaPath } from "./replica-path.ts";
import type { ReplicaPath } from "./replica-path.ts";
import { BodyTooLongError } from "./replica-store.ts";
import type { ReplicaStore } from "./replica-store.ts";
import { multistatus, parseRange } from "./webdav.ts";

/** Bounds of a receiver; the defaults suit a small ledger over a slow wire. */
export type ReceiverLimits = {
  maxBodyBytes: number;
  maxSmallBodyBytes: number;
  requestMs: number;
  headersMs: number;
  handshakeMs: number;
  maxConnections: number;
};
const RECEIVER_LIMITS: ReceiverLimits = {
  maxBodyBytes: 128 * 1024 * 1024,
  maxSmallBodyBytes: 16 * 1024,
  requestMs: 60_000,
  headersMs: 5000,
  handshakeMs: 5000,
  maxConnections: 64,
};

/** What a receiver stands on; members are those of the roster of the moment. `join` answers one `POST /join`, or `/join/check`, which changes nothing. */
export type ReceiverParts = {
  identity: Identity;
  store: ReplicaStore;
  roster: RosterPort;
  join: (body: unknown, checkOnly: boolean) => Promise<{ status: number; body: object }>;
  /** What this node's agent says to a member. */
  question: (about: Question) => Promise<{ status: number; body: object }>;
  onReceived: (position: ReplicaPosition) => void;
  log: Logger;
  limits?: Partial<ReceiverLimits>;
};

/**
 * The standby's end of the replica: HTTPS with mutual TLS. Members' requests below `/e/<epoch>/` are taken for the
 * promised epoch and from its holder only [HA-5]; a client without a certificate may do nothing but `POST /join` and `/join/check`.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #limits: ReceiverLimits;
  readonly #server: Server;
  readonly #paced: PacedLog;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#paced = new PacedLog(parts.log);
    this.#limits = { ...RECEIVER_LIMITS, ...parts.limits };
    const { identity } = parts;
    this.#server = createServer(
      {
        key: identity.keyPem,
        // The authority goes along, so that a joiner can compare it with its token's fingerprint.
        cert: identity.certificatePem + identity.caPem,
        ca: identity.caPem,
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: "TLSv1.3",
        handshakeTimeout: this.#limits.handshakeMs,
        requestTimeout: this.#limits.requestMs,
        headersTimeout: this.#limits.headersMs,
        connectionsCheckingInterval: 1000,
        keepAliveTimeout: 65_000,
        maxHeaderSize: 8192,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = this.#limits.maxConnections;
    this.#server.on("tlsClientError", (error) => parts.log.debug({ reason: error.message }, "TLS client refused"));
  }

  /** Listens; resolves to the port. Rejects when the port is taken. */
  async listen(port: number, host?: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, ...(host !== undefined && { host }) }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Closes the port and every connection. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an HTTPS server's sockets are TLS sockets
      const member = memberOf(request.socket as TLSSocket);
      const joins = request.method === "POST" && (request.url === "/join" || request.url === "/join/check");
      if (joins) await this.#join(request, response);
      else if (member === null) answer(request, response, 403, "a certificate of this cluster is needed\n", CLOSE);
      else if (!this.#isMember(member)) answer(request, response, 403, `${member.name} is not in the roster\n`, CLOSE);
      else if (request.url === "/state") this.#state(request, response);
      else if (request.url === BANDWIDTH_PATH) await this.#discard(request, response);
      else if (request.url === "/roster") await this.#roster(request, response);
      else if (QUESTION_PATHS.has(request.url ?? "")) await this.#question(request, response);
      else await this.#replica(request, response, member.name);
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  /** With its present key: a board that was replaced under its own name is none. */
  #isMember({ name, id }: { name: string; id: string }): boolean {
    return this.#parts.roster.current().members.some((member) => member.name === name && member.id === id);
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    // The client went away: its half upload is already removed. A request that was read whole counts as destroyed too.
    if (response.destroyed || request.socket.destroyed) return;
    const status = error instanceof BodyTooLongError ? 413 : errorCode(error) === "ENOSPC" ? 507 : 500;
    const { method, url } = request;
    this.#paced.say("error", { err: error, method, url: url?.slice(0, 200) }, "receiver: request failed");
    answer(request, response, status, "the request failed on this side\n", CLOSE);
  }

  async #join(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readBody(request, this.#limits.maxSmallBodyBytes);
    if (text === null) {
      answer(request, response, 413, '{"error":"The request is too long."}', CLOSE);
      return;
    }
    const result = await this.#parts.join(parseJson(text), request.url === "/join/check");
    // Whoever runs another version can tell so whatever the answer is.
    const headers = { ...CLOSE, [VERSION_HEADER]: version };
    answer(request, response, result.status, JSON.stringify(result.body), headers);
  }

  #state(request: IncomingMessage, response: ServerResponse): void {
    const { store, identity, roster } = this.#parts;
    const state: ReceiverState = {
      node: identity.name,
      diskId: store.diskId,
      fence: store.fence,
      newest: store.newest,
      gap: store.gap,
      rosterVersion: roster.current().version,
    };
    if (request.method === "GET") answer(request, response, 200, JSON.stringify(state));
    else answer(request, response, 405, "only GET\n", { allow: "GET" });
  }

  /** What a member sends to see how fast it arrives. */
  async #discard(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let bytes = 0;
    const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const part of parts) {
      bytes += part.length;
      if (bytes > BANDWIDTH_BYTES_MAX) return answer(request, response, 413, "the probe is too long\n", CLOSE);
    }
    return answer(request, response, 204, "", CLOSE);
  }

  async #roster(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { roster } = this.#parts;
    if (request.method === "GET") return answer(request, response, 200, JSON.stringify(roster.current()));
    if (request.method !== "PUT") return answer(request, response, 405, "GET or PUT\n", { allow: "GET, PUT" });
    const text = await readBody(request, this.#limits.maxSmallBodyBytes);
    const given = rosterSchema.safeParse(parseJson(text ?? ""));
    if (!given.success) return answer(request, response, 400, "not a roster\n", CLOSE);
    roster.take(given.data);
    return answer(request, response, 204);
  }

  async #question(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const about = questionOf(request.method, request.url);
    if (about === null) return answer(request, response, 405, "not a method of this question\n");
    const { status, body } = await this.#parts.question(about);
    return answer(request, response, status, JSON.stringify(body));
  }

  async #replica(request: IncomingMessage, response: ServerResponse, sender: string): Promise<void> {
    const place = parseReplicaPath(request.url ?? "");
    if (place === null) {
      answer(request, response, 400, "not a place in the replica\n");
      return;
    }
    const reason = refusal(this.#parts.store.fence, place.epoch, sender);
    if (reason !== null) {
      answer(request, response, 403, `${reason}\n`);
      return;
    }
    switch (request.method ?? "") {
      case "OPTIONS":
        return answer(request, response, 200, "", { dav: "1", allow: METHODS });
      case "PROPFIND":
        return this.#list(request, response, place);
      case "MKCOL":
        return this.#makeFolder(request, response, place);
      case "PUT":
        return this.#put(request, response, place, sender);
      case "GET":
      case "HEAD":
        return this.#get(request, response, place);
      case "DELETE":
        return this.#delete(request, response, place);
      default:
        return answer(request, response, 405, "not a method of the replica\n", { allow: METHODS });
    }
  }

  async #list(request: IncomingMessage, response: ServerResponse, place: ReplicaPath): Promise<void> {
    if ((await readBody(request, this.#limits.maxSmallBodyBytes)) === null) {
      return answer(request, response, 413, "the question is too long\n", CLOSE);
    }
    const base = (request.url ?? "").replace(/\/$/, "");
    if (place.file !== null || request.headers["depth"] === "infinity") {
      return answer(request, response, 403, "a folder, depth 0 or 1\n");
    }
    const entries = place.depth === "epoch" ? null : await this.#parts.store.list(place.epoch, place.level, base);
    if (entries === null) return answer(request, response, 404, "no such folder\n");
    const shown = request.headers["depth"] === "0" ? entries.slice(0, 1) : entries;
    return answer(request, response, 207, multistatus(shown));
  }

  #makeFolder(request: IncomingMessage, response: ServerResponse, place: ReplicaPath): void {
    if (place.file !== null) return answer(request, response, 400, "that is a file's name\n");
    const made = this.#parts.store.makeFolder(place.epoch, place.level);
    return answer(request, response, made === "made" ? 201 : 405, "");
  }

  async #put(request: IncomingMessage, response: ServerResponse, place: ReplicaPath, sender: string): Promise<void> {
    if (place.file === null || place.level === null) return answer(request, response, 400, "a file's name is needed\n");
    const length = Number(request.headers["content-length"] ?? Number.NaN);
    if (!Number.isSafeInteger(length)) return answer(request, response, 411, "Content-Length is needed\n", CLOSE);
    if (length > this.#limits.maxBodyBytes) return answer(request, response, 413, "the file is too large\n", CLOSE);
    const { epoch, level, file } = place;
    // Not destroyed when the disk fails in its middle: the client is still owed an answer.
    const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    const outcome = await this.#parts.store.put({ epoch, level, name: file.name }, sender, body, length);
    if (outcome.kind === "fenced") return answer(request, response, 403, `${outcome.reason}\n`);
    if (outcome.kind === "gap") return answer(request, response, 409, `${outcome.reason}\n`);
    if (level === 0) this.#parts.onReceived({ epoch, txid: file.maxTxid });
    return answer(request, response, 201, "");
  }

  async #get(request: IncomingMessage, response: ServerResponse, place: ReplicaPath): Promise<void> {
    if (place.file === null) return answer(request, response, 404, "a file's name is needed\n");
    const path = join(this.#parts.store.folderOf(place.epoch, place.level), place.file.name);
    const info = await stat(path).catch(() => null);
    if (info === null) return answer(request, response, 404, "no such file\n");
    const range = parseRange(request.headers.range, info.size);
    if (range === "unsatisfiable") {
      return answer(request, response, 416, "", { "content-range": `bytes */${info.size}` });
    }
    const { start, end } = range ?? { start: 0, end: info.size - 1 };
    response.writeHead(range === null ? 200 : 206, {
      "content-length": end - start + 1,
      "content-type": "application/octet-stream",
      "last-modified": info.mtime.toUTCString(),
      "accept-ranges": "bytes",
      ...(range !== null && { "content-range": `bytes ${start}-${end}/${info.size}` }),
    });
    if (request.method === "HEAD" || info.size === 0) response.end();
    else await pipeline(createReadStream(path, { start, end }), response);
  }

  async #delete(request: IncomingMessage, response: ServerResponse, place: ReplicaPath): Promise<void> {
    if (place.file === null || place.level === null) return answer(request, response, 400, "only files are deleted\n");
    const { epoch, level, file } = place;
    const there = await this.#parts.store.remove({ epoch, level, name: file.name });
    return answer(request, response, there ? 204 : 404);
  }
}

/** Null, which no schema here takes, for a text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const CLOSE = { connection: "close" };
const METHODS = "OPTIONS, PROPFIND, MKCOL, PUT, GET, HEAD, DELETE";
