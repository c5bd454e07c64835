// Time that a test moves and chance that it seeds.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>
#include <random>

#include "gateway/base/env.h"

namespace psl {

// Thread safe, as Env asks.
class FakeEnv final : public Env {
 public:
  explicit FakeEnv(uint64_t seed = 1) : generator_(seed) {}

  Instant now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  Instant monotonic() override {
    const std::lock_guard lock(mutex_);
    return monotonic_;
  }
  uint64_t random_below(uint64_t bound) override {
    const std::lock_guard lock(mutex_);
    return fixed_random_ ? std::min(*fixed_random_, bound - 1) : generator_() % bound;
  }

  // Both clocks.
  void advance(Span by) {
    const std::lock_guard lock(mutex_);
    now_ = now_ + by;
    monotonic_ = monotonic_ + by;
  }
  // An operator sets the wall clock.
  void set_now(Instant now) {
    const std::lock_guard lock(mutex_);
    now_ = now;
  }
  // From now on chance always gives this number, or the highest allowed.
  void fix_random(uint64_t value) {
    const std::lock_guard lock(mutex_);
    fixed_random_ = value;
  }

 private:
  std::mutex mutex_;
  Instant now_{1'800'000'000'000'000};  // 2027-01-15
  Instant monotonic_{1'000'000'000};
  std::mt19937_64 generator_;
  std::optional<uint64_t> fixed_random_;
};

}  // namespace psl
