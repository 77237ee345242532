import { colours, type LedDisplay, type Rgb } from "./display.ts";
import { textColumns } from "./font.ts";

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

const bright = 7;
const dim = 3;
/** Ticks in half a blink. */
const blinkTicks = 8;

/**
 * The picture of a display state at a tick (one tick moves the text by one column; it enters from the right
 * and starts again when it has left). LED 1 is lit during an activity, LED 2 beats while the picture is
 * live, LED 3 blinks on an error.
 */
export function frameAt(display: LedDisplay, tick: number): LedFrame {
  const text = textOf(display);
  const columns = textColumns(text);
  const shift = matrixColumns - (tick % (matrixColumns + columns.length));
  const level = display.mode === "normal" ? dim : bright;
  const row = (y: number): number[] =>
    Array.from({ length: matrixColumns }, (_, x) => (((columns[x - shift] ?? 0) >> (y - 1)) & 1 ? level : 0));
  const firstHalf = Math.floor(tick / blinkTicks) % 2 === 0;
  return {
    // Text starts in the second row, where the board's own font has it.
    matrix: [Array.from({ length: matrixColumns }, () => 0), ...[1, 2, 3, 4, 5, 6, 7].map(row)],
    led1: display.mode === "activity" ? colours.blue : colours.off,
    led2: firstHalf ? colours.cyan : colours.off,
    led3: display.mode !== "error" || firstHalf ? display.led3 : colours.off,
    led4: display.led4,
  };
}

const textOf = (display: LedDisplay): string =>
  display.mode === "error"
    ? display.error_message
    : display.mode === "activity"
      ? display.activity_message
      : display.ticker_text;
