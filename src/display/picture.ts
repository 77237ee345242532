import { colours, type LedDisplay } from "../led/display.ts";
import { textOf } from "../led/look.ts";
import type { Shown } from "./follow.ts";

const minuteMs = 60_000;
const tickerSpeedMs = 50;

/**
 * What the LEDs of a display show: fresh figures as they are, old ones under that heading with a yellow LED 3, and
 * without any figures red. The texts change once a minute at most, so that they can be read to their end.
 */
export function pictureOf(shown: Shown): LedDisplay {
  switch (shown.kind) {
    case "fresh":
      return shown.display;
    case "stale": {
      const { takeover: _, ...display } = shown.display;
      return {
        ...display,
        mode: "normal",
        error_message: "",
        activity_message: "",
        ticker_text: `OLD FIGURES | ${textOf(shown.display)}`,
        led3: colours.yellow,
        led4: colours.off,
      };
    }
    case "none": {
      const minutes = Math.floor(shown.forMs / minuteMs);
      return {
        mode: "error",
        error_message: minutes === 0 ? "NO CONTACT" : `NO CONTACT FOR ${durationText(minutes)}`,
        trade_is_buy: false,
        led3: colours.red,
        led4: colours.off,
        ticker_text: "",
        activity_message: "",
        ticker_speed: tickerSpeedMs,
        drawn_by: { node: "display", epoch: 0 },
      };
    }
  }
}

const durationText = (minutes: number): string =>
  minutes < 120 ? `${minutes} MIN` : `${Math.floor(minutes / 60)} HOURS`;

/** Whose picture it is and how old, for whoever can read more than the matrix. */
export function sourceLine(shown: Shown): string {
  switch (shown.kind) {
    case "fresh":
      return visible(`${drawnBy(shown.display)}${pairingText(shown.display)}`);
    case "stale":
      return visible(`OLD: ${seconds(shown.ageMs)}, by ${drawnBy(shown.display)} (${shown.reason})`);
    case "none":
      return visible(`no figures for ${seconds(shown.forMs)} (${shown.reason})`);
  }
}

const drawnBy = ({ drawn_by: { node, epoch } }: LedDisplay): string => `${node}, epoch ${epoch}`;
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** What came of a display's token, for whoever brought one. */
const pairingText = ({ token, drawn_by: { node } }: LedDisplay): string =>
  token === "unknown"
    ? ` · ${node} does not know this display's token: percentages only. "trader display-token" on the primary makes one.`
    : "";

/** What comes over the network may hold anything; a terminal would obey it. */
const visible = (text: string): string => text.replaceAll(/\p{C}/gu, " ").slice(0, 300);
