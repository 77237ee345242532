import { expect, test } from "vitest";
import { colours, type LedDisplay } from "../../../src/led/display.ts";
import { frameAt, matrixColumns, matrixRows } from "../../../src/led/frame.ts";
import { renderFrame } from "../../../src/led/terminal.ts";

const display: LedDisplay = {
  mode: "normal",
  error_message: "",
  trade_is_buy: true,
  led3: colours.green,
  led4: colours.buy,
  ticker_text: "HI",
  activity_message: "",
  ticker_speed: 50,
  drawn_by: { node: "uno-a", epoch: 1 },
};

test("a frame is 8 by 13, each pixel 0 to 7", () => {
  for (let tick = 0; tick < 60; tick++) {
    const { matrix } = frameAt(display, tick);
    expect(matrix).toHaveLength(matrixRows);
    expect(matrix.every((row) => row.length === matrixColumns && row.every((p) => p >= 0 && p <= 7))).toBe(true);
  }
});

test("the text enters from the right, leaves to the left and comes again", () => {
  const length = matrixColumns + 12;
  expect(renderFrame(frameAt(display, 0), false).slice(1, 9).join("").replaceAll(/[│ ]/g, "")).toBe("");
  expect(frameAt(display, 1).matrix[1]?.[12]).toBeGreaterThan(0);
  expect(frameAt(display, length + 5).matrix).toEqual(frameAt(display, 5).matrix);
});

test("a whole picture, plain", () => {
  expect(renderFrame(frameAt(display, 13), false)).toEqual([
    "┌──────────────────────────┐",
    "│                          │",
    "│o       o     o o o       │",
    "│o       o       o         │",
    "│o       o       o         │",
    "│o o o o o       o         │",
    "│o       o       o         │",
    "│o       o       o         │",
    "│o       o     o o o       │",
    "└──────────────────────────┘",
    " 1:-    2:-    3:G    4:GB  ",
  ]);
});

test("an error is bright and blinks; an activity lights LED 1", () => {
  const error = { ...display, mode: "error" as const, error_message: "HI", led3: colours.red };
  expect(frameAt(error, 13).matrix[1]?.[0]).toBe(7);
  expect([frameAt(error, 0).led3, frameAt(error, 8).led3]).toEqual([colours.red, colours.off]);
  expect(frameAt({ ...display, mode: "activity", activity_message: "X" }, 0).led1).toEqual(colours.blue);
});

test("in colour, every lit pixel and lamp is painted and reset", () => {
  const lines = renderFrame(frameAt(display, 13), true).join("");
  expect(lines.split("\u001B[38;2;").length - 1).toBe(lines.split("●").length - 1);
  expect(lines.endsWith("\u001B[0m ")).toBe(true);
});
