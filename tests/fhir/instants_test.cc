#include "fhir/instants.h"

#include <gtest/gtest.h>

namespace psl::fhir {
namespace {

constexpr Instant nine{1'795'338'000'000'000};  // 2026-11-22T09:00:00Z

TEST(Instants, AreWrittenAsClocksShowThem) {
  // East and west of Greenwich, half hours, UTC itself; the day is that of the place.
  EXPECT_EQ(time_text(nine, 3600), "2026-11-22T10:00:00+01:00");
  EXPECT_EQ(time_text(nine, -4 * 3600), "2026-11-22T05:00:00-04:00");
  EXPECT_EQ(time_text(nine, -(9 * 3600 + 1800)), "2026-11-21T23:30:00-09:30");
  EXPECT_EQ(time_text(nine, 0), "2026-11-22T09:00:00Z");
  EXPECT_EQ(time_text(Instant{1772319600'000000}, 3600), "2026-03-01T00:00:00+01:00");
}

TEST(Instants, AreReadAsTheyAreWritten) {
  // To the second, whatever the place.
  for (const int32_t offset : {0, 3600, 7200, 4 * 3600, -4 * 3600, -34200}) {
    for (const int64_t second :
         {int64_t{-62135510400}, int64_t{0}, int64_t{1709164800}, int64_t{1795338001}}) {
      const Instant at{second * 1000000};
      EXPECT_EQ(time_from(time_text(at, offset)), at) << second << " " << offset;
    }
  }
}

TEST(Instants, AreNotReadFromWhatIsNone) {
  // Forms that we do not write, and days and hours that there are not.
  for (const char* text :
       {"", "2026", "2026-11-22", "2026-11-22T09:00:00", "2026-11-22T09:00Z", "2026-11-22t09:00:00Z",
        "2026-11-22T09:00:00+1:00", "2026-11-22T09:00:00+0100", "2026-11-22T09:00:00.0Z",
        "2026-02-29T09:00:00Z", "2026-13-01T09:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T09:60:00Z",
        "2026-11-22T09:00:60Z", "2026-11-22T09:00:0xZ", "2026-11-22T09:00:00Z01:00+",
        "2026-11-22T09:00:00*01:00"}) {
    EXPECT_FALSE(time_from(text)) << text;
  }
}

}  // namespace
}  // namespace psl::fhir
