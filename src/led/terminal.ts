import type { Rgb } from "./display.ts";
import type { LedFrame } from "./frame.ts";

const levels = [" ", "·", "·", "o", "o", "●", "●", "●"];
const esc = "\u001B[";
const reset = `${esc}0m`;
/** Every lit pixel of the board's matrix is blue-white; brightness scales it. */
const pixelColour = (level: number): Rgb => [40 + level * 20, 50 + level * 24, 80 + level * 25];

/**
 * A frame as terminal lines of equal width: a border, the eight rows of the matrix (two characters a pixel),
 * then the four LEDs. `colour` false gives plain text, where an unlit LED is `-` and a lit one says which
 * of red, green and blue are on.
 */
export function renderFrame(frame: LedFrame, colour: boolean): readonly string[] {
  const rows = frame.matrix.map((row) => row.map((level) => pixel(level, colour)).join(""));
  const width = (frame.matrix[0]?.length ?? 0) * 2;
  const edge = (left: string, right: string): string => `${left}${"─".repeat(width)}${right}`;
  const leds = [frame.led1, frame.led2, frame.led3, frame.led4].map((led, i) => lamp(i + 1, led, colour)).join("  ");
  return [edge("┌", "┐"), ...rows.map((row) => `│${row}│`), edge("└", "┘"), ` ${leds} `];
}

function pixel(level: number, colour: boolean): string {
  const mark = levels[Math.min(Math.max(level, 0), 7)] ?? " ";
  if (!colour || level === 0) return `${mark} `;
  return `${paint(pixelColour(level))}● ${reset}`;
}

function lamp(n: number, [red, green, blue]: Rgb, colour: boolean): string {
  const on = red + green + blue > 0;
  if (!colour) return `${n}:${on ? lit(red, green, blue) : "-  "}`;
  return `${on ? paint([red, green, blue]) : `${esc}2m`}${n} ${on ? "●" : "○"}${reset}`;
}

const lit = (red: number, green: number, blue: number): string =>
  `${red > 0 ? "R" : ""}${green > 0 ? "G" : ""}${blue > 0 ? "B" : ""}`.padEnd(3);

const paint = ([red, green, blue]: Rgb): string => `${esc}38;2;${red};${green};${blue}m`;
