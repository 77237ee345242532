import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { html } from "hono/html";
import { streamSSE } from "hono/streaming";
import { lookOf, textOf } from "../led/look.ts";
import { serveWeb } from "../web/server.ts";
import type { Face } from "./faces.ts";
import type { Shown } from "./follow.ts";
import { pictureOf, sourceLine } from "./picture.ts";

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri 'none'";
const eventEveryMs = 1_000;
const viewersMax = 32;

/** What the page is told each second. Colours are CSS. */
function pageState(shown: Shown): Readonly<Record<string, string>> {
  const picture = pictureOf(shown);
  return {
    kind: shown.kind,
    look: lookOf(picture),
    text: textOf(picture),
    led3: `rgb(${picture.led3.join()})`,
    led4: `rgb(${picture.led4.join()})`,
    source: sourceLine(shown),
  };
}

const page = html`<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>Arduino Trader</title>
      <style>
        html,
        body {
          height: 100%;
          margin: 0;
          background: #000;
          color: #cfd8e3;
          font-family: system-ui, sans-serif;
        }
        body {
          display: flex;
          flex-direction: column;
          justify-content: center;
          padding: 0 4vw;
        }
        #text {
          font-size: clamp(2rem, 9vmin, 12rem);
          font-weight: 600;
          line-height: 1.25;
          font-variant-numeric: tabular-nums;
        }
        #source {
          font-size: clamp(1rem, 2.5vmin, 3rem);
          color: #7b8794;
          margin-top: 4vmin;
        }
        .lamp {
          display: inline-block;
          width: 4vmin;
          height: 4vmin;
          border-radius: 50%;
          margin-right: 2vmin;
          border: 1px solid #333;
        }
        body[data-kind="stale"] #text {
          color: #8a7430;
        }
        body[data-look="error"] #text {
          color: #ff6b5e;
        }
        body[data-look="takeover"] #text {
          color: #ff5cff;
        }
      </style>
      <script src="/page.js" defer></script>
    </head>
    <body data-kind="none" data-look="error">
      <div><span class="lamp" id="led3"></span><span class="lamp" id="led4"></span></div>
      <div id="text">WAITING</div>
      <div id="source"></div>
    </body>
  </html>`;

/** The routes of the page; `now` is what is shown at this moment. */
export function pageRoutes(now: () => Shown): Hono {
  const script = readFileSync(new URL("./page.js", import.meta.url), "utf8");
  const app = new Hono();
  let viewers = 0;
  app.use(async (c, next) => {
    await next();
    c.res.headers.set("content-security-policy", policy);
    c.res.headers.set("x-content-type-options", "nosniff");
    c.res.headers.set("cache-control", "no-store");
  });
  app.get("/", (c) => c.html(page));
  app.get("/page.js", (c) => c.body(script, 200, { "content-type": "text/javascript; charset=utf-8" }));
  app.get("/events", (c) => {
    if (viewers >= viewersMax) return c.json({ error: `${viewersMax} pages are open already` }, 503);
    viewers += 1;
    return streamSSE(c, async (stream) => {
      try {
        while (!stream.aborted) {
          await stream.writeSSE({ data: JSON.stringify(pageState(now())) });
          await stream.sleep(eventEveryMs);
        }
      } finally {
        viewers -= 1;
      }
    });
  });
  return app;
}

/** A full-screen page for a browser, dark and readable across a room. Rejects when the port cannot be had. */
export async function pageFace(host: string, port: number): Promise<Face & { readonly port: number }> {
  let shown: Shown = { kind: "none", forMs: 0, reason: "not begun" };
  const { server, port: bound } = await serveWeb(
    pageRoutes(() => shown),
    host,
    port,
  );
  return {
    port: bound,
    draw: (newest) => (shown = newest),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
