#include "gateway/outbox/turns.h"

#include <gtest/gtest.h>

#include <array>

namespace psl {
namespace {

using Counts = std::array<int, turn_count>;

Counts counts_of(Turns& turns, const std::array<bool, turn_count>& waits, int slots) {
  Counts counts{};
  for (int i = 0; i < slots; ++i) ++counts[static_cast<size_t>(*turns.next(waits))];
  return counts;
}

TEST(Turns, ShareSlotsByWeightWhenAllWait) {
  // Of 19 slots: crisis 8, unscheduled care 4, letters 2, bulk 1, look-ups 4; whatever came before.
  Turns turns;
  const std::array<bool, turn_count> all = {true, true, true, true, true};
  for (int round = 0; round < 3; ++round) EXPECT_EQ(counts_of(turns, all, 19), (Counts{8, 4, 2, 1, 4}));
}

TEST(Turns, BeginWithCrisis) {
  // The first slot goes to the heaviest lane that waits.
  Turns turns;
  EXPECT_EQ(turns.next({true, true, true, true, true}), Turn::crisis);
  Turns calm;
  EXPECT_EQ(calm.next({false, false, true, true, false}), Turn::letters);
}

TEST(Turns, NeverStarveBulk) {
  // However much crisis brings, bulk waits for 18 slots at most.
  Turns turns;
  int since_bulk = 0;
  for (int i = 0; i < 500; ++i) {
    since_bulk = turns.next({true, true, true, true, true}) == Turn::bulk ? 0 : since_bulk + 1;
    ASSERT_LE(since_bulk, 18);
  }
}

TEST(Turns, GiveAllToTheOnlyOneThatWaits) {
  // A share that nobody uses is lent.
  Turns turns;
  EXPECT_EQ(counts_of(turns, {false, false, false, true, false}, 10), (Counts{0, 0, 0, 10, 0}));
  EXPECT_FALSE(turns.next({}).has_value());
}

TEST(Turns, SaveNothingForALaneWithoutWork) {
  // After a long calm, a burst of bulk does not get the slots that it did not use.
  Turns turns;
  counts_of(turns, {true, false, false, false, false}, 1'000);
  EXPECT_EQ(counts_of(turns, {true, false, false, true, false}, 9), (Counts{8, 0, 0, 1, 0}));
}

}  // namespace
}  // namespace psl
