#include "gateway/outbox/backoff.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/fake_env.h"

namespace psl {
namespace {

TEST(Backoff, DoublesItsCeilingUpToTheMost) {
  // min(most, first * 2^failures), for any number of failures.
  EXPECT_EQ(backoff_ceiling(seconds(5), seconds(900), 0), seconds(5));
  EXPECT_EQ(backoff_ceiling(seconds(5), seconds(900), 1), seconds(10));
  EXPECT_EQ(backoff_ceiling(seconds(5), seconds(900), 7), seconds(640));
  EXPECT_EQ(backoff_ceiling(seconds(5), seconds(900), 8), seconds(900));
  EXPECT_EQ(backoff_ceiling(seconds(5), seconds(900), 1'000'000), seconds(900));
}

TEST(Backoff, SurvivesExtremeLimits) {
  // Nothing overflows, and nonsense gives no wait rather than a negative one.
  const Span longest{std::numeric_limits<int64_t>::max() - 1};
  EXPECT_EQ(backoff_ceiling(seconds(5), longest, 1'000), longest);
  EXPECT_EQ(backoff_ceiling(seconds(9), seconds(3), 0), seconds(3));
  EXPECT_EQ(backoff_ceiling(Span{0}, seconds(3), 50), Span{0});
  EXPECT_EQ(backoff_ceiling(Span{-1}, seconds(3), 5), Span{0});
}

TEST(Backoff, DrawsFromTheWholeRange) {
  // Full jitter: both ends can come, nothing outside does, and the middle is hit on average.
  FakeEnv env(7);
  int64_t sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Span wait = backoff(env, seconds(5), seconds(900), 2);
    ASSERT_GE(wait, Span{0});
    ASSERT_LE(wait, seconds(20));
    sum += wait.us;
  }
  EXPECT_NEAR(static_cast<double>(sum) / 10'000, 10e6, 0.3e6);
  env.fix_random(0);
  EXPECT_EQ(backoff(env, seconds(5), seconds(900), 2), Span{0});
  env.fix_random(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(backoff(env, seconds(5), seconds(900), 2), seconds(20));
}

}  // namespace
}  // namespace psl
