#include "gateway/rpc/submit_stream.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "tests/gateway/rpc/door_world.h"

namespace psl::test {
namespace {

v1::SubmitEventsRequest streamed(const v1::SubmitEventRequest& request) {
  v1::SubmitEventsRequest message;
  PSL_CHECK(message.ParseFromString(request.SerializeAsString()));
  return message;
}

class SubmitStreamTest : public DoorTest {
 protected:
  // One client's stream.
  struct Stream {
    explicit Stream(std::unique_ptr<v1::Gateway::Stub> to) : stub(std::move(to)) {
      limit(context);
      call = stub->SubmitEvents(&context);
    }
    bool send(const v1::SubmitEventRequest& request) { return call->Write(streamed(request)); }
    // By index.
    std::map<int64_t, v1::SubmitEventsResponse> read_all() {
      std::map<int64_t, v1::SubmitEventsResponse> answers;
      for (v1::SubmitEventsResponse answer; call->Read(&answer);) {
        EXPECT_TRUE(answers.emplace(answer.index(), answer).second) << "answered twice";
      }
      status = call->Finish();
      return answers;
    }
    grpc::ClientContext context;
    std::unique_ptr<v1::Gateway::Stub> stub;
    std::unique_ptr<grpc::ClientReaderWriter<v1::SubmitEventsRequest, v1::SubmitEventsResponse>> call;
    grpc::Status status;
  };
};

TEST_F(SubmitStreamTest, HasTheFieldsOfTheUnaryCall) {
  // Claim: both requests are the same on the wire, which is how the stream reads its messages.
  const auto* unary = v1::SubmitEventRequest::descriptor();
  const auto* stream = v1::SubmitEventsRequest::descriptor();
  ASSERT_EQ(unary->field_count(), stream->field_count());
  for (int i = 0; i < unary->field_count(); ++i) {
    EXPECT_EQ(unary->field(i)->name(), stream->field(i)->name());
    EXPECT_EQ(unary->field(i)->number(), stream->field(i)->number());
    EXPECT_EQ(unary->field(i)->type(), stream->field(i)->type());
  }
}

TEST_F(SubmitStreamTest, AnswersAThousandEvents) {
  // Claim: every event gets its own answer, is durable, and the stream ends OK after the half-close.
  open();
  Stream stream(stub());
  std::thread sender([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(stream.send(letter(i)));
    stream.call->WritesDone();
  });
  const auto answers = stream.read_all();
  sender.join();
  EXPECT_TRUE(stream.status.ok()) << stream.status.error_message();
  ASSERT_EQ(answers.size(), 1000U);
  for (const auto& [index, answer] : answers) {
    EXPECT_EQ(answer.idempotency_key(), "letter-" + std::to_string(index));
    EXPECT_FALSE(answer.already_accepted());
    EXPECT_TRUE(store.has_event(*Uuid::parse(answer.status().event_id())));
  }
}

TEST_F(SubmitStreamTest, GoesOnAfterABadEvent) {
  // Claim: an event that is wrong, or forbidden, gets the error of the unary call with its details; those
  // around it are taken.
  open();
  Stream stream(stub());
  auto wrong = letter(1);
  wrong.mutable_event()->mutable_source()->clear_software();
  auto foreign = letter(2);
  foreign.mutable_event()->set_tenant("cpts-ailleurs");
  auto strange = letter(3);
  strange.GetReflection()->MutableUnknownFields(&strange)->AddVarint(99, 1);
  for (const auto& request : {letter(0), wrong, foreign, strange, letter(4)})
    ASSERT_TRUE(stream.send(request));
  stream.call->WritesDone();
  const auto answers = stream.read_all();
  EXPECT_TRUE(stream.status.ok());
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_TRUE(answers.at(0).has_status());
  const Error unary = from_grpc(submit(*stub(), wrong));
  const Error same = from_rpc_status(answers.at(1).error());
  EXPECT_EQ(same.describe(), unary.describe());
  EXPECT_EQ(same.faults.at(0).path, "event.source.software");
  EXPECT_EQ(answers.at(1).idempotency_key(), "letter-1");
  EXPECT_EQ(from_rpc_status(answers.at(2).error()).code, ErrorCode::not_allowed);
  EXPECT_EQ(from_rpc_status(answers.at(3).error()).code, ErrorCode::field_invalid);
  EXPECT_TRUE(answers.at(4).has_status());
}

TEST_F(SubmitStreamTest, GoesOnAfterBytesThatAreNoMessage) {
  // Claim: what does not parse, or is not UTF-8, is answered by index, with the field, and the stream ends
  // OK.
  open();
  std::string latin = sample_request().SerializeAsString();
  latin[latin.find("PAT-TROIS")] = '\xC9';
  const std::string method = "/passerelle.v1.Gateway/SubmitEvents";
  v1::SubmitEventsResponse answer;
  const auto bad_text = call_bytes(channel(), method, latin);
  EXPECT_TRUE(bad_text.status.ok()) << bad_text.status.error_message();
  ASSERT_TRUE(answer.ParseFromString(bad_text.bytes));
  EXPECT_EQ(from_rpc_status(answer.error()).code, ErrorCode::text_not_utf8);
  EXPECT_EQ(from_rpc_status(answer.error()).faults.at(0).path, "event.subject.birth_family_name");
  const auto garbage = call_bytes(channel(), method, "\xFF\xFF");
  EXPECT_TRUE(garbage.status.ok());
  ASSERT_TRUE(answer.ParseFromString(garbage.bytes));
  EXPECT_EQ(from_rpc_status(answer.error()).code, ErrorCode::message_unreadable);
  EXPECT_EQ(answer.idempotency_key(), "");
}

TEST_F(SubmitStreamTest, ReadsNoFurtherThanSixtyFourEvents) {
  // Claim: while the disk stands still, a keen sender gets 64 events taken and not one more; then all are
  // answered.
  open();
  sluice.close();
  Stream stream(stub());
  std::thread sender([&] {
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(stream.send(letter(i)));
    stream.call->WritesDone();
  });
  EXPECT_TRUE(sluice.wait_for(stream_events_max));
  EXPECT_FALSE(sluice.wait_for(stream_events_max + 1, milliseconds(300)));
  sluice.open();
  const auto answers = stream.read_all();
  sender.join();
  EXPECT_TRUE(stream.status.ok());
  EXPECT_EQ(answers.size(), 500U);
}

TEST_F(SubmitStreamTest, ReadsNoFurtherThanItsBytes) {
  // Claim: large messages stop it earlier: four of a little over 8 MiB leave no room for one of 32 MiB.
  open();
  sluice.close();
  Stream stream(stub());
  std::thread sender([&] {
    for (int i = 0; i < 12; ++i) {
      auto large = letter(i);
      large.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf("%PDF-1.4 " +
                                                                                std::string(8 << 20, 'x'));
      EXPECT_TRUE(stream.send(large));
    }
    stream.call->WritesDone();
  });
  EXPECT_TRUE(sluice.wait_for(4));
  EXPECT_FALSE(sluice.wait_for(5, milliseconds(300)));
  sluice.open();
  const auto answers = stream.read_all();
  sender.join();
  EXPECT_TRUE(stream.status.ok());
  ASSERT_EQ(answers.size(), 12U);
  for (const auto& [index, answer] : answers) EXPECT_TRUE(answer.has_status()) << answer.error().message();
}

TEST_F(SubmitStreamTest, AnswersBusyWhenTheWorkersAreFull) {
  // Claim: a large event that finds no room is answered so, and the stream goes on.
  auto narrow = options();
  narrow.large_messages_max = 0;
  open(narrow);
  Stream stream(stub());
  auto large = letter(0);
  large.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(std::string(1 << 20, 'x'));
  ASSERT_TRUE(stream.send(large));
  ASSERT_TRUE(stream.send(letter(1)));
  stream.call->WritesDone();
  const auto answers = stream.read_all();
  EXPECT_TRUE(stream.status.ok());
  EXPECT_EQ(from_rpc_status(answers.at(0).error()).code, ErrorCode::busy);
  EXPECT_TRUE(answers.at(1).has_status());
}

TEST_F(SubmitStreamTest, HoldsWhatItsSenderDoesNotRead) {
  // Claim: a sender that never reads its answers fills its own window, not our memory: at most 64 wait in the
  // gateway.
  open();
  Stream stream(v1::Gateway::NewStub(channel_of(slurp(pki / "ca.pem"), pki / "hopital", small_window())));
  std::thread sender([&] {
    for (int i = 0; i < 1000 && stream.send(letter(i)); ++i) {
    }
  });
  int before = 0;
  // Until nothing moves: client and server windows are full.
  for (int now = 1; now != before;) {
    before = now;
    sluice.wait_for(before + 1000, milliseconds(300));
    now = sluice.submitted();
  }
  EXPECT_LT(before, 1000);
  stream.context.TryCancel();
  sender.join();
  EXPECT_EQ(stream.call->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(SubmitStreamTest, KnowsAKeyThatComesTwice) {
  // Claim: the same key in one stream gives one event: the same receipt for the same content, KEY_REUSED for
  // other.
  open();
  Stream stream(stub());
  auto other = letter(1);
  other.mutable_event()->mutable_source()->set_software("DPI fictif 2.0");
  sluice.close();  // all three wait for the same commit
  for (const auto& request : {letter(1), letter(1), other}) ASSERT_TRUE(stream.send(request));
  stream.call->WritesDone();
  ASSERT_TRUE(sluice.wait_for(3));
  sluice.open();
  const auto answers = stream.read_all();
  EXPECT_TRUE(stream.status.ok());
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers.at(0).status().event_id(), answers.at(1).status().event_id());
  EXPECT_NE(answers.at(0).already_accepted(), answers.at(1).already_accepted());
  EXPECT_EQ(from_rpc_status(answers.at(2).error()).code, ErrorCode::key_reused);
}

TEST_F(SubmitStreamTest, SurvivesASenderWhoLeaves) {
  // Claim: a stream that is cancelled while its events wait for the disk is forgotten; they become durable
  // all the same, and nobody is told.
  open();
  sluice.close();
  {
    Stream stream(stub());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(stream.send(letter(i)));
    ASSERT_TRUE(sluice.wait_for(20));
    stream.context.TryCancel();
    EXPECT_TRUE(stream.read_all().empty());
    EXPECT_EQ(stream.status.error_code(), grpc::StatusCode::CANCELLED);
  }
  sluice.open();
  v1::SubmitEventResponse again;
  EXPECT_TRUE(submit(*stub(), letter(19), &again).ok());
  EXPECT_TRUE(again.already_accepted());
}

TEST_F(SubmitStreamTest, RefusesAStranger) {
  // Claim: who calls is judged once, before anything is read.
  open();
  Stream stream(stub("stranger"));
  EXPECT_TRUE(stream.read_all().empty());
  EXPECT_EQ(from_grpc(stream.status).code, ErrorCode::no_principal);
}

}  // namespace
}  // namespace psl::test
