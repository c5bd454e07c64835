// Times as FHIR writes them: instant and dateTime of R4 in UTC, "2026-11-22T09:00:01Z".
#pragma once

#include <string>

#include "gateway/base/env.h"

namespace google::protobuf {
class Timestamp;
}

namespace psl::fhir {

// Years 0001 to 9999: what lies outside becomes the nearest of them.
std::string utc_text(Instant at);
std::string utc_text(const google::protobuf::Timestamp& at);
Instant instant_of(const google::protobuf::Timestamp& at);

}  // namespace psl::fhir
