import { frameAt } from "../led/frame.ts";
import { renderFrame } from "../led/terminal.ts";
import type { Face } from "./faces.ts";
import type { Shown } from "./follow.ts";
import { pictureOf, sourceLine } from "./picture.ts";

const tickMs = 100;
const home = "\u001B[H";
const hideCursor = "\u001B[?25l\u001B[2J";
const showCursor = "\u001B[?25h\n";
const toLineEnd = "\u001B[K";

/** The board's face as lines, with whose picture it is below; `tick` moves the text by one column. Pure. */
export const terminalLines = (shown: Shown, tick: number, colour: boolean): readonly string[] => [
  ...renderFrame(frameAt(pictureOf(shown), tick), colour),
  ` ${sourceLine(shown)}`,
];

/** A terminal that shows the board's face. */
export function terminalFace(write: (text: string) => void, colour: boolean, nowMs = () => performance.now()): Face {
  write(hideCursor);
  return {
    draw(shown) {
      const tick = Math.floor(nowMs() / tickMs);
      write(
        home +
          terminalLines(shown, tick, colour)
            .map((line) => `${line}${toLineEnd}\n`)
            .join(""),
      );
    },
    stop: () => write(showCursor),
  };
}

/** One JSON line whenever something else is to be shown, for programs. */
export function jsonFace(write: (text: string) => void): Face {
  let said = "";
  return {
    draw(shown) {
      const display = shown.kind === "none" ? null : shown.display;
      const line = JSON.stringify({ kind: shown.kind, display });
      if (line === said) return;
      said = line;
      const ageMs = shown.kind === "none" ? shown.forMs : shown.ageMs;
      write(`${JSON.stringify({ kind: shown.kind, ageMs: Math.round(ageMs), display })}\n`);
    },
    stop: () => undefined,
  };
}
