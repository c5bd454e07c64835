#include "gateway/outbox/breaker.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

constexpr Instant start{1'000'000};

Breaker opened() {
  Breaker breaker(2, seconds(30));
  for (int i = 0; i < 2; ++i) {
    breaker.begin(start);
    breaker.end(Contact::down, start);
  }
  return breaker;
}

TEST(Breaker, OpensAfterSoManyFailuresInARow) {
  // A success in between starts the count again.
  Breaker breaker(2, seconds(30));
  breaker.end(Contact::down, start);
  breaker.end(Contact::fine, start);
  breaker.end(Contact::down, start);
  EXPECT_EQ(breaker.room(start), Breaker::no_bound);
  breaker.end(Contact::down, start);
  EXPECT_TRUE(breaker.is_open());
  EXPECT_EQ(breaker.room(start), 0);
}

TEST(Breaker, LetsOneTrialThroughAfterThePause) {
  // Half-open: one at a time.
  Breaker breaker = opened();
  EXPECT_EQ(breaker.room(start + seconds(29)), 0);
  const Instant later = start + seconds(30);
  EXPECT_EQ(breaker.room(later), 1);
  breaker.begin(later);
  EXPECT_EQ(breaker.room(later), 0);
}

TEST(Breaker, ClosesWhenTheTrialSucceeds) {
  // And counts from nothing again.
  Breaker breaker = opened();
  const Instant later = start + seconds(30);
  breaker.begin(later);
  breaker.end(Contact::fine, later);
  EXPECT_FALSE(breaker.is_open());
  EXPECT_EQ(breaker.room(later), Breaker::no_bound);
  breaker.end(Contact::down, later);
  EXPECT_FALSE(breaker.is_open());
}

TEST(Breaker, PausesAgainWhenTheTrialFails) {
  // One failure is enough when it is open already.
  Breaker breaker = opened();
  const Instant later = start + seconds(40);
  breaker.begin(later);
  breaker.end(Contact::down, later);
  EXPECT_EQ(breaker.room(later + seconds(29)), 0);
  EXPECT_EQ(breaker.room(later + seconds(30)), 1);
}

TEST(Breaker, GivesTheTrialBackWhenThePartnerWasNotReachedFor) {
  // A delivery that could not be read is no trial: the next one is.
  Breaker breaker = opened();
  const Instant later = start + seconds(30);
  breaker.begin(later);
  breaker.end(Contact::none, later);
  EXPECT_TRUE(breaker.is_open());
  EXPECT_EQ(breaker.room(later), 1);
}

TEST(Breaker, IsNotProlongedByAttemptsThatBeganBefore) {
  // Ten slots that time out one after the other must not push the trial away.
  Breaker breaker = opened();
  breaker.end(Contact::down, start + seconds(20));
  EXPECT_EQ(breaker.room(start + seconds(30)), 1);
}

TEST(Breaker, ClosesWhenAnEarlierAttemptSucceedsAfterAll) {
  // The partner talks: that is all it asks.
  Breaker breaker = opened();
  breaker.end(Contact::fine, start + seconds(1));
  EXPECT_EQ(breaker.room(start + seconds(1)), Breaker::no_bound);
}

}  // namespace
}  // namespace psl
