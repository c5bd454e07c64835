// Between google.protobuf's times and ours.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "gateway/base/env.h"

namespace psl {

// 0001-01-01 to 9999-12-31, as google.protobuf.Timestamp says; wilder values would overflow our microseconds.
inline bool in_range(const google::protobuf::Timestamp& at) {
  return at.seconds() >= -62135596800 && at.seconds() <= 253402300799 && at.nanos() >= 0 &&
         at.nanos() <= 999999999;
}

inline Instant instant_of(const google::protobuf::Timestamp& at) {
  return Instant{at.seconds() * 1000000 + at.nanos() / 1000};
}

inline Span span_of(const google::protobuf::Duration& span) {
  return Span{span.seconds() * 1000000 + span.nanos() / 1000};
}

inline void set_time(google::protobuf::Timestamp& to, Instant at) {
  to.set_seconds(at.us / 1000000);
  to.set_nanos(static_cast<int32_t>(at.us % 1000000) * 1000);
}

}  // namespace psl
