// The trader's face on the microcontroller: 8x13 matrix, LED 3 and LED 4.
// The app sends whole pictures; this sketch scrolls and blinks them by itself, and says so when no more come.
#include <Arduino_RouterBridge.h>
#include <Arduino_LED_Matrix.h>
#include <zephyr/kernel.h>
#include "news.h"
#include "picture.h"

using namespace trader;

static const char* const showMethod = "trader.show";
static const char* const redrawMethod = "trader.redraw";
static const int64_t registerEveryMs = 5000;
static const size_t renderStack = 2048;

Arduino_LED_Matrix matrix;
struct k_thread renderThread;
struct k_mutex shared;
// Both under `shared`: written by the loop thread, read by the render thread.
Picture picture;
News news;

bool bound = false;
int64_t registeredMs = 0;

// Runs in the loop thread. One message is one whole picture.
bool onShow(int session, int seq, MsgPack::str_t text, int speedMs, int level, int look, int led3, int led4) {
  k_mutex_lock(&shared, K_FOREVER);
  const bool newer = accept(news, session, seq, k_uptime_get());
  if (newer) setPicture(picture, text.c_str(), text.length(), speedMs, level, look, led3, led4);
  k_mutex_unlock(&shared);
  return newer;
}

// Active-low: LOW lights a channel.
void lightLamps(const Lamps& lamps) {
  static const int led3[] = {LED3_R, LED3_G, LED3_B};
  static const int led4[] = {LED4_R, LED4_G, LED4_B};
  for (int channel = 0; channel < 3; channel++) {
    digitalWrite(led3[channel], channelOn(lamps.led3, channel) ? LOW : HIGH);
    digitalWrite(led4[channel], channelOn(lamps.led4, channel) ? LOW : HIGH);
  }
}

// A thread of its own, because a call over the bridge can block the loop for ever.
void render(void*, void*, void*) {
  static Picture shown;
  static uint8_t pixels[matrixRows * matrixColumns];
  const uint32_t yellow = 0xFFB400;
  for (uint32_t tick = 0;; tick++) {
    const int64_t nowMs = k_uptime_get();
    k_mutex_lock(&shared, K_FOREVER);
    const bool draw = mayDraw(news, nowMs);
    const bool stale = isStale(news, nowMs);
    if (!stale) {
      // The text goes on where it is when only a colour has changed.
      if (picture.columns.count != shown.columns.count ||
          memcmp(picture.columns.bits, shown.columns.bits, shown.columns.count) != 0)
        tick = 0;
      shown = picture;
    } else {
      char words[32];
      const int length = staleText(news, nowMs, words, sizeof words);
      setPicture(shown, words, static_cast<size_t>(length), 80, 2, static_cast<int>(Look::warn), yellow, 0);
    }
    k_mutex_unlock(&shared);
    if (draw) {
      drawMatrix(shown, tick, pixels);
      matrix.draw(pixels);
      lightLamps(lampsAt(shown, tick));
    }
    k_msleep(shown.speedMs);
  }
}

// At the start, and again while no pictures come: a router that was started again knows no methods.
void registerShow() {
  bool registered = false;
  if (!bound) {
    bound = Bridge.provide_safe(showMethod, onShow);
    registered = bound;
  } else {
    Bridge.call("$/register", MsgPack::str_t(showMethod)).result(registered);
  }
  registeredMs = k_uptime_get();
  if (registered) Bridge.notify(redrawMethod);
}

void setup() {
  k_mutex_init(&shared);
  matrix.begin();
  matrix.setGrayscaleBits(3);
  for (int pin : {LED3_R, LED3_G, LED3_B, LED4_R, LED4_G, LED4_B}) {
    pinMode(pin, OUTPUT);
    digitalWrite(pin, HIGH);
  }
  k_thread_stack_t* stack = k_thread_stack_alloc(renderStack, 0);
  if (stack != nullptr) k_thread_create(&renderThread, stack, renderStack, render, NULL, NULL, NULL, 6, 0, K_NO_WAIT);
  Bridge.begin();
  registerShow();
}

void loop() {
  k_mutex_lock(&shared, K_FOREVER);
  const bool stale = isStale(news, k_uptime_get());
  k_mutex_unlock(&shared);
  if (stale && k_uptime_get() - registeredMs > registerEveryMs) registerShow();
  delay(10);
}
