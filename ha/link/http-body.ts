import type { IncomingMessage, ServerResponse } from "node:http";

/** Ends the connection after an answer: the rest of the request may never come. */
export const CLOSE = { connection: "close" };

/** Reads a body of at most `maxBytes` as text; null when it is longer (the rest is then not read). */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not destroyed when left early: the client is still owed an answer.
  const parts: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of parts) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const DRAIN_BYTES = 1024 * 1024;

/** Answers and gives the client the chance to read it: what it still sends is thrown away, up to 1 MB, then cut off. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body = "",
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    request.destroy();
    return;
  }
  const type = body.startsWith("{") ? "application/json" : body.startsWith("<?xml") ? "application/xml" : "text/plain";
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
  let drained = 0;
  request.on("data", (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAIN_BYTES) request.destroy();
  });
  request.resume();
}
