#include "gateway/outbox/backoff.h"

#include <algorithm>

namespace psl {

Span backoff_ceiling(Span first, Span most, int failures) {
  Span ceiling{std::clamp<int64_t>(first.us, 0, most.us)};
  for (int i = 0; i < failures && ceiling.us > 0 && ceiling < most; ++i) {
    // Compared before it doubles: twice a long ceiling may not fit.
    ceiling.us = ceiling.us > most.us / 2 ? most.us : ceiling.us * 2;
  }
  return ceiling;
}

Span backoff(Env& env, Span first, Span most, int failures) {
  const Span ceiling = backoff_ceiling(first, most, failures);
  return Span{static_cast<int64_t>(env.random_below(static_cast<uint64_t>(ceiling.us) + 1))};
}

}  // namespace psl
