import { expect, test } from "vitest";
import type { Shown } from "../../../src/display/follow.ts";
import { pageFace, pageRoutes } from "../../../src/display/page-face.ts";
import { displayOf } from "./display-fixture.ts";

const fresh: Shown = { kind: "fresh", display: displayOf(4), from: "h:1", ageMs: 10 };

async function firstEvent(answer: Response): Promise<unknown> {
  const reader = answer.body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  await reader?.cancel();
  return JSON.parse(new TextDecoder().decode(value).replace(/^data: /, ""));
}

test("the page is dark, runs its own script only, and is told what is shown at once", async () => {
  const routes = pageRoutes(() => fresh);
  const page = await routes.request("/");
  expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
  expect(await page.text()).toContain("background: #000");
  const script = await routes.request("/page.js");
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await firstEvent(await routes.request("/events"))).toEqual({
    kind: "fresh",
    look: "plain",
    text: "INVESTED 83% | BUY AAPL 2.5%",
    led3: "rgb(0,255,0)",
    led4: "rgb(0,100,255)",
    source: "uno-a, epoch 4",
  });
});

test("viewers are bounded, and one that goes makes room", async () => {
  const routes = pageRoutes(() => fresh);
  const open: Response[] = [];
  for (let viewer = 0; viewer < 32; viewer++) open.push(await routes.request("/events"));
  expect((await routes.request("/events")).status).toBe(503);
  await open[0]?.body?.cancel();
  await expect.poll(async () => (await routes.request("/events")).status, { timeout: 5_000 }).toBe(200);
  for (const answer of open.slice(1)) await answer.body?.cancel();
});

test("over a socket it shows what was drawn last, and lets go of its viewers when it stops", async () => {
  const face = await pageFace("127.0.0.1", 0);
  face.draw(fresh);
  const answer = await fetch(`http://127.0.0.1:${face.port}/events`);
  expect(await firstEvent(answer)).toMatchObject({ kind: "fresh" });
  face.stop();
  await expect(fetch(`http://127.0.0.1:${face.port}/`)).rejects.toThrow("fetch failed");
});
