// Whose turn it is for a free slot of a partner.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "gateway/core/store.h"

namespace psl {

// The queues of one partner: the four lanes, and looking up deliveries whose outcome is unknown.
enum class Turn : size_t { crisis, unscheduled_care, letters, bulk, look_up };
inline constexpr size_t turn_count = 5;

// Smooth weighted round robin: while all queues wait, of 19 slots crisis gets 8, unscheduled care 4, look-ups
// 4, letters 2 and bulk 1, well mixed. So crisis goes first, and whatever it brings, bulk waits for 18 slots
// at most. A queue that is empty lends its share to the others and saves up nothing.
class Turns {
 public:
  // The queue that gets the next slot, among those that wait; nothing when none does.
  std::optional<Turn> next(const std::array<bool, turn_count>& waits);

 private:
  std::array<int, turn_count> credit_{};
};

}  // namespace psl
