#include "gateway/app/when.h"

#include <google/protobuf/util/time_util.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace psl {
namespace {

struct Unit {
  std::string_view name;
  int64_t seconds;
};
constexpr std::array<Unit, 4> units = {Unit{"s", 1}, Unit{"min", 60}, Unit{"h", 3600}, Unit{"d", 86400}};
// A hundred years: before anything that a ledger holds.
constexpr int64_t ago_seconds_max = int64_t{36525} * 86400;

}  // namespace

Result<Instant> parse_when(std::string_view text, Instant now) {
  int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const Unit& one : units) {
    if (problem == std::errc() && unit == one.name && count >= 0 && count <= ago_seconds_max / one.seconds)
      return now - seconds(count * one.seconds);
  }
  google::protobuf::Timestamp at;
  if (google::protobuf::util::TimeUtil::FromString(std::string(text), &at))
    return Instant{at.seconds() * 1000000 + at.nanos() / 1000};
  return error_of(ErrorCode::configuration,
                  "a time is written 2026-11-22T09:00:00Z, or 30min, 2h, 3d for so long ago");
}

std::string clock_text(Span span) {
  const int64_t whole = span.us < 0 ? 0 : span.us / 1000000;
  char text[64];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", static_cast<long long>(whole / 3600),
                  static_cast<long long>(whole / 60 % 60), static_cast<long long>(whole % 60));
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", static_cast<long long>(whole / 60),
                  static_cast<long long>(whole % 60));
  }
  return text;
}

}  // namespace psl
