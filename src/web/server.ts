import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

const requestLimitMs = 10_000;
const connectionsMax = 512;

/**
 * Serves the routes and resolves with the server and its port once it listens. A node whose address is loopback
 * listens there only; any other listens on all of its addresses, so that local callers reach it too.
 */
export async function serveWeb(routes: Hono, host: string, port: number): Promise<{ server: Server; port: number }> {
  // The globals stay Node's own: other code in this process speaks HTTP too. HTTP/1.0 may name no host.
  const listener = getRequestListener(routes.fetch, { hostname: "localhost", overrideGlobalObjects: false });
  const server = createServer(
    { requestTimeout: requestLimitMs, headersTimeout: requestLimitMs },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.maxConnections = connectionsMax;
  const isLocal = host === "localhost" || host === "::1" || host.startsWith("127.");
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "it is in use" : cause.message;
      reject(new Error(`the app cannot listen on port ${port} of ${host}: ${why}`, { cause }));
    });
    server.listen({ port, ...(isLocal ? { host } : {}) }, resolve);
  });
  const address = server.address();
  return { server, port: typeof address === "object" && address ? address.port : port };
}
