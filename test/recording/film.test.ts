import { expect, test } from "vitest";
import { film, linesOf } from "./film.ts";
import { framesIn, textOf, thinned } from "./frames.ts";

const draw = (...lines: readonly string[]): string =>
  `\u001B[H${lines.map((line) => `${line}\u001B[K`).join("\r\n")}\u001B[J`;

test("pictures are what was drawn between home and clear, in whatever pieces it came, with their styles", () => {
  const [one, two] = [draw("\u001B[1mnode\u001B[22m \u001B[38;2;1;2;3m●\u001B[0m dead"), draw("gone", "")];
  const text = `\u001B[?25lhello${one}${two}`;
  const chunks = [
    { atMs: 5, text: text.slice(0, 20) },
    { atMs: 7, text: text.slice(20) },
  ];
  const frames = framesIn(chunks);
  expect(frames.map(({ lines }) => lines.map(textOf))).toEqual([["node ● dead"], ["gone", ""]]);
  expect(frames[0]?.lines[0]).toEqual([
    { text: "node", style: "1" },
    { text: " ", style: "" },
    { text: "●", style: "38;2;1;2;3" },
    { text: " dead", style: "" },
  ]);
});

test("a film shows every line of its pictures, needs nothing from outside, and runs in real time", () => {
  const frames = framesIn([
    { atMs: 100, text: draw("a <b> & c", "\u001B[1m●\u001B[22m  wide") },
    { atMs: 1_100, text: draw("a <b> & c", "later") },
  ]);
  const svg = film(frames, 20, 4);
  expect(linesOf(svg)).toEqual(["a <b> & c", "●  wide", "later"]);
  expect(svg).toMatch(/0%\{transform:translateX\(0px\)\}25%\{.*animation:film 4s/s);
  expect(svg).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)|url\(/);
});

const at = (atMs: number, text: string) => ({ atMs, text: draw(text) });

test("what shows nothing new is left out, and so is what comes too soon", () => {
  const frames = framesIn([at(0, "a"), at(100, "b"), at(300, "a"), at(600, "b"), at(900, "b")]);
  expect(thinned(frames, 250).map(({ atMs }) => atMs)).toEqual([0, 600]);
});
