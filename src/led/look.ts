import { colours, type LedDisplay, type Rgb } from "./display.ts";

/** How a picture behaves beside its text: `takeover` flashes as a whole, `error` blinks LED 3, `warn` too. */
export type Look = "plain" | "warn" | "error" | "takeover";

/** Ticks in half a blink. */
export const blinkTicks = 8;

export function lookOf(display: LedDisplay): Look {
  if (display.mode === "error") return "error";
  if (display.takeover === true) return "takeover";
  return display.led3.join() === colours.yellow.join() ? "warn" : "plain";
}

/** The text of a display state: error > activity > ticker. */
export const textOf = (display: LedDisplay): string =>
  display.mode === "error"
    ? display.error_message
    : display.mode === "activity"
      ? display.activity_message
      : display.ticker_text;

/**
 * The two LEDs on Linux in one half of a blink. LED 1 is blue during an activity, LED 2 beats as long as this process
 * lives; in a takeover the two take turns.
 */
export function userLamps(display: LedDisplay, firstHalf: boolean): { readonly led1: Rgb; readonly led2: Rgb } {
  const { off, blue, cyan, magenta } = colours;
  if (display.takeover === true) return firstHalf ? { led1: magenta, led2: off } : { led1: off, led2: magenta };
  return { led1: display.mode === "activity" ? blue : off, led2: firstHalf ? cyan : off };
}

/** The two LEDs on the microcontroller in one half of a blink. */
export function boardLamps(
  look: Look,
  led3: Rgb,
  led4: Rgb,
  firstHalf: boolean,
): { readonly led3: Rgb; readonly led4: Rgb } {
  const { off } = colours;
  if (look === "takeover") return firstHalf ? { led3, led4: off } : { led3: off, led4 };
  return { led3: look === "plain" || firstHalf ? led3 : off, led4 };
}
