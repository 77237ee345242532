#pragma once
// Text as columns of an 8x13 matrix. No Arduino in here: compiled and tested on the host too.
#include <stddef.h>
#include <stdint.h>
#include "font.h"

namespace trader {

// As many bytes as one message carries.
constexpr size_t textBytesMax = 120;
constexpr size_t columnsMax = textBytesMax * (glyphColumns + 1);

struct Columns {
  uint8_t bits[columnsMax];
  size_t count = 0;
};

// The code point at `at`, which moves behind it; 0xFFFD for bytes that are no UTF-8.
inline uint32_t nextCodePoint(const char* text, size_t bytes, size_t& at) {
  const uint8_t first = static_cast<uint8_t>(text[at++]);
  if (first < 0x80) return first;
  const size_t more = (first >> 5) == 6 ? 1 : (first >> 4) == 14 ? 2 : (first >> 3) == 30 ? 3 : 0;
  if (more == 0) return 0xFFFD;
  uint32_t point = first & (0x3F >> more);
  for (size_t i = 0; i < more; i++) {
    if (at >= bytes || (static_cast<uint8_t>(text[at]) >> 6) != 2) return 0xFFFD;
    point = (point << 6) | (static_cast<uint8_t>(text[at++]) & 0x3F);
  }
  return point;
}

// A box for a character that the font lacks.
inline const uint8_t* glyphOf(uint32_t point) {
  if (point >= firstGlyph && point < firstGlyph + asciiGlyphs) return glyphs[point - firstGlyph];
  return point == 0xB7 ? glyphs[middleDotGlyph] : glyphs[boxGlyph];
}

// One dark column after each character; a space is three columns. Text beyond `textBytesMax` is left out.
inline void layOut(const char* text, size_t bytes, Columns& out) {
  out.count = 0;
  if (bytes > textBytesMax) bytes = textBytesMax;
  for (size_t at = 0; at < bytes;) {
    const uint32_t point = nextCodePoint(text, bytes, at);
    const uint8_t* glyph = glyphOf(point);
    const size_t wide = point == ' ' ? 2 : glyphColumns;
    for (size_t x = 0; x < wide; x++) out.bits[out.count++] = point == ' ' ? 0 : glyph[x];
    out.bits[out.count++] = 0;
  }
}

}  // namespace trader
