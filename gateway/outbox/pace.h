// How many deliveries to one partner may begin in a second.
#pragma once

#include <deque>

#include "gateway/base/env.h"

namespace psl {

// In no second, wherever it begins, more than the partner's configuration allows. What was not used is not
// saved up, so that a partner that was away is not flooded. Times are Env::monotonic. One thread.
class Pace {
 public:
  // 0: no bound.
  explicit Pace(int per_second) : per_second_(per_second) {}

  // How many may begin now.
  int room(Instant now);
  // One begins; room() was not 0.
  void begin(Instant now);
  // When there is room again: `now` when there is.
  Instant opens(Instant now);

 private:
  void forget_before(Instant now);

  const int per_second_;
  // When those of the last second began, oldest first: at most per_second_.
  std::deque<Instant> begun_;
};

}  // namespace psl
