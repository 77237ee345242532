import { once } from "node:events";
import { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

/** A server for small JSON answers: few connections, small headers, and no client holds one open for long. */
export function boundedServer(app: Hono): Server {
  const server = createAdaptorServer({
    fetch: app.fetch,
    // The checks of load balancers speak HTTP/1.0 and name no host.
    hostname: "localhost",
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: 8_192,
      headersTimeout: 5_000,
      requestTimeout: 5_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
    },
  });
  if (!(server instanceof Server)) throw new Error("not an HTTP/1 server");
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 1_000;
  server.timeout = 120_000;
  return server;
}

/** Stops listening and ends every connection. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
