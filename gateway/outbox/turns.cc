#include "gateway/outbox/turns.h"

namespace psl {
namespace {

constexpr std::array<int, turn_count> turn_weights = {8, 4, 2, 1, 4};

}  // namespace

std::optional<Turn> Turns::next(const std::array<bool, turn_count>& waits) {
  std::optional<size_t> best;
  int shared = 0;
  for (size_t i = 0; i < turn_count; ++i) {
    if (!waits[i]) continue;
    credit_[i] += turn_weights[i];
    shared += turn_weights[i];
    if (!best || credit_[i] > credit_[*best]) best = i;
  }
  if (!best) return std::nullopt;
  credit_[*best] -= shared;
  return static_cast<Turn>(*best);
}

}  // namespace psl
