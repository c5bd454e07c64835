#include "gateway/rpc/watch_hub.h"

#include <gtest/gtest.h>

#include "tests/gateway/rpc/door_world.h"

namespace psl::test {
namespace {

// A line whose writes end when the test says so.
class TestLine final : public WatchLine {
 public:
  void write(const v1::WatchEventsResponse& message) override { written.push_back(message); }
  void cut(const Error& error) override { cuts.push_back(error.code); }
  void end(const Error& error) override { ends.push_back(error.code); }

  std::vector<int64_t> changes() const {
    std::vector<int64_t> sequences;
    for (const auto& message : written) {
      if (message.has_change()) sequences.push_back(message.sequence());
    }
    return sequences;
  }
  std::vector<v1::WatchEventsResponse> written;
  std::vector<ErrorCode> cuts;
  std::vector<ErrorCode> ends;
};

class WatchHubTest : public testing::Test {
 protected:
  WatchHubTest() { tenants["cpts-demo"]; }

  // `count` changes of one delivery of a sender.
  void make_changes(int count, const std::string& principal = "hopital-demo") {
    AcceptEvent event = event_to(sealer, next_event_++, {"mss"}, env.now());
    event.tenant = "cpts-demo";
    event.principal = principal;
    commit(event);
    const Uuid delivery = event.deliveries[0].id;
    for (int i = 1; i < count; ++i) {
      if (i % 2 == 1) commit(StartAttempt{delivery, env.now(), "", ""});
      if (i % 2 == 0) commit(RecordOutcome{delivery, env.now(), busy(), env.now()});
    }
  }
  void commit(Command command) { PSL_CHECK(store.commit(std::span(&command, 1)).ok()); }

  std::shared_ptr<TestLine> join(int64_t after = 0, const std::string& principal = "hopital-demo") {
    v1::WatchEventsRequest request;
    request.set_tenant("cpts-demo");
    request.set_after_sequence(after);
    auto line = std::make_shared<TestLine>();
    return hub.join(line, Principal{principal}, request) ? line : nullptr;
  }
  // Lets `line` read until nothing more is told to it.
  void read_all(const TestLine& line) {
    for (size_t seen = 0; line.written.size() != seen;) {
      seen = line.written.size();
      hub.wrote(line, true);
      hub.step();
    }
    hub.step();
  }

  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  TestPolicy policy;
  TenantTable tenants;
  ImmediateSink sink{store};
  EventDesk desk{DeskSeams{tenants, policy, env, sealer, sink, store}};
  int wakes = 0;
  WatchHub hub{desk, env, WatchLimits{seconds(15), seconds(60), 3}, [this] { ++wakes; }};

