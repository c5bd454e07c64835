#include <gtest/gtest.h>

#include "tests/gateway/rpc/door_world.h"

namespace psl::test {
namespace {

class WatchTest : public DoorTest {
 protected:
  // One client's watch.
  struct Watch {
    Watch(std::unique_ptr<v1::Gateway::Stub> to, int64_t after, bool from_now = false) : stub(std::move(to)) {
      limit(context);
      v1::WatchEventsRequest request;
      request.set_tenant("cpts-demo");
      request.set_after_sequence(after);
      request.set_from_now(from_now);
      call = stub->WatchEvents(&context, request);
    }
    // The next `count` changes; heartbeats between them are passed over.
    std::vector<v1::WatchEventsResponse> read_changes(size_t count) {
      std::vector<v1::WatchEventsResponse> changes;
      for (v1::WatchEventsResponse message; changes.size() < count && call->Read(&message);) {
        if (message.has_change()) changes.push_back(message);
      }
      return changes;
    }
    v1::WatchEventsResponse read_one() {
      v1::WatchEventsResponse message;
      EXPECT_TRUE(call->Read(&message));
      return message;
    }
    grpc::Status end() {
      for (v1::WatchEventsResponse message; call->Read(&message);) {
      }
      return call->Finish();
    }
    grpc::Status cancel() {
      context.TryCancel();
      return end();
    }
    grpc::ClientContext context;
    std::unique_ptr<v1::Gateway::Stub> stub;
    std::unique_ptr<grpc::ClientReader<v1::WatchEventsResponse>> call;
  };

  std::unique_ptr<v1::Gateway::Stub> small_stub() const {
    return v1::Gateway::NewStub(channel_of(slurp(pki / "ca.pem"), pki / "hopital", small_window()));
  }

  // Asks again and again until there is room for one more watcher.
  bool gets_in() const {
    bool in = false;
    for (const Instant begun = system_env().monotonic();
         !in && system_env().monotonic() < begun + seconds(10);) {
      Watch next(stub(), 0, true);
      v1::WatchEventsResponse message;
      in = next.call->Read(&message);
      next.cancel();
    }
    return in;
  }

  // Many changes of one delivery.
  void make_changes(int count) {
    v1::SubmitEventResponse accepted;
    ASSERT_TRUE(submit(*stub(), letter(count), &accepted).ok());
    const Uuid id = *Uuid::parse(accepted.status().recipients(0).deliveries(0).id());
    std::vector<Command> commands;
    for (int i = 0; i < count; i += 2) {
      commands.push_back(StartAttempt{id, env.now(), "", ""});
      commands.push_back(RecordOutcome{id, env.now(), busy(), env.now()});
    }
    ASSERT_TRUE(store.commit(commands).ok());
  }
};

TEST_F(WatchTest, TellsWhatBecomesOfTheCallersEvents) {
  // Claim: from the start, then as it happens; another sender's events are not told, an operator is told all.
  open();
  const auto mine = stub();
  ASSERT_TRUE(submit(*mine, letter(1)).ok());
  Watch watch(stub(), 0);
  const auto before = watch.read_changes(2);
  ASSERT_EQ(before.size(), 2U);
  ASSERT_TRUE(submit(*stub("clinique"), letter(2)).ok());
  v1::SubmitEventResponse third;
  ASSERT_TRUE(submit(*mine, letter(3), &third).ok());
  const auto after = watch.read_changes(2);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].change().event_id(), third.status().event_id());
  EXPECT_EQ(after[0].change().state(), v1::DELIVERY_STATE_PENDING);
  EXPECT_GT(after[0].sequence(), before[1].sequence() + 1);
  Watch all(stub("operateur"), 0);
  EXPECT_EQ(all.read_changes(6).size(), 6U);
  EXPECT_EQ(watch.cancel().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(all.cancel().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, BeginsFromNow) {
  // Claim: `from_now` answers at once with where the watch stands, then tells only what happens later.
  open();
  const auto to = stub();
  ASSERT_TRUE(submit(*to, letter(1)).ok());
  Watch watch(stub(), 0, true);
  const auto first = watch.read_one();
  EXPECT_FALSE(first.has_change());
  EXPECT_EQ(first.sequence(), 2);
  ASSERT_TRUE(submit(*to, letter(2)).ok());
  EXPECT_EQ(watch.read_changes(1).at(0).sequence(), 3);
  watch.cancel();
}

TEST_F(WatchTest, MissesNothingAfterABreak) {
  // Claim: watches that break again and again, each resumed from the last sequence, give the same as one that
  // lasts.
  open();
  const auto to = stub();
  Watch whole(stub(), 0);
  std::vector<std::string> pieces;
  int64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(submit(*to, letter(i)).ok());
    Watch piece(stub(), last);
    const auto read = piece.read_changes(i % 2 == 0 ? 1 : 3);
    for (const auto& message : read) pieces.push_back(message.SerializeAsString());
    last = read.back().sequence();
    piece.cancel();
  }
  ASSERT_EQ(pieces.size(), 40U);
  std::vector<std::string> uninterrupted;
  for (const auto& message : whole.read_changes(40)) uninterrupted.push_back(message.SerializeAsString());
  EXPECT_EQ(pieces, uninterrupted);
  whole.cancel();
}

TEST_F(WatchTest, BeatsWhileNothingHappens) {
  // Claim: heartbeats come by themselves.
  auto keen = options();
  keen.watch_heartbeat = milliseconds(50);
  open(keen);
  Watch watch(stub(), 0);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(watch.read_one().has_change());
  watch.cancel();
}

TEST_F(WatchTest, EndsWhoReadsNothing) {
  // Claim: a watcher that never reads is ended with SLOW_READER once its window is full, and gives its place
  // back, while another reads all the same changes.
  auto impatient = options();
  impatient.watch_patience = milliseconds(300);
  impatient.watchers_max = 2;
  open(impatient);
  make_changes(4000);
  Watch slow(small_stub(), 0);
  Watch quick(stub(), 0);
  EXPECT_EQ(quick.read_changes(4002).size(), 4002U);
  EXPECT_TRUE(gets_in());
  const auto status = slow.end();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(from_grpc(status).code, ErrorCode::slow_reader) << status.error_message();
  quick.cancel();
}

TEST_F(WatchTest, HasRoomForSoMany) {
  // Claim: one too many is BUSY, and gets in when another has left.
  auto narrow = options();
  narrow.watchers_max = 1;
  open(narrow);
  {
    Watch first(stub(), 0);
    first.read_one();
    EXPECT_EQ(from_grpc(Watch(stub(), 0).end()).code, ErrorCode::busy);
    first.cancel();
  }
  EXPECT_TRUE(gets_in());
}

TEST_F(WatchTest, SaysWhatIsNoLongerKept) {
  // Claim: a position before what was purged is OUT_OF_RANGE, one that was never given INVALID_ARGUMENT, and
  // a stranger watches nothing.
  open();
  make_changes(100);
  Command purge = PurgeChanges{env.now() + seconds(1)};
  ASSERT_TRUE(store.commit(std::span(&purge, 1)).ok());
  const auto gone = Watch(stub(), 1).end();
  EXPECT_EQ(gone.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(from_grpc(gone).code, ErrorCode::sequence_gone);
  EXPECT_EQ(Watch(stub(), 100000).end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Watch(stub("stranger"), 0).end().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  policy.forbid("clinique", Action::read);
  EXPECT_EQ(Watch(stub("clinique"), 0).end().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  const auto garbage = call_bytes(channel(), "/passerelle.v1.Gateway/WatchEvents", "\xFF\xFF");
  EXPECT_EQ(garbage.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace psl::test
