#include "gateway/follow/clocks.h"

#include <gtest/gtest.h>

#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

class ClocksTest : public ::testing::Test {
 protected:
  Uuid accept(uint64_t number) {
    const AcceptEvent event = event_to(sealer_, number, {"mail"}, env_.now());
    const Command command = event;
    EXPECT_TRUE(store_.commit(std::span(&command, 1)).ok());
    return event.deliveries.front().id;
  }
  int late_tasks() {
    int count = 0;
    for (const Uuid& id : store_.all_deliveries()) count += store_.has_late_task(id) ? 1 : 0;
    return count;
  }

  FakeEnv env_;
  MemoryStore store_;
  ImmediateSink sink_{store_};
  PlainSealer sealer_;
};

TEST_F(ClocksTest, TellAHumanOnceWhenALetterIsLate) {
  // Not before alert_at, once at it, and the delivery goes on.
  const Uuid id = accept(1);
  Clocks clocks(store_, sink_);
  EXPECT_EQ(clocks.tick(env_.now()), env_.now() + seconds(60));
  EXPECT_FALSE(store_.has_late_task(id));
  env_.advance(seconds(4 * 3600));
  int opened = 0;
  sink_.before = [&opened](const Command& command) {
    opened += std::holds_alternative<OpenLateTask>(command);
  };
  clocks.tick(env_.now());
  clocks.tick(env_.now());
  EXPECT_TRUE(store_.has_late_task(id));
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(store_.delivery(id).due.state, DeliveryState::pending);
}

TEST_F(ClocksTest, SayNothingOfWhatIsOver) {
  // Delivered before alert_at: no task.
  const Uuid id = accept(1);
  for (const Command& command :
       {Command(StartAttempt{id, env_.now(), "hash", "reference"}),
        Command(RecordOutcome{id, env_.now(), {Verdict::accepted, "ACCEPTED", "250", false}, env_.now()})}) {
    ASSERT_TRUE(store_.commit(std::span(&command, 1)).ok());
  }
  env_.advance(seconds(5 * 3600));
  Clocks clocks(store_, sink_);
  clocks.tick(env_.now());
  EXPECT_EQ(late_tasks(), 0);
}

TEST_F(ClocksTest, OpenSoManyTasksPerTickAndComeBackSoon) {
  // After a long stop of the partner, thousands are late at once: they are told in rounds.
  for (uint64_t i = 1; i <= 5; ++i) accept(i);
  env_.advance(seconds(4 * 3600));
  Clocks clocks(store_, sink_, 2);
  EXPECT_EQ(clocks.tick(env_.now()), env_.now() + seconds(1));
  EXPECT_EQ(late_tasks(), 2);
  clocks.tick(env_.now());
  clocks.tick(env_.now());
  EXPECT_EQ(late_tasks(), 5);
}

TEST_F(ClocksTest, TryAgainWhenTheStoreRefuses) {
  // Nothing is forgotten: the row is still late at the next tick.
  const Uuid id = accept(1);
  env_.advance(seconds(4 * 3600));
  Clocks clocks(store_, sink_);
  sink_.refuses = [](const Command&) { return true; };
  clocks.tick(env_.now());
  EXPECT_FALSE(store_.has_late_task(id));
  sink_.refuses = nullptr;
  clocks.tick(env_.now());
  EXPECT_TRUE(store_.has_late_task(id));
}

TEST_F(ClocksTest, WaitForTheAnswersOfTheLastRound) {
  // A slow disk must not be asked for the same tasks again and again.
  accept(1);
  env_.advance(seconds(4 * 3600));
  KeptSink sink;
  Clocks clocks(store_, sink);
  clocks.tick(env_.now());
  clocks.tick(env_.now());
  EXPECT_EQ(sink.kept.size(), 1u);
  sink.kept.front()(Effect::stale);
  clocks.tick(env_.now());
  EXPECT_EQ(sink.kept.size(), 2u);
}

TEST_F(ClocksTest, CopeWithALedgerThatCannotBeRead) {
  // They look again a minute later.
  store_.fail_reads = true;
  Clocks clocks(store_, sink_);
  EXPECT_EQ(clocks.tick(env_.now()), env_.now() + seconds(60));
}

}  // namespace
}  // namespace psl
