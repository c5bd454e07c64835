#include "gateway/rpc/wire_status.h"

#include <gtest/gtest.h>

#include "gateway/rpc/wire_text.h"
#include "passerelle/v1/gateway.pb.h"
#include "tests/support/sample_event.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

grpc::ByteBuffer buffer_of(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// Replaces the first `from` in the bytes by a text of the same length.
std::string with_bytes(std::string bytes, const std::string& from, const std::string& to) {
  bytes.replace(bytes.find(from), from.size(), to);
  return bytes;
}

TEST(WireStatus, SurvivesTheWay) {
  // Claim: reason and fields reach a client of ours as they were.
  const Error sent{ErrorCode::field_invalid,
                   {},
                   {{"event.tenant", "required"}, {"event.recipients[1]", "a target is required"}}};
  const Error back = from_grpc(to_grpc(sent));
  EXPECT_EQ(back.code, sent.code);
  ASSERT_EQ(back.faults.size(), 2U);
  EXPECT_EQ(back.faults[1].path, "event.recipients[1]");
  EXPECT_EQ(from_grpc(to_grpc(error_of(ErrorCode::not_supported, "later"))).text, "later");
}

TEST(WireStatus, StaysUnderTheTrailersLimit) {
  // Claim: the worst refusal fits in gRPC's 8 KiB of metadata, in base64, and says that it was cut.
  Error worst{ErrorCode::field_invalid, {}, {}};
  for (int i = 0; i < 500; ++i) worst.faults.push_back({std::string(150, 'p'), std::string(200, 't')});
  const grpc::Status status = to_grpc(worst);
  EXPECT_LT(status.error_details().size() * 4 / 3 + status.error_message().size(), 7000U);
  EXPECT_NE(status.error_details().find("truncated"), std::string::npos);
  Error many{ErrorCode::field_invalid, {}, {}};
  for (int i = 0; i < 21; ++i) many.faults.push_back({"p", "t"});
  EXPECT_EQ(from_grpc(to_grpc(many)).faults.size(), 20U);
}

TEST(WireStatus, UnderstandsAForeignServer) {
  // Claim: an error without our details becomes the nearest of ours.
  EXPECT_EQ(from_grpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "x")).code, ErrorCode::input_output);
  EXPECT_EQ(from_grpc(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "x")).code, ErrorCode::deadline);
  EXPECT_EQ(from_grpc(grpc::Status(grpc::StatusCode::UNKNOWN, "x", "not a status")).code,
            ErrorCode::internal);
}

TEST(WireStatus, KnowsACallThatWasCutShort) {
  // Claim: a status without details, as a cut call has it, is known by the reason that its text begins with.
  const grpc::Status whole = to_grpc(error_of(ErrorCode::slow_reader));
  const Error cut = from_grpc(grpc::Status(whole.error_code(), whole.error_message()));
  EXPECT_EQ(cut.code, ErrorCode::slow_reader);
  EXPECT_EQ(cut.text, text_of(ErrorCode::slow_reader));
}

TEST(WireText, NamesTheFieldThatIsNotUtf8) {
  // Claim: a Latin-1 name is answered with its path, in a nested and in a repeated field, and never with its
  // bytes.
  const std::string good = sample_request().SerializeAsString();
  v1::SubmitEventRequest message;
  const auto refused = parse_message(buffer_of(with_bytes(good, "PAT-TROIS", "PAT-TRO\xEF\xD3")), message);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::text_not_utf8);
  ASSERT_EQ(refused.error().faults.size(), 1U);
  EXPECT_EQ(refused.error().faults[0].path, "event.subject.birth_family_name");
  const auto repeated =
      parse_message(buffer_of(with_bytes(good, "claire.modele", "claire.mod\xE8le")), message);
  ASSERT_FALSE(repeated.ok());
  EXPECT_EQ(repeated.error().faults.at(0).path, "event.recipients[0].person.mailbox");
}

TEST(WireText, TellsGarbageFromText) {
  // Claim: bytes that are no message are unreadable, and depth is bounded.
  v1::SubmitEventRequest message;
  EXPECT_EQ(parse_message(buffer_of("\xFF\xFF\xFF\xFF"), message).error().code,
            ErrorCode::message_unreadable);
  const std::string good = sample_request().SerializeAsString();
  EXPECT_EQ(parse_message(buffer_of(good.substr(0, good.size() / 2)), message).error().code,
            ErrorCode::message_unreadable);
  EXPECT_TRUE(parse_message(buffer_of(good), message).ok());
  EXPECT_TRUE(parse_message(buffer_of(""), message).ok());
  EXPECT_EQ(find_bad_text(*v1::SubmitEventRequest::descriptor(), good), std::nullopt);
}

}  // namespace
}  // namespace psl
