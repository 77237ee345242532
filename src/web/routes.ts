import { Hono, type Context } from "hono";
import { apiRoutes } from "./api/api-routes.ts";
import { endpoints } from "./api/endpoints.ts";
import { openApiOf } from "./api/openapi.ts";
import { answeredHeader } from "./caller.ts";
import type { Desk } from "./desk.ts";
import { displayRoute, displayTokenRoutes } from "./display-routes.ts";
import { forward } from "./forward.ts";
import { marketRoutes } from "./market-routes.ts";
import { formRoutes } from "./pages/form-routes.ts";
import { pageRoutes } from "./pages/page-routes.ts";
import { sessionRoutes } from "./pages/session-routes.ts";
import { absentPage } from "./pages/status-page.ts";
import { style } from "./pages/style.ts";
import { probeRoutes } from "./probe-routes.ts";
import { problemAnswer } from "./problem.ts";
import { requestBound } from "./request-bound.ts";

const pagePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const formBytesMax = 16 * 1024;
const apiVersion = "1";

/**
 * All HTTP routes of an app. A node answers for itself on the LED display, display tokens, probes and its market cache;
 * everything else that is read on a standby is answered by the primary, or by 503 and the reason. A standby changes nothing.
 */
export function webRoutes(desk: Desk, fetcher: typeof fetch = globalThis.fetch): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has(answeredHeader)) c.res.headers.set(answeredHeader, desk.node);
    c.res.headers.set("x-content-type-options", "nosniff");
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
    const isPage = c.res.headers.get("content-type")?.startsWith("text/html") === true;
    if (isPage && !c.res.headers.has("content-security-policy")) {
      c.res.headers.set("content-security-policy", pagePolicy);
      c.res.headers.set("referrer-policy", "same-origin");
    }
  });

  app.get("/style.css", (c) => c.body(style, 200, { "content-type": "text/css", "cache-control": "max-age=3600" }));
  app.get("/api/openapi.json", (c) => c.json(openApiOf(endpoints, apiVersion)));
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
  app.route("/", apiRoutes(endpoints, desk));
  app.use(requestBound(formBytesMax));
  app.route("/", sessionRoutes(desk));
  app.route("/", pageRoutes(desk));
  app.route("/", formRoutes(desk));
  app.notFound((c) => problemAnswer(c, { status: 404, detail: "there is nothing here" }));
  app.onError((error, c) => problemAnswer(c, { status: 500, detail: error.message }));
  return app;
}

async function forwarded(c: Context, desk: Desk, fetcher: typeof fetch): Promise<Response> {
  const pair = desk.pair();
  const primaryApp = pair?.primaryApp ?? null;
  // A session belongs to the address that it was opened at.
  if (c.req.path === "/login" && c.req.method === "GET" && primaryApp) return c.redirect(`http://${primaryApp}/login`);
  if (c.req.method !== "GET" && c.req.method !== "HEAD") {
    const detail = `${desk.node} is a standby and changes nothing`;
    const remedy = primaryApp === null ? "Ask again when a node leads." : `Send it to the primary, ${primaryApp}.`;
    return problemAnswer(c, { status: 503, detail, remedy }, { primary: primaryApp });
  }
  const outcome = await forward(c.req.raw, desk.node, primaryApp, fetcher);
  if (outcome.kind === "answered") return outcome.response;
  c.header("retry-after", "2");
  const facts = {
    node: desk.node,
    role: pair?.role ?? "standby",
    epoch: pair?.epoch ?? 0,
    reason: outcome.reason,
    reasons: pair?.reasons ?? [],
  };
  if (c.req.path.startsWith("/api/")) return problemAnswer(c, { status: 503, detail: outcome.reason }, facts);
  return c.html(absentPage(facts), 503);
}
