import type { Frame, Piece } from "./frames.ts";

/** Width of a character and height of a line, in the units of the picture. */
const cell = { width: 7.2, height: 15 };
const margin = 14;
const lastShownMs = 3_000;

const basic = ["#30343c", "#e88388", "#a8cc8c", "#dbab79", "#71bef2", "#d290e4", "#66c2cd", "#b9c0cb"];

/** An animated picture of what a terminal showed, in real time, again and again: SVG without scripts or outside parts. */
export function film(frames: readonly Frame[], columns: number, rows: number): string {
  const width = columns * cell.width + 2 * margin;
  const height = rows * cell.height + 2 * margin;
  const totalMs = (frames.at(-1)?.atMs ?? 0) + lastShownMs;
  const keys = frames.map(
    ({ atMs }, at) => `${round((atMs / totalMs) * 100)}%{transform:translateX(${-round(at * width)}px)}`,
  );
  const classes = new Map<string, string>();
  const lines = new Map<string, string>();
  const shots = frames.map(
    (frame, at) => `<g transform="translate(${round(at * width)})">${shotOf(frame, lines, classes)}</g>`,
  );
  const styles = [...classes].map(([style, name]) => `.${name}{${cssOf(style)}}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}">`,
    `<style>@keyframes film{${keys.join("")}}text{white-space:pre;font:12px ui-monospace,Menlo,Consolas,monospace;fill:#b9c0cb}`,
    `.film{animation:film ${round(totalMs / 1_000)}s steps(1,end) infinite}${styles.join("")}</style>`,
    `<rect width="100%" height="100%" rx="6" fill="#1e2127"/>`,
    `<defs>${[...lines].map(([content, id]) => `<text id="${id}">${content}</text>`).join("\n")}</defs>`,
    `<g class="film">${shots.join("\n")}</g>`,
    "</svg>",
    "",
  ].join("\n");
}

/** A line that is shown often is written once. */
function shotOf({ lines }: Frame, known: Map<string, string>, classes: Map<string, string>): string {
  return lines
    .map((line, row) => {
      const content = contentOf(line, classes);
      if (content === "") return "";
      const id = known.get(content) ?? `l${known.size}`;
      known.set(content, id);
      return `<use href="#${id}" x="${margin}" y="${round(margin + (row + 0.8) * cell.height)}"/>`;
    })
    .join("");
}

/** Each word at its own column, however wide the font makes those before it. */
function contentOf(line: readonly Piece[], classes: Map<string, string>): string {
  let column = 0;
  return line
    .flatMap(({ text, style }) => text.split(/( {2,})/).map((part) => ({ part, style })))
    .map(({ part, style }) => {
      const x = round(column * cell.width);
      column += Array.from(part).length;
      if (part.trim() === "") return "";
      const name = style === "" ? "" : ` class="${classOf(style, classes)}"`;
      return `<tspan x="${x}"${name}>${escaped(part)}</tspan>`;
    })
    .join("");
}

function classOf(style: string, classes: Map<string, string>): string {
  const name = classes.get(style) ?? `s${classes.size}`;
  classes.set(style, name);
  return name;
}

function cssOf(style: string): string {
  const colour = /38;2;(\d+);(\d+);(\d+)/.exec(style);
  const rules = colour === null ? [] : [`fill:rgb(${colour.slice(1).join(",")})`];
  for (const code of style
    .replace(/[34]8;2;\d+;\d+;\d+/g, "")
    .split(";")
    .map(Number)) {
    if (code === 1) rules.push("font-weight:700");
    if (code === 2) rules.push("opacity:.6");
    if (code === 7) rules.push("fill:#fff");
    if (code >= 30 && code <= 37) rules.push(`fill:${basic[code - 30] ?? ""}`);
    if (code >= 90 && code <= 97) rules.push(`fill:${basic[code - 90] ?? ""}`);
  }
  return rules.join(";");
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const round = (value: number): number => Math.round(value * 100) / 100;

/** The lines that a film shows, as text: what `film` was given, without styles. */
export function linesOf(svg: string): readonly string[] {
  return [...svg.matchAll(/<text id="l\d+">(.*)<\/text>/g)].map(([, content = ""]) => {
    let line = "";
    for (const [, x = "0", text = ""] of content.matchAll(/<tspan x="([\d.]+)"[^>]*>([^<]*)<\/tspan>/g))
      line = line.padEnd(Math.round(Number(x) / cell.width)) + unescaped(text);
    return line.trimEnd();
  });
}

const unescaped = (text: string): string =>
  text.replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
