#include "gateway/outbox/pace.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

Instant at_ms(int64_t ms) { return Instant{1'000'000} + milliseconds(ms); }

TEST(Pace, LetsAsManyBeginAsASecondMayHave) {
  // Three at once, then none until the first is a second old.
  Pace pace(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pace.room(at_ms(0)), 3 - i);
    pace.begin(at_ms(0));
  }
  EXPECT_EQ(pace.room(at_ms(999)), 0);
  EXPECT_EQ(pace.opens(at_ms(999)), at_ms(1000));
  EXPECT_EQ(pace.room(at_ms(1000)), 3);
  EXPECT_EQ(pace.opens(at_ms(1000)), at_ms(1000));
}

TEST(Pace, NeverHasMoreInAnySecond) {
  // Wherever the second begins, also across the borders of the clock's seconds.
  Pace pace(10);
  std::deque<int64_t> begun;
  for (int64_t ms = 0; ms < 5000; ms += 7) {
    for (int room = pace.room(at_ms(ms)); room > 0; --room) {
      pace.begin(at_ms(ms));
      begun.push_back(ms);
      if (ms % 3 == 0) break;
    }
    while (begun.front() + 1000 <= ms) begun.pop_front();
    ASSERT_LE(begun.size(), 10U);
  }
}

TEST(Pace, SavesNothingUp) {
  // After an hour without work, a second is still a second.
  Pace pace(2);
  EXPECT_EQ(pace.room(at_ms(3'600'000)), 2);
}

TEST(Pace, HasNoBoundWhenNoneIsConfigured) {
  // 0 is no bound, and nothing is remembered.
  Pace pace(0);
  for (int i = 0; i < 10'000; ++i) pace.begin(at_ms(0));
  EXPECT_GT(pace.room(at_ms(0)), 1'000'000);
  EXPECT_EQ(pace.opens(at_ms(0)), at_ms(0));
}

}  // namespace
}  // namespace psl
