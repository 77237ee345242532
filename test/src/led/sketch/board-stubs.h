#pragma once
// Enough of the board's core and libraries to compile sketch.ino on the host: names and types only.
#include <cstdint>
#include <string>

#define OUTPUT 1
#define LOW 0
#define HIGH 1
#define K_FOREVER 0
#define K_NO_WAIT 0
constexpr int LED3_R = 22, LED3_G = 23, LED3_B = 24, LED4_R = 25, LED4_G = 26, LED4_B = 27;
inline void pinMode(int, int) {}
inline void digitalWrite(int, int) {}
inline void delay(int) {}

using k_tid_t = void*;
struct k_thread {};
struct k_thread_stack_t {};
struct k_mutex {};
inline int k_mutex_init(k_mutex*) { return 0; }
inline int k_mutex_lock(k_mutex*, int) { return 0; }
inline int k_mutex_unlock(k_mutex*) { return 0; }
inline int64_t k_uptime_get() { return 0; }
inline int k_msleep(int) { return 0; }
inline k_thread_stack_t* k_thread_stack_alloc(size_t, int) { return nullptr; }
inline k_tid_t k_thread_create(k_thread*, k_thread_stack_t*, size_t, void (*)(void*, void*, void*), void*, void*, void*,
                               int, int, int) {
  return nullptr;
}

namespace MsgPack {
struct str_t : std::string {
  using std::string::string;
};
}  // namespace MsgPack

struct RpcResult {
  template <typename T>
  bool result(T&) {
    return true;
  }
};
struct BridgeClass {
  bool begin(unsigned long = 115200) { return true; }
  template <typename F>
  bool provide_safe(const MsgPack::str_t&, F&&) {
    return true;
  }
  template <typename... Args>
  RpcResult call(const MsgPack::str_t&, Args&&...) {
    return {};
  }
  template <typename... Args>
  void notify(const MsgPack::str_t, Args&&...) {}
};
inline BridgeClass Bridge;

struct Arduino_LED_Matrix {
  void begin() {}
  void setGrayscaleBits(int) {}
  void draw(uint8_t*) {}
};
