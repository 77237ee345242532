#pragma once
// When a message is newer than the one before, and when the picture is no longer true. Milliseconds since the start.
#include <stdint.h>
#include <stdio.h>

namespace trader {

// The app sends its picture every five seconds at least: three of them missing.
constexpr int64_t staleAfterMs = 16000;
// The boot logo owns the matrix at first.
constexpr int64_t bootLogoMs = 30000;

struct News {
  bool any = false;
  int session = 0;
  int seq = 0;
  int64_t atMs = 0;
};

// The router keeps no order: what comes late is dropped. Another session is another run of the app.
inline bool accept(News& news, int session, int seq, int64_t nowMs) {
  if (news.any && session == news.session && seq <= news.seq) return false;
  news = {true, session, seq, nowMs};
  return true;
}

inline bool isStale(const News& news, int64_t nowMs) { return !news.any || nowMs - news.atMs > staleAfterMs; }

// Whether this sketch may draw at all.
inline bool mayDraw(const News& news, int64_t nowMs) { return news.any || nowMs >= bootLogoMs; }

// What stands in place of a picture that is no longer true; `size` of 32 is enough.
inline int staleText(const News& news, int64_t nowMs, char* out, size_t size) {
  if (!news.any) return snprintf(out, size, "WAITING FOR THE TRADER");
  // Divided in 32 bits: no helper for 64 is needed of the core. 49 days are long enough.
  const int64_t sinceMs = nowMs - news.atMs;
  const long minutes = static_cast<long>(static_cast<uint32_t>(sinceMs > UINT32_MAX ? UINT32_MAX : sinceMs) / 60000);
  if (minutes < 1) return snprintf(out, size, "NO NEWS");
  if (minutes < 120) return snprintf(out, size, "NO NEWS FOR %ld MIN", minutes);
  return snprintf(out, size, "NO NEWS FOR %ld HOURS", minutes / 60);
}

}  // namespace trader
