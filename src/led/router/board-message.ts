import type { Rgb } from "../display.ts";
import type { BoardPicture } from "../board-picture.ts";

/** The sketch provides `show` and calls `redraw` when it has started or lost sight of the app. */
export const boardMethods = { show: "trader.show", redraw: "trader.redraw" } as const;

/** Bytes of text that leave room for the rest within one message. */
export const textBytesMax = 120;

/** In the order in which the sketch reads them; a change of number or order is a new method name. */
const looks = { plain: 0, warn: 1, error: 2, takeover: 3 } as const;

/**
 * Parameters of `trader.show`: one message is one whole picture, so none is ever half of two. `session` is another
 * number in each run of the app, `seq` rises within it: the sketch drops what comes late.
 */
export const showParams = (session: number, seq: number, picture: BoardPicture): readonly (number | string)[] => [
  session,
  seq,
  cutToBytes(picture.text, textBytesMax),
  picture.speedMs,
  picture.level,
  looks[picture.look],
  packed(picture.led3),
  packed(picture.led4),
];

/** The text as far as it fits, whole characters only. */
export function cutToBytes(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) return kept;
    kept += character;
  }
  return kept;
}

const packed = ([red, green, blue]: Rgb): number => (red << 16) | (green << 8) | blue;
