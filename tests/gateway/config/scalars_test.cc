#include "gateway/config/scalars.h"

#include <gtest/gtest.h>

#include <limits>

namespace psl::config {
namespace {

TEST(Scalars, ReadWholeNumbersExactly) {
  // Claim: 64 bits are read to the last one, also with a fraction or an exponent that leaves a whole number.
  int64_t value = 0;
  EXPECT_TRUE(parse_signed("-9223372036854775808", value));
  EXPECT_EQ(value, std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(parse_signed("9.223372036854775807e18", value));
  EXPECT_EQ(value, std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(parse_signed("-0", value));
  EXPECT_EQ(value, 0);
  EXPECT_TRUE(parse_signed("120e-1", value));
  EXPECT_EQ(value, 12);
  EXPECT_TRUE(parse_signed("0.0e50", value));
  EXPECT_EQ(value, 0);
  uint64_t positive = 0;
  EXPECT_TRUE(parse_unsigned("18446744073709551615", positive));
  EXPECT_EQ(positive, std::numeric_limits<uint64_t>::max());
}

TEST(Scalars, RefuseWhatIsNoWholeNumber) {
  // Claim: fractions, leading zeros, signs, spaces, other bases and what does not fit are refused.
  int64_t value = 0;
  uint64_t positive = 0;
  for (const char* text : {"", "-", "+1", "007", "1.5", "1e-1", " 1", "1 ", "0x10", "1_000",
                           "9223372036854775808", "1e19", "1e99999", ".5", "5.", "1e", "NaN"}) {
    EXPECT_FALSE(parse_signed(text, value)) << text;
  }
  EXPECT_FALSE(parse_unsigned("-1", positive));
  EXPECT_FALSE(parse_unsigned("18446744073709551616", positive));
  double real = 0;
  EXPECT_FALSE(parse_real("1e999", real));
  EXPECT_TRUE(parse_real("-1.5e3", real));
  EXPECT_EQ(real, -1500);
}

TEST(Scalars, ReadInstantsWithAnyOffset) {
  // Claim: the same instant is read from every offset that names it.
  SecondsAndNanos value;
  for (const char* text : {"2025-03-14T10:00:00Z", "2025-03-14T11:00:00+01:00", "2025-03-13T23:30:00-10:30",
                           "2025-03-15T00:00:00+14:00"}) {
    ASSERT_TRUE(parse_timestamp(text, value)) << text;
    EXPECT_EQ(value.seconds, 1741946400) << text;
    EXPECT_EQ(value.nanos, 0);
  }
  ASSERT_TRUE(parse_timestamp("2024-02-29T00:00:00.000000001Z", value));
  EXPECT_EQ(value.nanos, 1);
  ASSERT_TRUE(parse_timestamp("1969-12-31T23:59:59.5Z", value));
  EXPECT_EQ(value.seconds, -1);
  EXPECT_EQ(value.nanos, 500'000'000);
}

TEST(Scalars, RefuseInstantsThatAreNone) {
  // Claim: a missing offset, a day or an hour that does not exist, and other notations are refused.
  SecondsAndNanos value;
  for (const char* text : {"", "2025-03-14", "2025-03-14T10:00:00", "2025-02-29T10:00:00Z",
                           "2025-03-14T24:00:00Z", "2025-03-14T10:60:00Z", "2025-06-30T23:59:60Z",
                           "2025-03-14 10:00:00Z", "2025-03-14T10:00Z", "2025-3-14T10:00:00Z",
                           "2025-03-14T10:00:00+0100", "2025-03-14T10:00:00+24:00", "2025-03-14T10:00:00.Z",
                           "2025-03-14T10:00:00.1234567890Z", "2025-03-14T10:00:00Z ", "0000-01-01T00:00:00Z",
                           "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-00:01", "20250314T100000Z"}) {
    EXPECT_FALSE(parse_timestamp(text, value)) << text;
  }
}

TEST(Scalars, ReadDurations) {
  // Claim: seconds with a fraction, minutes and hours.
  SecondsAndNanos value;
  ASSERT_TRUE(parse_duration("72h", value));
  EXPECT_EQ(value.seconds, 259200);
  ASSERT_TRUE(parse_duration("15min", value));
  EXPECT_EQ(value.seconds, 900);
  ASSERT_TRUE(parse_duration("-0.25s", value));
  EXPECT_EQ(value.seconds, 0);
  EXPECT_EQ(value.nanos, -250'000'000);
  for (const char* text : {"", "s", "3", "3 s", "1.5h", "15m", "1h30min", "1d", "315576000001s",
                           "99999999999999999999s", "87660001h", "1.s", "+1s"}) {
    EXPECT_FALSE(parse_duration(text, value)) << text;
  }
}

}  // namespace
}  // namespace psl::config
