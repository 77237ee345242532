import { expect, test } from "vitest";
import type { Shown } from "../../../src/display/follow.ts";
import { pictureOf, sourceLine } from "../../../src/display/picture.ts";
import { jsonFace, terminalLines } from "../../../src/display/terminal-face.ts";
import { colours } from "../../../src/led/display.ts";
import { lookOf, textOf } from "../../../src/led/look.ts";
import { displayOf } from "./display-fixture.ts";

const display = displayOf(4, "uno-b");
const from = "10.0.0.2:8000";
const fresh: Shown = { kind: "fresh", display, from, ageMs: 300 };
const stale: Shown = { kind: "stale", display, from, ageMs: 12_400, reason: "10.0.0.2:8000 does not answer" };
const none = (forMs: number): Shown => ({ kind: "none", forMs, reason: "no node has been found yet" });

test("fresh figures are shown as they are", () => {
  expect(pictureOf(fresh)).toEqual(display);
  expect(sourceLine(fresh)).toBe("uno-b, epoch 4");
});

test("old figures say so first, in yellow, and nothing of a takeover or an activity is left", () => {
  const busy = { ...display, mode: "activity" as const, activity_message: "UNO-B TOOK OVER", takeover: true };
  const picture = pictureOf({ ...stale, display: busy });
  expect([textOf(picture), lookOf(picture)]).toEqual(["OLD FIGURES | UNO-B TOOK OVER", "warn"]);
  expect([picture.led3, picture.led4]).toEqual([colours.yellow, colours.off]);
  expect(sourceLine(stale)).toBe("OLD: 12 s, by uno-b, epoch 4 (10.0.0.2:8000 does not answer)");
});

test("without figures it is an error, with how long", () => {
  const texts = [0, 59_999, 60_000, 119 * 60_000, 120 * 60_000].map((ms) => textOf(pictureOf(none(ms))));
  expect(texts).toEqual([
    "NO CONTACT",
    "NO CONTACT",
    "NO CONTACT FOR 1 MIN",
    "NO CONTACT FOR 119 MIN",
    "NO CONTACT FOR 2 HOURS",
  ]);
  expect(lookOf(pictureOf(none(0)))).toBe("error");
  expect(sourceLine(none(3_000))).toBe("no figures for 3 s (no node has been found yet)");
});

test("a display whose token is not known says so and what to do", () => {
  expect(sourceLine({ ...fresh, display: { ...display, token: "unknown" } })).toBe(
    `uno-b, epoch 4 · uno-b does not know this display's token: percentages only. "trader display-token" on the primary makes one.`,
  );
});

test("the terminal has the board's face with its source below; what came over the network commands no terminal", () => {
  const evil = { ...display, drawn_by: { node: "uno\u001B]0;b\u0007", epoch: 4 } };
  const lines = terminalLines({ ...fresh, display: evil }, 0, false);
  expect(lines).toHaveLength(12);
  expect(lines.at(-1)).toBe(" uno ]0;b , epoch 4");
  expect(lines.join("")).not.toContain("\u001B");
});

test("a program is told each change once", () => {
  const lines: unknown[] = [];
  const face = jsonFace((text) => lines.push(JSON.parse(text)));
  for (const shown of [none(0), none(100), fresh, { ...fresh, ageMs: 900 }, stale]) face.draw(shown);
  expect(lines).toMatchObject([
    { kind: "none", display: null },
    { kind: "fresh", ageMs: 300, display: { ticker_text: display.ticker_text } },
    { kind: "stale", ageMs: 12_400 },
  ]);
});
