import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { glyphColumns, glyphOf } from "./font.ts";

/** Where the sketch has its font. */
export const fontHeaderPath = fileURLToPath(new URL("sketch/font.h", import.meta.url));

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCodePoint(32 + i));

/** The same font as a C++ header: printable ASCII, then the middle dot, then the box for what is missing. */
export function fontHeader(): string {
  const rows = [...ascii, "·", "\uFFFD"].map(
    (character) => `    {${glyphOf(character).map(hex).join(", ")}},  // ${nameOf(character)}`,
  );
  return `#pragma once
// Made from src/led/font.ts by src/led/font-header.ts. Each byte is a column, bit 0 its top row.
#include <stddef.h>
#include <stdint.h>

namespace trader {

constexpr size_t glyphColumns = ${glyphColumns};
constexpr uint32_t firstGlyph = 32;
constexpr uint32_t asciiGlyphs = ${ascii.length};
constexpr size_t middleDotGlyph = ${ascii.length};
constexpr size_t boxGlyph = ${ascii.length + 1};

constexpr uint8_t glyphs[][glyphColumns] = {
${rows.join("\n")}
};

}  // namespace trader
`;
}

const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, "0")}`;

// A backslash at the end of a comment would swallow the next line.
const nameOf = (character: string): string =>
  character === " " ? "space" : character === "\\" ? "backslash" : character === "\uFFFD" ? "missing" : character;

if (import.meta.main) writeFileSync(fontHeaderPath, fontHeader());
