// The sketch's pure parts behind a line protocol: one command a line in, one line out.
#include <cinttypes>
#include <iostream>
#include <sstream>
#include <string>
#include "../../../../src/led/sketch/news.h"
#include "../../../../src/led/sketch/picture.h"

using namespace trader;

static std::string fromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 1; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

int main() {
  News news;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    std::string command, text;
    in >> command;
    if (command == "frame") {
      uint32_t tick;
      int speedMs, level, look, led3, led4;
      in >> tick >> speedMs >> level >> look >> led3 >> led4 >> text;
      const std::string bytes = fromHex(text);
      static Picture picture;
      setPicture(picture, bytes.data(), bytes.size(), speedMs, level, look, led3, led4);
      uint8_t pixels[matrixRows * matrixColumns];
      drawMatrix(picture, tick, pixels);
      for (uint8_t pixel : pixels) std::cout << int(pixel);
      const Lamps lamps = lampsAt(picture, tick);
      std::cout << ' ' << lamps.led3 << ' ' << lamps.led4 << ' ' << picture.speedMs;
    } else if (command == "lit") {
      uint32_t colour;
      in >> colour;
      for (int channel = 0; channel < 3; channel++) std::cout << channelOn(colour, channel);
    } else if (command == "accept") {
      int session, seq;
      int64_t nowMs;
      in >> session >> seq >> nowMs;
      std::cout << accept(news, session, seq, nowMs);
    } else if (command == "at") {
      int64_t nowMs;
      in >> nowMs;
      char words[32];
      staleText(news, nowMs, words, sizeof words);
      std::cout << mayDraw(news, nowMs) << ' ' << (isStale(news, nowMs) ? words : "fresh");
    }
    std::cout << '\n';
  }
}
