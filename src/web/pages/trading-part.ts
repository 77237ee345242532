import { html } from "hono/html";
import type { ShownTrading } from "../trading-status.ts";
import { factList, table, type Frame, type Html } from "./layout.ts";

/** What is traded with, the owner's switches, and each lock with its end; with buttons for whoever may change it. */
export const tradingPart = (trading: ShownTrading, frame: Frame): Html =>
  html`<h2>Trading</h2>
    ${factList([
      ["broker", trading.broker ?? "not asked yet"],
      ["mode", trading.mode ?? "unknown"],
      ["buys", trading.pauseBuysSince === null ? "not paused" : `paused since ${trading.pauseBuysSince}`],
      ["everything", trading.stopEverythingSince === null ? "goes on" : `stopped since ${trading.stopEverythingSince}`],
      ["while no other node receives", trading.whenDetached === "strict" ? "nothing is traded" : "trading goes on"],
    ])}
    ${trading.unreadable === null ? "" : html`<p class="bad">Nothing is traded: ${trading.unreadable}.</p>`}
    ${frame.writes ? buttons(trading) : ""}
    ${table(
      ["Locked", "Why", "Since", "Until"],
      trading.locks.map(({ blocks, symbol, reason, since, until, ends }) => [
        `${blocks === "all" ? "all trades" : blocks}${symbol === null ? "" : ` of ${symbol}`}`,
        reason,
        since,
        until ?? ends.replace(/^until:? /, ""),
      ]),
      "Nothing is locked.",
    )}`;

const buttons = ({ pauseBuysSince, stopEverythingSince }: ShownTrading): Html =>
  html`<div class="row">
    ${button("pause-buys", pauseBuysSince === null, pauseBuysSince === null ? "Pause buys" : "Buy again")}
    ${button("stop-everything", stopEverythingSince === null, stopEverythingSince === null ? "Stop everything" : "Trade again")}
  </div>`;

const button = (name: string, on: boolean, text: string): Html =>
  html`<form class="row" method="post" action="/trading/${name}">
    <button name="on" value="${on ? "yes" : "no"}">${text}</button>
  </form>`;
