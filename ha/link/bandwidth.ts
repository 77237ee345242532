import { request as httpsRequest } from "node:https";
import { connectionTo } from "./identity.ts";
import type { Identity } from "./identity.ts";
import type { Sending } from "./peer-watch.ts";

/** Where a receiver throws away what a member sends it, and how much of it. */
export const BANDWIDTH_PATH = "/bandwidth";
export const BANDWIDTH_BYTES_MAX = 256 * 1024;

/**
 * Bytes a second from here to a peer's receiver, over the same mutual TLS as the replica; one upload of a quarter megabyte. A
 * slow one that does not arrive within `limitMs` gives the most that it can be. Rejects where there is no receiver.
 */
export async function measureBandwidth(peer: Sending["peer"], identity: Identity, limitMs: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const late = AbortSignal.timeout(limitMs);
  let sentMs: number | null = null;
  const request = httpsRequest(
    {
      ...connectionTo(peer, identity),
      method: "PUT",
      path: BANDWIDTH_PATH,
      headers: { "content-length": BANDWIDTH_BYTES_MAX },
      signal: late,
    },
    (response) => {
      response.resume();
      const { statusCode } = response;
      if (statusCode !== 204 || sentMs === null) reject(new Error(`${peer.name} answers ${statusCode ?? "nothing"}`));
      else resolve((BANDWIDTH_BYTES_MAX * 1_000) / Math.max(1, performance.now() - sentMs));
    },
  );
  request.on("socket", (socket) =>
    socket.once("secureConnect", () => {
      sentMs = performance.now();
      request.end(Buffer.alloc(BANDWIDTH_BYTES_MAX));
    }),
  );
  request.on("error", (error) => {
    if (late.aborted && sentMs !== null) resolve((BANDWIDTH_BYTES_MAX * 1_000) / limitMs);
    else reject(error);
  });
  return promise;
}
