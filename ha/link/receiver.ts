import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { errorCode } from "../io/durable-file.ts";
import { rosterSchema } from "../io/node-files.ts";
import { VERSION_HEADER, version } from "../io/version.ts";
import { PacedLog } from "../io/paced-log.ts";
import { BANDWIDTH_BYTES_MAX, BANDWIDTH_PATH } from "./bandwidth.ts";
import { answer, CLOSE, readBody } from "./http-body.ts";
import { memberOf } from "./identity.ts";
import type { Identity } from "./identity.ts";
import type { RosterPort } from "./peer-watch.ts";
import type { Question, ReceiverState, ReplicaPosition } from "./protocol.ts";
import { QUESTION_PATHS, questionOf } from "./question.ts";
import { answerReplica } from "./replica-requests.ts";
import { BodyTooLongError } from "./replica-store.ts";
import type { ReplicaStore } from "./replica-store.ts";

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
 * A member's end of the link: HTTPS with mutual TLS, for the replica, the roster and questions. A client without a
 * certificate may do nothing but `POST /join` and `/join/check`.
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
      else await answerReplica({ ...this.#parts, limits: this.#limits }, { request, response, sender: member.name });
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
}

/** Null, which no schema here takes, for a text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
