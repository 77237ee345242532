import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono, type Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { callerOf, isLocalCaller, isOwnPage, otherSite, sessionCookie } from "../caller.ts";
import type { Desk } from "../desk.ts";
import { Login, type LoginOutcome } from "../login.ts";
import { problemAnswer } from "../problem.ts";
import { sessionMs } from "../sessions.ts";
import { readForm } from "./form.ts";
import { loginPage } from "./login-page.ts";

const deviceCookie = "trader-device";
const deviceSeconds = 365 * 24 * 60 * 60;

/** Logging in and out, by forms of this node's own pages. */
export function sessionRoutes(desk: Desk): Hono {
  const app = new Hono();
  const login = new Login();
  const frame = { node: desk.node, writes: false };

  app.get("/login", (c) => {
    if (callerOf(c, desk).by === "session") return c.redirect("/", 303);
    return c.html(loginPage(frame, null));
  });
  app.post("/login", async (c) => {
    if (!isOwnPage(c.req.raw.headers)) return problemAnswer(c, otherSite);
    const { password } = await readForm(c);
    if (password === undefined) return c.html(loginPage(frame, "Give the password."), 400);
    const { passwordHash } = desk.secrets();
    const outcome = await login.attempt({
      password,
      address: getConnInfo(c).remote.address ?? "",
      isLocal: isLocalCaller(c),
      device: getCookie(c, deviceCookie) ?? null,
      passwordHash,
      nowMs: desk.monotonicMs(),
    });
    if (outcome.kind !== "right" || passwordHash === null) return refused(c, outcome, desk);
    const session = await desk.open()?.sessions.open(passwordHash, desk.realNowMs());
    if (session === undefined) return c.html(loginPage(frame, "This node leads no more: try again."), 503);
    const options = { path: "/", httpOnly: true, sameSite: "Strict", secure: isEncrypted(c) } as const;
    setCookie(c, sessionCookie, session.token, { ...options, maxAge: sessionMs / 1_000 });
    setCookie(c, deviceCookie, outcome.device, { ...options, maxAge: deviceSeconds });
    return c.redirect("/", 303);
  });
  app.post("/logout", async (c) => {
    if (!isOwnPage(c.req.raw.headers)) return problemAnswer(c, otherSite);
    const { session } = callerOf(c, desk);
    if (session !== null) await desk.open()?.sessions.end(session);
    deleteCookie(c, sessionCookie, { path: "/" });
    return c.redirect("/login", 303);
  });
  return app;
}

function refused(c: Context, outcome: LoginOutcome, desk: Desk): Response | Promise<Response> {
  const frame = { node: desk.node, writes: false };
  switch (outcome.kind) {
    case "wait": {
      const seconds = Math.ceil(outcome.waitMs / 1_000);
      c.header("retry-after", String(seconds));
      return c.html(loginPage(frame, `Too many attempts: try again in ${seconds} s.`), 429);
    }
    case "unset":
      return c.html(loginPage(frame, 'There is no password yet: set one on the board by "trader password".'), 403);
    case "wrong":
    case "right":
      return c.html(loginPage(frame, "That is not the password."), 401);
  }
}

/** Behind a proxy that speaks TLS the browser has to keep the cookie to TLS; who claims so wrongly only harms himself. */
const isEncrypted = (c: Context): boolean =>
  new URL(c.req.url).protocol === "https:" || c.req.header("x-forwarded-proto") === "https";
