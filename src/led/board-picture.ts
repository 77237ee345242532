import type { LedDisplay, Rgb } from "./display.ts";
import { lookOf, type Look, textOf } from "./look.ts";
import type { Light } from "./light.ts";

/** What the microcontroller is told to draw until it hears otherwise. `level` is the brightness of its matrix, 0..7. */
export type BoardPicture = {
  readonly text: string;
  readonly speedMs: number;
  readonly level: number;
  readonly look: Look;
  readonly led3: Rgb;
  readonly led4: Rgb;
};

/** The picture of a display state in this light. */
export function boardPicture(display: LedDisplay, light: Light): BoardPicture {
  const look = lookOf(display);
  const urgent = look === "error" || look === "takeover";
  const dark: Rgb = [0, 0, 0];
  return {
    text: textOf(display),
    speedMs: display.ticker_speed,
    level: urgent || display.mode === "activity" ? light.bright : light.normal,
    look,
    led3: light.lamps || urgent ? display.led3 : dark,
    led4: light.lamps || urgent ? display.led4 : dark,
  };
}

export const samePicture = (a: BoardPicture, b: BoardPicture): boolean => JSON.stringify(a) === JSON.stringify(b);
