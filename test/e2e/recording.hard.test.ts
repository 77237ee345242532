import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { linesOf } from "../recording/film.ts";
import { textOf } from "../recording/frames.ts";
import { tape } from "../recording/tape.ts";

const svg = readFileSync(fileURLToPath(new URL("../../src/demo/takeover.svg", import.meta.url)), "utf8");

/** Events that had left the recorded screen already, or not yet, are shown on a taller one. */
const tallRows = 64;

/** The parts of a line, without what differs from run to run: times, figures, names, and what the LEDs show. */
function shapeOf(line: string): readonly string[] {
  return line.split(/ {3,}/).map((part) =>
    part
      .replaceAll(/│[●○ ]*│?|^[●○ ]*│/g, "│")
      .replaceAll(/\b([1-4]) [●○]/g, "lamp")
      .replaceAll(/[█░]+/g, "bar")
      .replaceAll(/^(?:[●○] ?)+$/g, "")
      // They join in any order, and who takes over knows more or less of the one before.
      .replaceAll(/members are [^;]*;/g, "members are …;")
      .replaceAll(/became primary .*|(?<=came back as standby) .*/g, (said) => said.split(" ").slice(0, 2).join(" "))
      .replaceAll(/node-[ab]/g, "node")
      .replaceAll(/\d[\d.:]*(?:T\d+Z)?/g, "0")
      .replaceAll(/^0 [A-Z]{1,5}$/g, "0 SYMBOL")
      .replaceAll(/\b(?:buy|sell)\b/g, "side")
      .replaceAll(/ +/g, " ")
      .trim(),
  );
}

test("every line of the README's recording is one that the demo shows today, when its primary is killed and comes back", async () => {
  const today = new Set((await tape(tallRows)).flatMap(({ lines }) => lines.flatMap((line) => shapeOf(textOf(line)))));
  const recorded = new Set(linesOf(svg).flatMap(shapeOf));
  expect(recorded.size).toBeGreaterThan(20);
  expect([...recorded].filter((shape) => !today.has(shape))).toEqual([]);
  // It tells the whole story.
  const story = ["● PRIMARY", "● dead", "○ standby", "SIGKILL to all of node", "became primary", "node starts again"];
  expect(story.filter((piece) => ![...recorded].some((shape) => shape.includes(piece)))).toEqual([]);
});
