#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/base/env.h"
#include "gateway/base/log.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"

namespace psl {
namespace {

TEST(Base64, RoundTripsEveryLength) {
  // Claim: what was encoded decodes to the same bytes, with and without padding.
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    std::string text = base64_encode(bytes);
    std::string back;
    ASSERT_TRUE(base64_decode(text, back));
    EXPECT_EQ(back, bytes);
    std::erase(text, '=');
    ASSERT_TRUE(base64_decode(text, back));
    EXPECT_EQ(back, bytes);
    bytes += static_cast<char>(length * 37);
  }
}

TEST(Base64, RefusesWhatIsNot) {
  // Claim: foreign characters, a lone character and misplaced padding are refused; line ends are not.
  std::string out;
  for (const char* text : {"A", "AAAAA", "A=AA", "AA=A", "AAA==", "AAAA=", "AA*A", "A===", "é"})
    EXPECT_FALSE(base64_decode(text, out)) << text;
  EXPECT_TRUE(base64_decode("QUJD\r\nREVG", out));
  EXPECT_EQ(out, "ABCDEF");
  EXPECT_TRUE(base64_decode("-_8=", out));
  EXPECT_EQ(to_hex(out), "fbff");
}

TEST(Utf8, FollowsRfc3629) {
  // Claim: overlong forms, surrogates and stray bytes are refused.
  EXPECT_TRUE(is_utf8("L\u2019\u00e9t\u00e9 \U0001F642"));
  for (const char* text : {"\xE9t\xE9", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\x80", "\xC3", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Uuid, IsWrittenReadAndTurnedIntoAnOid) {
  // Claim: text form, raw form and the 2.25 OID of the X.667 example agree.
  const auto id = Uuid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->text(), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  EXPECT_EQ(id->oid(), "2.25.329800735698586629295641978511506172918");
  EXPECT_EQ(Uuid::from_raw(id->raw()), *id);
  EXPECT_EQ(Uuid{}.oid(), "2.25.0");
  for (const char* text : {"", "f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
                           "f81d4fae-7dec-11d0-a765-00a0c91e6bf67"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(Instant, IsWrittenAsRfc3339) {
  // Claim: microseconds are kept, before 1970 too.
  EXPECT_EQ(to_rfc3339(Instant{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(Instant{1795338000123456}), "2026-11-22T09:00:00.123456Z");
  EXPECT_EQ(to_rfc3339(Instant{-1}), "1969-12-31T23:59:59.999999Z");
}

TEST(Log, WritesOneJsonLineWithoutForeignCharacters) {
  // Claim: a code cannot break out of its string, and each line is one fact.
  testing::internal::CaptureStderr();
  log(LogLevel::warn, "trial", {{"code", SafeText::code("a\"b\n\xC3\xA9")}, {"count", 3}, {"event", Uuid{}}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(
      line.find(
          "\"level\":\"warn\",\"fact\":\"trial\",\"code\":\"a?b???\",\"count\":3,\"event\":\"00000000-"),
      std::string::npos)
      << line;
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Errors, HaveDistinctReasons) {
  // Claim: a reason names one code, and the text is never empty.
  EXPECT_EQ(reason_of(ErrorCode::field_invalid), "FIELD_INVALID");
  EXPECT_EQ(grpc_code_of(ErrorCode::key_reused), 6);
  const Error error = field_error("event.tenant", "a name is required");
  EXPECT_EQ(error.describe(),
            "FIELD_INVALID: the request has missing or wrong fields\n  event.tenant: a name is required");
}

}  // namespace
}  // namespace psl
