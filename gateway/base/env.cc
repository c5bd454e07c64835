#include "gateway/base/env.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <random>

namespace psl {
namespace {

class SystemEnv final : public Env {
 public:
  Instant now() override { return since_epoch(std::chrono::system_clock::now()); }
  Instant monotonic() override { return since_epoch(std::chrono::steady_clock::now()); }
  uint64_t random_below(uint64_t bound) override {
    const std::lock_guard lock(mutex_);
    return std::uniform_int_distribution<uint64_t>(0, bound - 1)(generator_);
  }

 private:
  template <typename TimePoint>
  static Instant since_epoch(TimePoint at) {
    return Instant{std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count()};
  }
  std::mutex mutex_;
  std::mt19937_64 generator_{std::random_device{}()};
};

}  // namespace

Env& system_env() {
  static SystemEnv env;
  return env;
}

std::string to_rfc3339(Instant at) {
  int64_t whole = at.us / 1000000;
  int64_t part = at.us % 1000000;
  if (part < 0) {
    part += 1000000;
    --whole;
  }
  const std::time_t time = whole;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[96];  // room for any int, so that the compiler sees no truncation
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(part));
  return text;
}

}  // namespace psl
