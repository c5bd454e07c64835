#include <gtest/gtest.h>

#include <thread>

#include "tests/gateway/rpc/door_world.h"

namespace psl::test {
namespace {

class DrainTest : public DoorTest {
 protected:
  // How long drain() takes.
  Span drain(Span grace) {
    const Instant begun = system_env().monotonic();
    door->drain(grace);
    return system_env().monotonic() - begun;
  }

  // Returns when the door refuses new calls.
  void wait_until_draining() {
    const auto to = stub();
    for (;;) {
      v1::GetEventRequest request;
      request.set_event_id("00000000-0000-0000-0000-000000000000");
      v1::GetEventResponse response;
      grpc::ClientContext context;
      limit(context);
      const auto status = to->GetEvent(&context, request, &response);
      if (status.error_code() == grpc::StatusCode::NOT_FOUND) continue;
      EXPECT_EQ(from_grpc(status).code, ErrorCode::draining) << status.error_message();
      return;
    }
  }

  static v1::SubmitEventsRequest streamed(int number) {
    v1::SubmitEventsRequest message;
    PSL_CHECK(message.ParseFromString(letter(number).SerializeAsString()));
    return message;
  }
};

TEST_F(DrainTest, CostsAnIdleClientNoTime) {
  // Claim: clients that are connected and ask nothing do not use up the grace; afterwards nobody is there.
  open();
  std::vector<std::unique_ptr<v1::Gateway::Stub>> idle;
  for (int i = 0; i < 5; ++i) {
    idle.push_back(stub());
    ASSERT_TRUE(submit(*idle.back(), letter(i)).ok());
  }
  const Span took = drain(seconds(10));
  RecordProperty("drain_us", static_cast<int>(took.us));
  EXPECT_LT(took, seconds(2));
  EXPECT_EQ(submit(*idle[0], letter(9)).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(DrainTest, AnswersWhatWasTaken) {
  // Claim: unary calls and the events that streams have taken are answered, then streams and watchers end
  // with DRAINING; what was not taken has no answer, and new calls are refused meanwhile.
  open();
  const auto sender = stub();
  grpc::ClientContext streaming;
  limit(streaming);
  auto stream = sender->SubmitEvents(&streaming);
  const auto watcher = stub();
  grpc::ClientContext watching;
  limit(watching);
  v1::WatchEventsRequest from_start;
  from_start.set_tenant("cpts-demo");
  auto watch = watcher->WatchEvents(&watching, from_start);
  v1::WatchEventsResponse heartbeat;
  ASSERT_TRUE(watch->Read(&heartbeat));

  sluice.close();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stream->Write(streamed(i)));
  grpc::Status unary;
  std::thread caller([&] { unary = submit(*stub(), letter(100)); });
  ASSERT_TRUE(sluice.wait_for(11));
  Span took;
  std::thread drainer([&] { took = drain(seconds(20)); });
  wait_until_draining();
  stream->Write(streamed(10));
  sluice.open();

  std::set<int64_t> answered;
  for (v1::SubmitEventsResponse answer; stream->Read(&answer);) {
    EXPECT_TRUE(answer.has_status());
    answered.insert(answer.index());
  }
  const auto ended = stream->Finish();
  EXPECT_EQ(answered.size(), 10U);
  EXPECT_EQ(from_grpc(ended).code, ErrorCode::draining) << ended.error_message();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  while (watch->Read(&heartbeat)) {
  }
  EXPECT_EQ(from_grpc(watch->Finish()).code, ErrorCode::draining);
  caller.join();
  drainer.join();
  EXPECT_TRUE(unary.ok()) << unary.error_message();
  EXPECT_LT(took, seconds(10));
}

TEST_F(DrainTest, CancelsWhatDoesNotEnd) {
  // Claim: when the disk stands still, drain() returns after its grace with every call ended, and the answers
  // that come later find nobody and do no harm.
  open();
  sluice.close();
  const auto sender = stub();
  grpc::ClientContext streaming;
  limit(streaming);
  auto stream = sender->SubmitEvents(&streaming);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stream->Write(streamed(i)));
  grpc::Status unary;
  std::thread caller([&] { unary = submit(*stub(), letter(100)); });
  ASSERT_TRUE(sluice.wait_for(11));
  const Span took = drain(milliseconds(200));
  EXPECT_GE(took, milliseconds(200));
  EXPECT_LT(took, seconds(5));
  caller.join();
  EXPECT_FALSE(unary.ok());
  v1::SubmitEventsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_FALSE(stream->Finish().ok());
  told = nullptr;
  door.reset();
  sluice.open();
  committer_thread->stop();
  EXPECT_EQ(store.all_deliveries().size(), 22U);
}

TEST_F(DrainTest, EndsAReaderWhoDoesNotRead) {
  // Claim: a watcher in the middle of a message that it does not read is cut at the end of the grace.
  open();
  std::vector<Command> commands;
  v1::SubmitEventResponse accepted;
  ASSERT_TRUE(submit(*stub(), letter(0), &accepted).ok());
  const Uuid id = *Uuid::parse(accepted.status().recipients(0).deliveries(0).id());
  for (int i = 0; i < 2000; ++i) {
    commands.push_back(StartAttempt{id, env.now(), "", ""});
    commands.push_back(RecordOutcome{id, env.now(), busy(), env.now()});
  }
  ASSERT_TRUE(store.commit(commands).ok());
  const auto slow = v1::Gateway::NewStub(channel_of(slurp(pki / "ca.pem"), pki / "hopital", small_window()));
  const auto quick = stub();
  grpc::ClientContext contexts[2];
  for (auto& context : contexts) limit(context);
  v1::WatchEventsRequest from_start;
  from_start.set_tenant("cpts-demo");
  auto unread = slow->WatchEvents(&contexts[0], from_start);
  auto read = quick->WatchEvents(&contexts[1], from_start);
  v1::WatchEventsResponse message;
  // When this one has been told all, the other's window has been full for long.
  for (int i = 0; i < 4002; ++i) ASSERT_TRUE(read->Read(&message));
  const Span took = drain(milliseconds(300));
  EXPECT_GE(took, milliseconds(300));
  EXPECT_LT(took, seconds(5));
  EXPECT_EQ(from_grpc(read->Finish()).code, ErrorCode::draining);
  while (unread->Read(&message)) {
  }
  EXPECT_EQ(unread->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(DrainTest, SaysThatItDoesNotServeFirst) {
  // Claim: health checks are told before the calls that are under way have ended.
  open();
  door->set_serving(true);
  const std::string method = "/grpc.health.v1.Health/Check";
  EXPECT_EQ(call_bytes(channel(), method, "").bytes, "\x08\x01");
  sluice.close();
  std::thread caller([&] { EXPECT_TRUE(submit(*stub(), letter(0)).ok()); });
  ASSERT_TRUE(sluice.wait_for(1));
  std::thread drainer([&] { door->drain(seconds(20)); });
  wait_until_draining();
  EXPECT_EQ(call_bytes(channel(), method, "").bytes, "\x08\x02");
  sluice.open();
  caller.join();
  drainer.join();
}

TEST_F(DrainTest, LosesNoLastWord) {
  // Claim: many streams that end at once all hear DRAINING: the door does not hang up on answers that are on
  // their way.
  open();
  constexpr int streams = 40;
  std::vector<std::unique_ptr<v1::Gateway::Stub>> stubs;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<v1::SubmitEventsRequest, v1::SubmitEventsResponse>>>
      calls;
  sluice.close();
  for (int i = 0; i < streams; ++i) {
    stubs.push_back(stub());
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    limit(*contexts.back());
    calls.push_back(stubs.back()->SubmitEvents(contexts.back().get()));
    ASSERT_TRUE(calls.back()->Write(streamed(i)));
  }
  ASSERT_TRUE(sluice.wait_for(streams));
  Span took;
  std::thread drainer([&] { took = drain(seconds(20)); });
  wait_until_draining();
  sluice.open();
  drainer.join();
  // Only now does the client read.
  for (auto& call : calls) {
    v1::SubmitEventsResponse answer;
    EXPECT_TRUE(call->Read(&answer));
    EXPECT_FALSE(call->Read(&answer));
    const auto ended = call->Finish();
    EXPECT_EQ(from_grpc(ended).code, ErrorCode::draining) << ended.error_message();
  }
  EXPECT_LT(took, seconds(5));
}

}  // namespace
}  // namespace psl::test