 private:
  uint64_t next_event_ = 1;
};

TEST_F(WatchHubTest, TellsEachChangeOnceAndInOrder) {
  // Claim: a watcher gets every change from its position on, one message at a time, past the size of a batch,
  // and those that come later.
  make_changes(200);
  const auto line = join();
  hub.step();
  EXPECT_EQ(line->written.size(), 1U);
  hub.step();
  EXPECT_EQ(line->written.size(), 1U) << "the first message has not left yet";
  read_all(*line);
  make_changes(3);
  hub.changed();
  hub.step();
  read_all(*line);
  std::vector<int64_t> all(203);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i) + 1;
  EXPECT_EQ(line->changes(), all);
  EXPECT_EQ(line->written.size(), all.size());
}

TEST_F(WatchHubTest, AnswersAtOnceAndThenBeats) {
  // Claim: with nothing to tell, the first message is a heartbeat at once, the next one after the interval,
  // with the sequence up to which nothing happened.
  make_changes(5, "clinique");
  const auto line = join();
  hub.step();
  ASSERT_EQ(line->written.size(), 1U);
  EXPECT_FALSE(line->written[0].has_change());
  EXPECT_EQ(line->written[0].sequence(), 5);
  hub.wrote(*line, true);
  EXPECT_EQ(hub.step(), seconds(15));
  env.advance(seconds(14));
  EXPECT_EQ(hub.step(), seconds(1));
  EXPECT_EQ(line->written.size(), 1U);
  make_changes(2, "clinique");
  env.advance(seconds(1));
  hub.step();
  ASSERT_EQ(line->written.size(), 2U);
  EXPECT_EQ(line->written[1].sequence(), 7);
}

TEST_F(WatchHubTest, EndsASlowReaderAndNobodyElse) {
  // Claim: who reads nothing for the whole patience is cut and ended with SLOW_READER; the others are told
  // meanwhile.
  make_changes(2);
  const auto slow = join();
  const auto quick = join();
  hub.step();
  read_all(*quick);
  EXPECT_EQ(quick->changes().size(), 2U);
  env.advance(seconds(59));
  make_changes(1);
  hub.changed();
  hub.step();
  EXPECT_EQ(quick->changes().size(), 3U);
  EXPECT_TRUE(slow->cuts.empty());
  env.advance(seconds(1));
  hub.step();
  hub.step();
  EXPECT_EQ(slow->cuts, std::vector{ErrorCode::slow_reader});
  EXPECT_TRUE(slow->ends.empty()) << "its write is still under way";
  hub.wrote(*slow, false);
  hub.step();
  EXPECT_EQ(slow->ends, std::vector{ErrorCode::slow_reader});
  EXPECT_TRUE(quick->ends.empty());
}

TEST_F(WatchHubTest, HoldsOneBatchForAWatcher) {
  // Claim: what a watcher has not read yet stays in the ledger: it is asked for the next batch only when one
  // is told.
  make_changes(150);
  const auto line = join();
  hub.step();
  commit(PurgeChanges{env.now() + seconds(1)});
  read_all(*line);
  EXPECT_EQ(line->changes().size(), 64U);
  EXPECT_EQ(line->ends, std::vector{ErrorCode::sequence_gone});
}

TEST_F(WatchHubTest, RefusesWhatTheDeskRefuses) {
  // Claim: rights and position are judged before the first message.
  make_changes(1);
  const auto stranger = join(0, "nobody");
  const auto future = join(99);
  hub.step();
  EXPECT_EQ(stranger->ends, std::vector{ErrorCode::not_allowed});
  EXPECT_EQ(future->ends, std::vector{ErrorCode::field_invalid});
  EXPECT_TRUE(stranger->written.empty());
}

TEST_F(WatchHubTest, HasRoomForSoMany) {
  // Claim: one too many is turned away, and a place is free again when its watcher has left.
  const auto first = join();
  ASSERT_TRUE(join() && join());
  EXPECT_FALSE(join());
  hub.gone(*first);
  hub.step();
  EXPECT_EQ(first->ends.size(), 1U);
  EXPECT_FALSE(join()) << "gRPC still holds it";
  hub.left(*first);
  hub.step();
  EXPECT_TRUE(join());
}

TEST_F(WatchHubTest, EndsAWatcherWhoLeaves) {
  // Claim: a line that breaks while it is written to, or between two messages, is ended once and told nothing
  // more.
  make_changes(3);
  const auto broken = join();
  const auto left = join();
  hub.step();
  hub.gone(*broken);
  hub.step();
  EXPECT_TRUE(broken->ends.empty()) << "its write is still under way";
  hub.wrote(*broken, false);
  hub.wrote(*left, false);
  hub.gone(*left);
  hub.step();
  hub.step();
  EXPECT_EQ(broken->ends.size(), 1U);
  EXPECT_EQ(left->ends.size(), 1U);
  EXPECT_EQ(left->written.size(), 1U);
}

TEST_F(WatchHubTest, DrainsEveryWatcher) {
  // Claim: all end with DRAINING, one that is written to as soon as that has left, one that comes late at
  // once.
  make_changes(3);
  const auto writing = join();
  const auto idle = join();
  hub.step();
  read_all(*idle);
  hub.drain();
  const auto late = join();
  hub.step();
  EXPECT_EQ(idle->ends, std::vector{ErrorCode::draining});
  EXPECT_EQ(late->ends, std::vector{ErrorCode::draining});
  EXPECT_TRUE(writing->ends.empty());
  hub.wrote(*writing, true);
  hub.step();
  EXPECT_EQ(writing->ends, std::vector{ErrorCode::draining});
}

TEST_F(WatchHubTest, EndsAWatcherWhoseLedgerFails) {
  // Claim: a ledger that cannot be read ends the watch with its error instead of silence.
  const auto line = join();
  hub.step();
  hub.wrote(*line, true);
  hub.step();
  store.fail_reads = true;
  hub.changed();
  hub.step();
  EXPECT_EQ(line->ends, std::vector{ErrorCode::input_output});
}

TEST_F(WatchHubTest, WakesOnlyForSomebody) {
  // Claim: a change costs nothing while nobody watches, and one wake however many come before the step.
  hub.changed();
  EXPECT_EQ(wakes, 0);
  ASSERT_TRUE(join());
  hub.changed();
  hub.changed();
  EXPECT_EQ(wakes, 2);
}

}  // namespace
}  // namespace psl::test
