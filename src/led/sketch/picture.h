#pragma once
// What the matrix and LED 3 and 4 show at a tick: the same picture as src/led/frame.ts, which a test compares.
#include <string.h>
#include "text.h"

namespace trader {

constexpr int matrixRows = 8;
constexpr int matrixColumns = 13;
constexpr uint32_t blinkTicks = 8;

// Numbers of the wire.
enum class Look : uint8_t { plain = 0, warn = 1, error = 2, takeover = 3 };

struct Picture {
  Columns columns;
  int speedMs = 50;
  uint8_t level = 3;
  Look look = Look::plain;
  // 0xRRGGBB
  uint32_t led3 = 0;
  uint32_t led4 = 0;
};

inline int clamped(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

// A picture from what a message says, whatever it says.
inline void setPicture(Picture& to, const char* text, size_t bytes, int speedMs, int level, int look, int led3,
                       int led4) {
  layOut(text, bytes, to.columns);
  to.speedMs = clamped(speedMs, 20, 1000);
  to.level = static_cast<uint8_t>(clamped(level, 0, 7));
  to.look = look >= 0 && look <= 3 ? static_cast<Look>(look) : Look::plain;
  to.led3 = static_cast<uint32_t>(led3) & 0xFFFFFF;
  to.led4 = static_cast<uint32_t>(led4) & 0xFFFFFF;
}

inline bool firstHalf(uint32_t tick) { return (tick / blinkTicks) % 2 == 0; }

// The text enters from the right, one column a tick, and starts again when it has left; a takeover flashes as a whole.
inline void drawMatrix(const Picture& picture, uint32_t tick, uint8_t out[matrixRows * matrixColumns]) {
  const int count = static_cast<int>(picture.columns.count);
  const int shift = matrixColumns - static_cast<int>(tick % static_cast<uint32_t>(matrixColumns + count));
  const bool inverted = picture.look == Look::takeover && firstHalf(tick);
  for (int x = 0; x < matrixColumns; x++) {
    const int at = x - shift;
    const uint8_t bits = at >= 0 && at < count ? picture.columns.bits[at] : 0;
    for (int y = 0; y < matrixRows; y++) {
      const bool lit = y > 0 && ((bits >> (y - 1)) & 1) == 1;
      out[y * matrixColumns + x] = lit == inverted ? 0 : picture.level;
    }
  }
}

struct Lamps {
  uint32_t led3;
  uint32_t led4;
};

inline Lamps lampsAt(const Picture& picture, uint32_t tick) {
  const bool first = firstHalf(tick);
  if (picture.look == Look::takeover) return {first ? picture.led3 : 0, first ? 0 : picture.led4};
  return {picture.look == Look::plain || first ? picture.led3 : 0, picture.led4};
}

// These LEDs are on or off: a channel is on from its half.
inline bool channelOn(uint32_t colour, int channel) { return ((colour >> (16 - 8 * channel)) & 0xFF) >= 128; }

}  // namespace trader
