import { once } from "node:events";
import { chmodSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import type { Hono } from "hono";
import { errorCode, makePrivateFolder } from "./durable-file.ts";
import { boundedServer, closeServer } from "./http-server.ts";

/** The agent's control socket: HTTP on a unix socket. Who may open the file may command the agent; nobody else can. */

/** What the kernel takes for the path of a unix socket. */
const PATH_BYTES_MAX = 107;
const ANSWER_BYTES_MAX = 1_000_000;
const PROBE_LIMIT_MS = 1_000;

export type Control = { readonly close: () => Promise<void> };
export type ControlAnswer = { readonly status: number; readonly body: unknown };

/** Serves `app` at `path`, 0600; a socket file that nobody answers on is replaced, a live one is an error. */
export async function serveControl(path: string, app: Hono): Promise<Control> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new Error(`${path}: too long for a unix socket (${PATH_BYTES_MAX} bytes). Use a shorter data directory.`);
  }
  makePrivateFolder(dirname(path));
  if (await someoneAnswers(path)) throw new Error(`${path}: an agent is running here already. Stop it first.`);
  rmSync(path, { force: true });
  const server = boundedServer(app);
  try {
    server.listen(path);
    await once(server, "listening");
  } catch (cause) {
    throw new Error(`${path}: the control socket cannot be opened (${describe(cause)}).`, { cause });
  }
  chmodSync(path, 0o600);
  return { close: () => closeServer(server) };
}

/**
 * Asks the agent behind `path`. Any HTTP status is an answer; rejects when there is none within `limitMs`.
 * What timed out may still be in progress.
 */
export async function callControl(
  path: string,
  method: "GET" | "POST",
  route: string,
  body: unknown,
  limitMs: number,
): Promise<ControlAnswer> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const signal = AbortSignal.timeout(limitMs);
  try {
    const outgoing = request({
      socketPath: path,
      method,
      path: route,
      signal,
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(payload) },
    });
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve).on("error", reject).end(payload);
    });
    return { status: incoming.statusCode ?? 0, body: await readJson(incoming) };
  } catch (cause) {
    throw new Error(callFailure(path, route, limitMs, signal.aborted, cause), { cause });
  }
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? null : JSON.parse(text);
}

function callFailure(path: string, route: string, limitMs: number, late: boolean, cause: unknown): string {
  const dir = dirname(dirname(path));
  if (late) return `The agent of ${dir} did not answer ${route} within ${limitMs} ms. It may still be in progress.`;
  switch (errorCode(cause) ?? "") {
    case "ENOENT":
    case "ECONNREFUSED":
      return `No agent is running on ${dir}. Start it with "trader run --data ${dir}".`;
    case "EACCES":
      return `The agent of ${dir} belongs to another user. Run this command as that user.`;
    default:
      return `The agent of ${dir} gave no answer to ${route} (${describe(cause)}).`;
  }
}

const describe = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Is there a process behind this socket file? A full backlog or a silent one counts as yes. */
async function someoneAnswers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
    return true;
  } catch (error) {
    const code = errorCode(error);
    return code !== "ENOENT" && code !== "ECONNREFUSED" && code !== "ENOTSOCK";
  } finally {
    socket.destroy();
  }
}
