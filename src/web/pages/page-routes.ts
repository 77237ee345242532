import { randomBytes } from "node:crypto";
import { Hono, type Context } from "hono";
import { html } from "hono/html";
import { callerOf, forwardedHeader, type Caller } from "../caller.ts";
import type { Desk, OpenLedger } from "../desk.ts";
import { problemAnswer } from "../problem.ts";
import { shownConsidered, shownOrder, statusOf } from "../status.ts";
import { shownOwnerOrder } from "../owner-orders.ts";
import { shownTrading } from "../trading-status.ts";
import { jobsPage, ordersPage, planPage, portfolioPage } from "./book-pages.ts";
import type { Frame, Html } from "./layout.ts";
import { ownerOrdersPart } from "./owner-orders-part.ts";
import { moneySection } from "./money-section.ts";
import { settingsPage } from "./settings-page.ts";
import { stocksPage } from "./stocks-page.ts";
import { statusPage } from "./status-page.ts";

const ordersShown = 100;
const ownerOrderIdBytes = 8;

/** What a page is made of. */
export type Asked = {
  readonly desk: Desk;
  readonly open: OpenLedger;
  readonly caller: Caller;
  readonly frame: Frame;
};

/** Each page by its path. */
export const pages = {
  "/": ({ desk, caller, frame }) => statusPage(statusOf(desk, caller.amounts), frame),
  "/portfolio": ({ desk, open, caller, frame }) =>
    portfolioPage(statusOf(desk, caller.amounts), caller.amounts ? moneySection(open.money()) : html``, frame),
  "/plan": ({ desk, open, caller: { amounts }, frame }) => {
    const considered = open.reads.considered();
    return planPage(
      statusOf(desk, amounts),
      considered && shownConsidered(considered, amounts),
      shownTrading(open.trading(), amounts),
      ownerOrdersPart(
        open.reads.ownerOrders().map((told) => shownOwnerOrder(told, amounts)),
        randomBytes(ownerOrderIdBytes).toString("hex"),
        frame,
      ),
      frame,
    );
  },
  "/orders": ({ open, caller: { amounts }, frame }) =>
    ordersPage(
      open.reads.orders(ordersShown).map((order) => shownOrder(order, amounts)),
      amounts,
      frame,
    ),
  "/jobs": ({ desk, open, caller, frame }) => jobsPage(statusOf(desk, caller.amounts), open.reads.jobs(), frame),
  "/stocks": ({ open, frame }) => stocksPage(open.stocks.list(), frame),
  "/settings": ({ open, caller, frame }) => settingsPage(caller.amounts ? open.settings.list() : null, frame),
} satisfies Readonly<Record<string, (asked: Asked) => Html>>;

/** The pages of a primary. */
export function pageRoutes(desk: Desk): Hono {
  const app = new Hono();
  for (const [path, shown] of Object.entries(pages)) {
    app.get(path, (c) => {
      const caller = callerOf(c, desk);
      const open = desk.open();
      if (open === null) return problemAnswer(c, { status: 503, detail: "The ledger was closed meanwhile." });
      return c.html(shown({ desk, open, caller, frame: frameOf(c, desk, caller) }));
    });
  }
  return app;
}

/** What comes through the other node can be looked at; forms go to the primary's own address. */
export const frameOf = (c: Context, desk: Desk, { by }: Caller): Frame => ({
  node: desk.node,
  writes: by === "session" && !c.req.header(forwardedHeader),
});
