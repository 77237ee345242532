import { expect, test } from "vitest";
import { glyphColumns, glyphOf, glyphRows, textColumns } from "../../../src/led/font.ts";

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

test("every printable ASCII character and the middle dot has a glyph of its own, five columns by seven rows", () => {
  const box = glyphOf("\u{1F4A9}");
  const seen = new Set<string>();
  for (const character of [...ascii, "·"]) {
    const glyph = glyphOf(character);
    expect(glyph, character).toHaveLength(glyphColumns);
    expect(glyph, character).not.toEqual(box);
    expect(
      glyph.every((column) => column < 1 << glyphRows),
      character,
    ).toBe(true);
    expect(
      glyph.some((column) => column > 0),
      character,
    ).toBe(character !== " ");
    seen.add(glyph.join());
  }
  expect(seen.size).toBe(96);
});

test("a character that the font lacks is a box, not a gap", () => {
  expect(glyphOf("é")).toEqual([127, 65, 65, 65, 127]);
});

test("a text has one dark column after each character", () => {
  expect(textColumns("! ")).toEqual([0, 0, 95, 0, 0, 0, 0, 0, 0]);
});
