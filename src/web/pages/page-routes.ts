import { Hono, type Context } from "hono";
import { callerOf, forwardedHeader, type Caller } from "../caller.ts";
import type { Desk } from "../desk.ts";
import { statusOf } from "../status.ts";
import type { Frame } from "./layout.ts";
import { statusPage } from "./status-page.ts";

/** The pages of a primary. */
export function pageRoutes(desk: Desk): Hono {
  const app = new Hono();
  app.get("/", (c) => {
    const caller = callerOf(c, desk);
    return c.html(statusPage(statusOf(desk, caller.amounts), frameOf(c, desk, caller)));
  });
  return app;
}

/** What comes through the other node can be looked at; forms go to the primary's own address. */
const frameOf = (c: Context, desk: Desk, { by }: Caller): Frame => ({
  node: desk.node,
  writes: by === "session" && !c.req.header(forwardedHeader),
});
