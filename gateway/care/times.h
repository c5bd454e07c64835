// Between google.protobuf's times, days of the calendar, and ours.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
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

// OrientationCase.order of the state that follows one of `before`, at `now`. A clock that was put back does
// not bring it back.
inline int64_t next_order(int64_t before, Instant now) { return std::max(now.us, before + 1); }

// Seconds that the clocks of a place are ahead of UTC at an instant; empty: none.
using ZoneOffset = std::function<int32_t(Instant)>;

// The day that clocks of that place show.
std::chrono::year_month_day local_day(Instant at, const ZoneOffset& offset_at);

// "YYYY-MM-DD"; nothing when there is no such day.
std::optional<std::chrono::year_month_day> calendar_day(std::string_view text);

// 00:00 UTC of the day that comes `months` later; a day that its month does not have is the first of the
// next one.
Instant months_after(std::chrono::year_month_day from, int months);

}  // namespace psl::care
