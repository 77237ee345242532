import { Hono, type Context } from "hono";
import { answeredHeader, isLocalCaller } from "./caller.ts";
import type { Desk } from "./desk.ts";
import { displayRoute, displayTokenRoutes } from "./display-routes.ts";
import { forward } from "./forward.ts";
import { marketRoutes } from "./market-routes.ts";
import { probeRoutes } from "./probe-routes.ts";
import { absentPage, statusPage } from "./status-page.ts";
import { statusOf } from "./status.ts";

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * All HTTP routes of an app. A node answers for itself on the LED display, display tokens, probes and its market cache; everything else that
 * is read on a standby is answered by the primary, or by 503 and the reason.
 */
export function webRoutes(desk: Desk, fetcher: typeof fetch = globalThis.fetch): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has(answeredHeader)) c.res.headers.set(answeredHeader, desk.node);
    c.res.headers.set("x-content-type-options", "nosniff");
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });

  app.get("/api/status/led/display", displayRoute(desk));
  app.route("/api/display-tokens", displayTokenRoutes(desk));
  app.route("/api/probe", probeRoutes(desk));
  app.route(
    "/api/market",
    marketRoutes(() => desk.marketShare()),
  );

  app.use(async (c, next) => {
    if (desk.open()) return next();
    return forwarded(c, desk, fetcher);
  });
  app.get("/api/status", (c) => c.json(statusOf(desk, isLocalCaller(c))));
  app.get("/", (c) => {
    c.header("content-security-policy", pagePolicy);
    return c.html(statusPage(statusOf(desk, isLocalCaller(c))));
  });
  app.notFound((c) => c.json({ error: "there is nothing here" }, 404));
  app.onError((error, c) => c.json({ error: error.message }, 500));
  return app;
}

async function forwarded(c: Context, desk: Desk, fetcher: typeof fetch): Promise<Response> {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") {
    return c.json({ error: `${desk.node} is a standby and changes nothing` }, 503);
  }
  const pair = desk.pair();
  const outcome = await forward(c.req.raw, desk.node, pair?.primaryApp ?? null, fetcher);
  if (outcome.kind === "answered") return outcome.response;
  c.header("retry-after", "2");
  const facts = {
    node: desk.node,
    role: pair?.role ?? "standby",
    epoch: pair?.epoch ?? 0,
    reason: outcome.reason,
    reasons: pair?.reasons ?? [],
  };
  if (c.req.path.startsWith("/api/")) return c.json({ error: outcome.reason, ...facts }, 503);
  c.header("content-security-policy", pagePolicy);
  return c.html(absentPage(facts), 503);
}
