// Between google.protobuf's times, days of the calendar, and ours.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "gateway/base/env.h"

namespace psl::care {

inline Instant time_of(const google::protobuf::Timestamp& at) {
  return Instant{at.seconds() * 1000000 + at.nanos() / 1000};
}

inline void put_time(google::protobuf::Timestamp& to, Instant at) {
  to.set_seconds(at.us / 1000000);
  to.set_nanos(static_cast<int32_t>(at.us % 1000000) * 1000);
}

// "YYYY-MM-DD"; nothing when there is no such day.
std::optional<std::chrono::year_month_day> calendar_day(std::string_view text);

// 00:00 UTC of the day that comes `months` later; a day that its month does not have is the first of the
// next one.
Instant months_after(std::chrono::year_month_day from, int months);

}  // namespace psl::care
