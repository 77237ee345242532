import { boardPicture } from "./board-picture.ts";
import { colours, type LedDisplay, type Rgb } from "./display.ts";
import { textColumns } from "./font.ts";
import { daylight, type Light } from "./light.ts";
import { blinkTicks, boardLamps, userLamps } from "./look.ts";

export const matrixRows = 8;
export const matrixColumns = 13;

/** One picture: the matrix row by row, brightness 0..7, and the four LEDs. */
export type LedFrame = {
  readonly matrix: readonly (readonly number[])[];
  readonly led1: Rgb;
  readonly led2: Rgb;
  readonly led3: Rgb;
  readonly led4: Rgb;
};

/**
 * The picture of a display state at a tick (one tick moves the text by one column; it enters from the right
 * and starts again when it has left). LED 1 is lit during an activity, LED 2 beats while the picture is
 * live, LED 3 blinks on an error or a warning; in a takeover the matrix flashes as a whole.
 */
export function frameAt(display: LedDisplay, tick: number, light: Light = daylight): LedFrame {
  const { text, level, look, led3, led4 } = boardPicture(display, light);
  const columns = textColumns(text);
  const shift = matrixColumns - (tick % (matrixColumns + columns.length));
  const firstHalf = Math.floor(tick / blinkTicks) % 2 === 0;
  const inverted = look === "takeover" && firstHalf;
  const row = (y: number): number[] =>
    Array.from({ length: matrixColumns }, (_, x) => {
      const lit = y > 0 && (((columns[x - shift] ?? 0) >> (y - 1)) & 1) === 1;
      return lit === inverted ? 0 : level;
    });
  const user = light.lamps ? userLamps(display, firstHalf) : { led1: colours.off, led2: colours.off };
  return {
    // Text starts in the second row, where the board's own font has it.
    matrix: Array.from({ length: matrixRows }, (_, y) => row(y)),
    ...user,
    ...boardLamps(look, led3, led4, firstHalf),
  };
}
