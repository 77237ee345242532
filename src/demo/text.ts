import { stripVTControlCharacters, styleText } from "node:util";

/** Text in a style; plain text where there are no colours. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Colours on or off. */
export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;

/** Characters that are seen. */
export const visible = (text: string): number => Array.from(stripVTControlCharacters(text)).length;

/** Filled with spaces to a visible width. */
export const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - visible(text)));

/** Cut to a visible width; colours are ended. */
export function cut(text: string, width: number): string {
  if (visible(text) <= width) return text;
  let left = width;
  let out = "";
  // oxlint-disable-next-line no-control-regex -- ESC begins every colour
  for (const part of text.split(/(\u001B\[[\d;]*m)/)) {
    if (part.startsWith("\u001B[")) out += part;
    else {
      const piece = Array.from(part).slice(0, left);
      left -= piece.length;
      out += piece.join("");
    }
  }
  return `${out}\u001B[0m`;
}
