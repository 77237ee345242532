import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { refusal } from "./fence.ts";
import { answer, CLOSE, readBody } from "./http-body.ts";
import type { ReplicaPosition } from "./protocol.ts";
import { parseReplicaPath } from "./replica-path.ts";
import type { ReplicaPath } from "./replica-path.ts";
import type { ReplicaStore } from "./replica-store.ts";
import { multistatus, parseRange } from "./webdav.ts";

/** What a receiver's replica stands on. */
export type ReplicaParts = {
  store: ReplicaStore;
  onReceived: (position: ReplicaPosition) => void;
  limits: { maxBodyBytes: number; maxSmallBodyBytes: number };
};
/** A request of a member, which the connection's certificate has named. */
export type MemberRequest = { request: IncomingMessage; response: ServerResponse; sender: string };

const METHODS = "OPTIONS, PROPFIND, MKCOL, PUT, GET, HEAD, DELETE";

/**
 * Answers a member's WebDAV request below `/e/<epoch>/`, of which Litestream needs these methods: for the promised epoch and
 * from its holder only [HA-5]. Rejects when the disk fails.
 */
export async function answerReplica(parts: ReplicaParts, asked: MemberRequest): Promise<void> {
  const { request, response, sender } = asked;
  const place = parseReplicaPath(request.url ?? "");
  if (place === null) {
    answer(request, response, 400, "not a place in the replica\n");
    return;
  }
  const reason = refusal(parts.store.fence, place.epoch, sender);
  if (reason !== null) {
    answer(request, response, 403, `${reason}\n`);
    return;
  }
  switch (request.method ?? "") {
    case "OPTIONS":
      return answer(request, response, 200, "", { dav: "1", allow: METHODS });
    case "PROPFIND":
      return list(parts, asked, place);
    case "MKCOL":
      return makeFolder(parts, asked, place);
    case "PUT":
      return put(parts, asked, place);
    case "GET":
    case "HEAD":
      return get(parts, asked, place);
    case "DELETE":
      return remove(parts, asked, place);
    default:
      return answer(request, response, 405, "not a method of the replica\n", { allow: METHODS });
  }
}

async function list(parts: ReplicaParts, { request, response }: MemberRequest, place: ReplicaPath): Promise<void> {
  if ((await readBody(request, parts.limits.maxSmallBodyBytes)) === null) {
    return answer(request, response, 413, "the question is too long\n", CLOSE);
  }
  const base = (request.url ?? "").replace(/\/$/, "");
  if (place.file !== null || request.headers["depth"] === "infinity") {
    return answer(request, response, 403, "a folder, depth 0 or 1\n");
  }
  const entries = place.depth === "epoch" ? null : await parts.store.list(place.epoch, place.level, base);
  if (entries === null) return answer(request, response, 404, "no such folder\n");
  const shown = request.headers["depth"] === "0" ? entries.slice(0, 1) : entries;
  return answer(request, response, 207, multistatus(shown));
}

function makeFolder({ store }: ReplicaParts, { request, response }: MemberRequest, place: ReplicaPath): void {
  if (place.file !== null) return answer(request, response, 400, "that is a file's name\n");
  const made = store.makeFolder(place.epoch, place.level);
  return answer(request, response, made === "made" ? 201 : 405, "");
}

async function put(parts: ReplicaParts, asked: MemberRequest, place: ReplicaPath): Promise<void> {
  const { request, response, sender } = asked;
  if (place.file === null || place.level === null) return answer(request, response, 400, "a file's name is needed\n");
  const length = Number(request.headers["content-length"] ?? Number.NaN);
  if (!Number.isSafeInteger(length)) return answer(request, response, 411, "Content-Length is needed\n", CLOSE);
  if (length > parts.limits.maxBodyBytes) return answer(request, response, 413, "the file is too large\n", CLOSE);
  const { epoch, level, file } = place;
  // Not destroyed when the disk fails in its middle: the client is still owed an answer.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  const outcome = await parts.store.put({ epoch, level, name: file.name }, sender, body, length);
  if (outcome.kind === "fenced") return answer(request, response, 403, `${outcome.reason}\n`);
  if (outcome.kind === "gap") return answer(request, response, 409, `${outcome.reason}\n`);
  if (level === 0) parts.onReceived({ epoch, txid: file.maxTxid });
  return answer(request, response, 201, "");
}

async function get({ store }: ReplicaParts, { request, response }: MemberRequest, place: ReplicaPath): Promise<void> {
  if (place.file === null) return answer(request, response, 404, "a file's name is needed\n");
  const path = join(store.folderOf(place.epoch, place.level), place.file.name);
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

async function remove(
  { store }: ReplicaParts,
  { request, response }: MemberRequest,
  place: ReplicaPath,
): Promise<void> {
  if (place.file === null || place.level === null) return answer(request, response, 400, "only files are deleted\n");
  const { epoch, level, file } = place;
  const there = await store.remove({ epoch, level, name: file.name });
  return answer(request, response, there ? 204 : 404);
}
