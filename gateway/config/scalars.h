// Private to this folder: texts to numbers and times, exactly and without locale.
#pragma once

#include <cstdint>
#include <string_view>

namespace psl::config {

// A whole number, also written "1.0" or "1e3" (proto3 JSON mapping). No leading zero, no plus sign, no white
// space. False when it is none, or does not fit.
bool parse_signed(std::string_view text, int64_t& out);
bool parse_unsigned(std::string_view text, uint64_t& out);
// A finite decimal number that fits a double. False also for one that overflows.
bool parse_real(std::string_view text, double& out);

struct SecondsAndNanos {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

// RFC 3339 with any offset: "2026-03-12T10:30:00+01:00". Years 0001 to 9999, at most 9 digits of a second, no
// leap second (google.protobuf.Timestamp has none). False: not that, or a day that does not exist.
bool parse_timestamp(std::string_view text, SecondsAndNanos& out);

// A number and one unit: "30s", "0.5s", "15min", "72h". Fractions are for seconds only. At most
// 315,576,000,000 s.
bool parse_duration(std::string_view text, SecondsAndNanos& out);

}  // namespace psl::config
