// Times as FHIR writes them: instant and dateTime of R4, "2026-11-22T09:00:01Z", "2026-11-22T10:00:01+01:00".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/env.h"

namespace google::protobuf {
class Timestamp;
}

namespace psl::fhir {

// Years 0001 to 9999: what lies outside becomes the nearest of them.
std::string utc_text(Instant at);
std::string utc_text(const google::protobuf::Timestamp& at);
// As clocks show it that are `offset_seconds` ahead of UTC (a multiple of 60, at most 14 hours).
std::string time_text(Instant at, int32_t offset_seconds);
// Either form, to the second; nothing when it is neither.
std::optional<Instant> time_from(std::string_view text);
Instant instant_of(const google::protobuf::Timestamp& at);

}  // namespace psl::fhir
