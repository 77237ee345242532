import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Context, Hono } from "hono";
import { type AgentView, type Question, judge } from "./core/health.ts";
import { bindFailure } from "./io/bind-failure.ts";
import { boundedServer, closeServer } from "./io/http-server.ts";
import { VERSION_HEADER, version } from "./io/version.ts";

/** One scrape in the text format of Prometheus. */
export type Scrape = { readonly contentType: string; readonly text: (view: AgentView) => Promise<string> };

const METHODS = "GET, HEAD, OPTIONS";

/** The agent's health endpoint: read-only, from what the agent has in memory at that moment. */
export function createHealthApp(view: () => AgentView, metrics: Scrape | null = null): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    c.header("cache-control", "no-store");
    c.header(VERSION_HEADER, version);
    if (c.req.method === "OPTIONS") return c.body(null, 204, { allow: METHODS });
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      return c.json({ error: `${c.req.method} is not for this port, which is read-only` }, 405, { allow: METHODS });
    }
    return next();
  });

  const answer = (c: Context, question: Question) => {
    const now = view();
    const { yes, reasons } = judge(now, question);
    return c.json({ ok: yes, ...now, reasons: [...new Set([...reasons, ...now.reasons])] }, yes ? 200 : 503);
  };

  app.get("/health", (c) => answer(c, { kind: "health" }));
  app.get("/health/live", (c) => answer(c, { kind: "live" }));
  app.get("/health/ready", (c) => answer(c, { kind: "ready" }));
  app.get("/primary", (c) => answer(c, { kind: "primary" }));
  app.get("/cluster", (c) => answer(c, { kind: "cluster" }));
  app.get("/standby", (c) => {
    const lag = c.req.query("lag");
    if (lag !== undefined && !/^\d{1,15}$/.test(lag)) {
      return c.json({ error: '"lag" is a number of transactions' }, 400);
    }
    return answer(c, { kind: "standby", lagTxidsMax: lag === undefined ? null : Number(lag) });
  });

  if (metrics !== null)
    app.get("/metrics", async (c) => c.body(await metrics.text(view()), 200, { "content-type": metrics.contentType }));

  app.notFound((c) => c.json({ error: `there is no ${c.req.path} here` }, 404));
  app.onError((error, c) => c.json({ error: error.message }, 500));
  return app;
}

/** A running HTTP server; `close` ends open connections too. */
export type Served = { readonly host: string; readonly port: number; readonly close: () => Promise<void> };

/** Serves `app` on a TCP port (0: any free one); rejects with one clear sentence when the port is not to be had. */
export async function serve(options: { app: Hono; host: string; port: number }): Promise<Served> {
  const server = boundedServer(options.app);
  try {
    server.listen(options.port, options.host);
    await once(server, "listening");
  } catch (cause) {
    throw new Error(bindFailure(`TCP ${options.host}:${options.port}`, cause), { cause });
  }
  const { address, port } = tcpAddress(server);
  return { host: address, port, close: () => closeServer(server) };
}

function tcpAddress(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on TCP");
  return address;
}
