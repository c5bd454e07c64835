// Instants as text, in UTC and in a tenant's time zone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

// The rules of one zone of the system's tz database (RFC 8536 files under /usr/share/zoneinfo), with its past
// transitions and the rule that goes on after the last one. Immutable: thread safe, cheap to copy.
class TimeZone {
 public:
  // Reads the file of `name` ("Europe/Paris") once. `configuration` when the name is not one of the database,
  // or its file is not well-formed or above 64 KiB.
  static Result<TimeZone> load(std::string_view name);
  // The same from the bytes of a TZif file.
  static Result<TimeZone> parse(std::string_view tzif);
  static TimeZone utc();

  // Seconds to add to UTC at that instant.
  int32_t offset_at(Instant at) const;
  // The instant that a clock of this zone shows as `local_seconds` (as seconds_of gives them). Of an hour
  // that happens twice, the first; of one that never happens, the same distance after the hour before it.
  Instant at_local(int64_t local_seconds) const;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;
};

// A day and a time of the proleptic Gregorian calendar, without zone.
struct CivilTime {
  int32_t year = 1970;
  int32_t month = 1;
  int32_t day = 1;
  int32_t hour = 0;
  int32_t minute = 0;
  int32_t second = 0;
};

CivilTime civil_time(Instant at, int32_t offset_seconds = 0);
// Seconds since 1970-01-01 of the same zone; fields in their usual ranges.
int64_t seconds_of(const CivilTime& civil);
// 0 is Sunday.
int weekday_of(const CivilTime& civil);

// Years 0001 to 9999; an instant beyond is brought to the nearest end of that range.
// "20261122080000": UTC, the form of XDS metadata (CI-SIS ST v1.16 section 3.5.4).
std::string utc14(Instant at);
// "20261122090000+0100": HL7 V3 TS to the second with its offset, the form of CDA.
std::string hl7(Instant at, const TimeZone& zone);
// "22/11/2026".
std::string french_date(Instant at, const TimeZone& zone);
// "22/11/2026 09:00".
std::string french_date_time(Instant at, const TimeZone& zone);
// "Sun, 22 Nov 2026 09:00:00 +0100": RFC 5322 section 3.3.
std::string mail_date(Instant at, const TimeZone& zone);

// A point in time as an HL7 TS gives it: the start of the period that the text names.
struct Hl7Time {
  // With an offset, the instant; without one, what a clock shows, as if in UTC: resolve() gives it a zone.
  Instant at;
  // Digits before the fraction and the offset: 4 (year) to 14 (second).
  int digits = 0;
  bool has_offset = false;
};

// "2026", "20261122", "202611220900+0100", "20261122090000.000+0100". Nothing when it is not one or names no
// real day.
std::optional<Hl7Time> parse_hl7(std::string_view text);
Instant resolve(const Hl7Time& time, const TimeZone& zone);

}  // namespace psl
