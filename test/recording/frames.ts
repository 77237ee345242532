/** A piece of a line in one style: the codes of SGR that are in force, in their order ("1;32", "38;2;0;255;0", ""). */
export type Piece = { readonly text: string; readonly style: string };
/** One picture of the screen, `atMs` after the first one. */
export type Frame = { readonly atMs: number; readonly lines: readonly (readonly Piece[])[] };

// oxlint-disable-next-line no-control-regex -- a terminal's codes begin with it
const drawing = /\u001B\[H([^]*?)\u001B\[J/g;
// oxlint-disable-next-line no-control-regex -- the same
const code = /\u001B\[([\d;]*)([A-Za-z])/g;

/** The pictures in what the demo wrote to a terminal: it draws each one anew, from the first line on. */
export function framesIn(chunks: readonly { readonly atMs: number; readonly text: string }[]): readonly Frame[] {
  const frames: Frame[] = [];
  let text = "";
  for (const chunk of chunks) {
    text += chunk.text;
    let end = 0;
    for (const found of text.matchAll(drawing)) {
      frames.push({ atMs: chunk.atMs, lines: (found[1] ?? "").split("\r\n").map(piecesOf) });
      end = found.index + found[0].length;
    }
    text = text.slice(end);
  }
  const startMs = frames[0]?.atMs ?? 0;
  return frames.map(({ atMs, lines }) => ({ atMs: atMs - startMs, lines }));
}

function piecesOf(line: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let style = "";
  let from = 0;
  const add = (text: string): void => {
    if (text !== "") pieces.push({ text, style });
  };
  for (const found of line.matchAll(code)) {
    add(line.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === "m") style = styleAfter(style, found[1] ?? "");
  }
  add(line.slice(from));
  return pieces;
}

/** `0` and nothing end every style; what ends one alone (22, 39, …) ends all that this screen nests. */
function styleAfter(style: string, codes: string): string {
  if (/^(?:0?|2[0-9]|39|49)$/.test(codes)) return "";
  return style === "" ? codes : `${style};${codes}`;
}

/** The text of a line. */
export const textOf = (line: readonly Piece[]): string =>
  line
    .map(({ text }) => text)
    .join("")
    .trimEnd();

/** At most one picture in `everyMs`, and none that shows what the one before shows. */
export function thinned(frames: readonly Frame[], everyMs: number): readonly Frame[] {
  const kept: Frame[] = [];
  for (const frame of frames) {
    const last = kept.at(-1);
    if (last !== undefined && frame.atMs - last.atMs < everyMs) continue;
    if (last !== undefined && JSON.stringify(last.lines) === JSON.stringify(frame.lines)) continue;
    kept.push(frame);
  }
  return kept;
}
