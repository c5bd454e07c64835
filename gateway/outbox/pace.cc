#include "gateway/outbox/pace.h"

#include <limits>

#include "gateway/base/result.h"

namespace psl {

void Pace::forget_before(Instant now) {
  while (!begun_.empty() && begun_.front() + seconds(1) <= now) begun_.pop_front();
}

int Pace::room(Instant now) {
  if (per_second_ == 0) return std::numeric_limits<int>::max();
  forget_before(now);
  return per_second_ - static_cast<int>(begun_.size());
}

void Pace::begin(Instant now) {
  PSL_CHECK(room(now) > 0);
  if (per_second_ != 0) begun_.push_back(now);
}

Instant Pace::opens(Instant now) { return room(now) > 0 ? now : begun_.front() + seconds(1); }

}  // namespace psl
