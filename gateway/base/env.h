// The only door to time and chance, so that everything above can be stepped by a test or the simulator.
#pragma once

#include <cstdint>
#include <string>

namespace psl {

// Microseconds since 1970-01-01 UTC.
struct Instant {
  int64_t us = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

struct Span {
  int64_t us = 0;
  friend auto operator<=>(const Span&, const Span&) = default;
};

constexpr Span milliseconds(int64_t n) { return Span{n * 1000}; }
constexpr Span seconds(int64_t n) { return Span{n * 1000000}; }
constexpr Instant operator+(Instant at, Span by) { return Instant{at.us + by.us}; }
constexpr Instant operator-(Instant at, Span by) { return Instant{at.us - by.us}; }
constexpr Span operator-(Instant later, Instant earlier) { return Span{later.us - earlier.us}; }

// Thread safe.
class Env {
 public:
  virtual ~Env() = default;
  // Wall clock: may step when an operator sets it.
  virtual Instant now() = 0;
  // Never goes back; its zero means nothing.
  virtual Instant monotonic() = 0;
  // A uniform number in [0, bound); bound > 0. For jitter, not for keys.
  virtual uint64_t random_below(uint64_t bound) = 0;
};

// The system's clocks and generator; lives as long as the process.
Env& system_env();

// "2026-11-22T09:00:00.000000Z".
std::string to_rfc3339(Instant at);

}  // namespace psl
