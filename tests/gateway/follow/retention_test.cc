#include "gateway/follow/retention.h"

#include <gtest/gtest.h>

#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

constexpr Span kept = seconds(90 * 86400);
constexpr Span hour = seconds(3600);

class RetentionTest : public ::testing::Test {
 protected:
  void accept(uint64_t number) {
    const Command command = event_to(sealer_, number, {"mail"}, env_.now());
    EXPECT_TRUE(store_.commit(std::span(&command, 1)).ok());
  }
  size_t changes() { return store_.changes_after({"cpts-test", ""}, 0, 1000)->changes.size(); }

  FakeEnv env_;
  MemoryStore store_;
  ImmediateSink sink_{store_};
  PlainSealer sealer_;
  int asked_ = 0;
};

TEST_F(RetentionTest, DropsWhatIsOlderThanIsKeptOnceAnHour) {
  // What is as old as is promised stays; the next look is an hour later, and no sooner.
  accept(1);
  accept(2);
  env_.advance(seconds(1));
  accept(3);
  sink_.before = [this](const Command&) { ++asked_; };
  Retention retention(sink_, kept);
  env_.advance(kept);
  EXPECT_EQ(retention.tick(env_.now()), env_.now() + hour);
  EXPECT_EQ(changes(), 1u);
  EXPECT_EQ(retention.tick(env_.now() + seconds(3599)), env_.now() + hour);
  EXPECT_EQ(asked_, 1);
  retention.tick(env_.now() + hour);
  EXPECT_EQ(asked_, 2);
}

TEST_F(RetentionTest, GoesOnAtOnceWhileSlicesAreFull) {
  // A slice that was full says that more is there: the next one comes a second later.
  KeptSink sink;
  Retention retention(sink, kept);
  EXPECT_EQ(retention.tick(env_.now()), env_.now() + seconds(1));
  sink.kept.at(0)(Effect::done);
  EXPECT_EQ(retention.tick(env_.now() + seconds(1)), env_.now() + seconds(2));
  ASSERT_EQ(sink.kept.size(), 2u);
  sink.kept.at(1)(Effect::missing);
  EXPECT_EQ(retention.tick(env_.now() + seconds(2)), env_.now() + seconds(1) + hour);
  EXPECT_EQ(sink.kept.size(), 2u);
}

TEST_F(RetentionTest, WaitsForTheAnswer) {
  // A slow disk is not asked twice.
  KeptSink sink;
  Retention retention(sink, kept);
  retention.tick(env_.now());
  retention.tick(env_.now() + hour);
  EXPECT_EQ(sink.kept.size(), 1u);
}

TEST_F(RetentionTest, TriesAgainAnHourAfterARefusal) {
  // Nothing is lost by waiting.
  accept(1);
  accept(2);
  env_.advance(kept);
  env_.advance(seconds(1));
  Retention retention(sink_, kept);
  sink_.refuses = [](const Command&) { return true; };
  EXPECT_EQ(retention.tick(env_.now()), env_.now() + hour);
  EXPECT_EQ(changes(), 2u);
  sink_.refuses = nullptr;
  retention.tick(env_.now() + hour);
  EXPECT_EQ(changes(), 1u);
}

TEST_F(RetentionTest, IsNotStoppedByAClockThatIsSetBack) {
  // The hour is then counted from the new time.
  sink_.before = [this](const Command&) { ++asked_; };
  Retention retention(sink_, kept);
  retention.tick(env_.now());
  retention.tick(env_.now() - seconds(30 * 86400));
  EXPECT_EQ(asked_, 2);
}

}  // namespace
}  // namespace psl
