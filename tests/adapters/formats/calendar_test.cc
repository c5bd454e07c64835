#include "adapters/formats/calendar.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace psl {
namespace {

Instant at(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
  return Instant{seconds_of({year, month, day, hour, minute, second}) * 1000000};
}

TimeZone zone(std::string_view name) {
  auto loaded = TimeZone::load(name);
  EXPECT_TRUE(loaded.ok()) << name;
  return loaded.ok() ? *loaded : TimeZone::utc();
}

TEST(Calendar, WritesAnInstantInEveryFormThatDocumentsAndMailsUse) {
  // One instant of winter, its five forms.
  const TimeZone paris = zone("Europe/Paris");
  const Instant morning = at(2026, 11, 22, 8, 5, 9);
  EXPECT_EQ(utc14(morning), "20261122080509");
  EXPECT_EQ(hl7(morning, paris), "20261122090509+0100");
  EXPECT_EQ(french_date(morning, paris), "22/11/2026");
  EXPECT_EQ(french_date_time(morning, paris), "22/11/2026 09:05");
  EXPECT_EQ(mail_date(morning, paris), "Sun, 22 Nov 2026 09:05:09 +0100");
}

TEST(Calendar, ChangesTheClockAtTheInstantOfTheRule) {
  // 2026: summer begins on 29 March and ends on 25 October, both at 01:00 UTC.
  const TimeZone paris = zone("Europe/Paris");
  EXPECT_EQ(hl7(at(2026, 3, 29, 0, 59, 59), paris), "20260329015959+0100");
  EXPECT_EQ(hl7(at(2026, 3, 29, 1), paris), "20260329030000+0200");
  EXPECT_EQ(hl7(at(2026, 10, 25, 0, 59, 59), paris), "20261025025959+0200");
  EXPECT_EQ(hl7(at(2026, 10, 25, 1), paris), "20261025020000+0100");
}

TEST(Calendar, GoesOnByTheFooterAfterTheLastTransition) {
  // Files of the tz database end in 2037 at the latest: 2040 and 2199 come from the TZ string.
  const TimeZone paris = zone("Europe/Paris");
  EXPECT_EQ(hl7(at(2040, 7, 1, 12), paris), "20400701140000+0200");
  EXPECT_EQ(hl7(at(2040, 12, 1, 12), paris), "20401201130000+0100");
  EXPECT_EQ(hl7(at(2040, 3, 25, 0, 59, 59), paris), "20400325015959+0100");
  EXPECT_EQ(hl7(at(2040, 3, 25, 1), paris), "20400325030000+0200");
  EXPECT_EQ(hl7(at(2199, 10, 27, 1), paris), "21991027020000+0100");
}

TEST(Calendar, KnowsSouthernSummersFractionsOfAnHourAndZonesWithoutSummer) {
  // French territories are in both hemispheres.
  EXPECT_EQ(hl7(at(2045, 1, 15), zone("America/Miquelon")), "20450114210000-0300");
  EXPECT_EQ(hl7(at(2045, 1, 15), zone("Indian/Reunion")), "20450115040000+0400");
  EXPECT_EQ(hl7(at(2045, 1, 15), zone("Pacific/Auckland")), "20450115130000+1300");
  EXPECT_EQ(hl7(at(2045, 7, 15), zone("Pacific/Auckland")), "20450715120000+1200");
  EXPECT_EQ(hl7(at(2045, 7, 15), zone("Pacific/Marquesas")), "20450714143000-0930");
}

TEST(Calendar, KeepsTheInstantWhenAnOffsetHasSeconds) {
  // Paris was 9 min 21 s ahead until 1911: HL7 offsets have minutes only.
  const Instant old = at(1900, 1, 1, 12);
  EXPECT_EQ(hl7(old, zone("Europe/Paris")), "19000101120900+0009");
  EXPECT_EQ(parse_hl7(hl7(old, zone("Europe/Paris")))->at, old);
}

TEST(Calendar, RefusesWhatIsNotAZone) {
  // A name never leaves the folder of the database, and a damaged file is not guessed at.
  for (const std::string_view name : {"", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime",
                                      "Europe/../Europe/Paris", "Europe", "zone.tab", "Europe/Par\nis"}) {
    const auto loaded = TimeZone::load(name);
    ASSERT_FALSE(loaded.ok()) << name;
    EXPECT_EQ(loaded.error().code, ErrorCode::configuration);
  }
  std::ifstream file("/usr/share/zoneinfo/Europe/Paris", std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  const std::string whole = content.str();
  ASSERT_TRUE(TimeZone::parse(whole).ok());
  for (size_t size = 0; size < whole.size(); size += 7)
    EXPECT_FALSE(TimeZone::parse(whole.substr(0, size)).ok()) << size;
  EXPECT_FALSE(TimeZone::parse(std::string(70000, 'T')).ok());
}

TEST(Calendar, ReadsHl7TimesOfEveryPrecision) {
  // The start of the period named, in UTC when an offset is given.
  EXPECT_EQ(parse_hl7("20261122090509+0100")->at, at(2026, 11, 22, 8, 5, 9));
  EXPECT_EQ(parse_hl7("20261122090509.1234-0330")->at, at(2026, 11, 22, 12, 35, 9));
  EXPECT_EQ(parse_hl7("202611220905+01")->at, at(2026, 11, 22, 8, 5));
  EXPECT_EQ(parse_hl7("2026112209")->at, at(2026, 11, 22, 9));
  EXPECT_EQ(parse_hl7("20261122")->digits, 8);
  EXPECT_FALSE(parse_hl7("20261122")->has_offset);
  EXPECT_EQ(parse_hl7("202611")->at, at(2026, 11, 1));
  EXPECT_EQ(parse_hl7("2026")->at, at(2026, 1, 1));
  EXPECT_EQ(parse_hl7("20240229")->at, at(2024, 2, 29));
}

TEST(Calendar, RefusesTimesThatDoNotExist) {
  // No clamping: a wrong date is said, not repaired.
  for (const std::string_view text : {"",
                                      "202",
                                      "20261",
                                      "20260230",
                                      "20261301",
                                      "20260001",
                                      "2026112224",
                                      "202611220960",
                                      "20261122090560",
                                      "20261122090509+1500",
                                      "20261122090509+1",
                                      "20261122090509+01:00",
                                      "20261122T0905",
                                      "2026112209+0160",
                                      "202611220905.1",
                                      "20261122090509.",
                                      "+0100",
                                      "-20261122",
                                      "0000",
                                      "20250229"}) {
    EXPECT_FALSE(parse_hl7(text)) << text;
  }
}

TEST(Calendar, ReadsALocalTimeInTheZone) {
  // Without offset: ordinary times, the hour that happens twice (first), the hour that never happens.
  const TimeZone paris = zone("Europe/Paris");
  EXPECT_EQ(resolve(*parse_hl7("20260701120000"), paris), at(2026, 7, 1, 10));
  EXPECT_EQ(resolve(*parse_hl7("20260101"), paris), at(2025, 12, 31, 23));
  EXPECT_EQ(resolve(*parse_hl7("20261025023000"), paris), at(2026, 10, 25, 0, 30));
  EXPECT_EQ(resolve(*parse_hl7("20260329023000"), paris), at(2026, 3, 29, 1, 30));
  EXPECT_EQ(resolve(*parse_hl7("20260701120000+0000"), paris), at(2026, 7, 1, 12));
}

TEST(Calendar, WritesAndReadsBackTheSameInstant) {
  // Property: hl7 then parse_hl7, every 41 hours of 300 years, in a zone with summer.
  const TimeZone paris = zone("Europe/Paris");
  for (int64_t s = at(1900, 1, 1).us / 1000000; s < at(2200, 1, 1).us / 1000000; s += 41 * 3600 + 17) {
    const Instant instant{s * 1000000};
    ASSERT_EQ(parse_hl7(hl7(instant, paris))->at, instant) << s;
    ASSERT_EQ(seconds_of(civil_time(instant)), s);
  }
}

TEST(Calendar, BringsInstantsBeyondTheYearsThatDatesCanWriteToTheirEnd) {
  // No five-digit year, no crash.
  EXPECT_EQ(utc14(Instant{INT64_MAX}), "99991231235959");
  EXPECT_EQ(utc14(Instant{INT64_MIN}), "00010101000000");
}

}  // namespace
}  // namespace psl
