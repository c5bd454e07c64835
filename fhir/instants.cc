#include "fhir/instants.h"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace psl::fhir {
namespace {

constexpr int64_t first_second = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t last_second = 253402300799;   // 9999-12-31T23:59:59Z

// `value` as that many digits, at the place of an all-zero text.
void put_digits(std::string& text, size_t place, size_t digits, uint64_t value) {
  for (size_t i = digits; i > 0; --i, value /= 10) {
    text[place + i - 1] = static_cast<char>('0' + value % 10);
  }
}

}  // namespace

std::string utc_text(Instant at) {
  using std::chrono::days;
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::microseconds> exact{std::chrono::microseconds(at.us)};
  const std::chrono::sys_seconds time{std::chrono::seconds(
      std::clamp(floor<std::chrono::seconds>(exact).time_since_epoch().count(), first_second, last_second))};
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<uint64_t>((time - day).count());
  std::string text = "0000-00-00T00:00:00Z";
  put_digits(text, 0, 4, static_cast<uint64_t>(static_cast<int>(date.year())));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, second / 3600);
  put_digits(text, 14, 2, second / 60 % 60);
  put_digits(text, 17, 2, second % 60);
  return text;
}

std::string time_text(Instant at, int32_t offset_seconds) {
  std::string text = utc_text(Instant{at.us + int64_t{offset_seconds} * 1000000});
  if (offset_seconds == 0) return text;
  const auto minutes = static_cast<uint64_t>(std::abs(offset_seconds) / 60);
  text.back() = offset_seconds < 0 ? '-' : '+';
  text += "00:00";
  put_digits(text, 20, 2, minutes / 60);
  put_digits(text, 23, 2, minutes % 60);
  return text;
}

std::optional<Instant> time_from(std::string_view text) {
  static constexpr std::string_view utc_form = "0000-00-00T00:00:00Z";
  static constexpr std::string_view offset_form = "0000-00-00T00:00:00+00:00";
  const auto digits = [&](size_t place, size_t length) {
    int value = 0;
    for (const char c : text.substr(place, length)) value = value * 10 + (c - '0');
    return value;
  };
  const std::string_view form = text.size() == utc_form.size() ? utc_form : offset_form;
  const auto fits = [](char c, char wanted) {
    return wanted == '0' ? c >= '0' && c <= '9' : c == wanted || (wanted == '+' && c == '-');
  };
  if (!std::ranges::equal(text, form, fits)) return std::nullopt;
  const std::chrono::year_month_day date = std::chrono::year(digits(0, 4)) /
                                           static_cast<unsigned>(digits(5, 2)) /
                                           static_cast<unsigned>(digits(8, 2));
  if (!date.ok() || digits(11, 2) > 23 || digits(14, 2) > 59 || digits(17, 2) > 59) return std::nullopt;
  int64_t second = std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count() +
                   digits(11, 2) * 3600 + digits(14, 2) * 60 + digits(17, 2);
  if (form == offset_form) {
    const int ahead = digits(20, 2) * 3600 + digits(23, 2) * 60;
    second -= text[19] == '-' ? -ahead : ahead;
  }
  return Instant{second * 1000000};
}

Instant instant_of(const google::protobuf::Timestamp& at) {
  const int64_t second = std::clamp<int64_t>(at.seconds(), first_second, last_second);
  return Instant{second * 1000000 + std::clamp(at.nanos(), 0, 999'999'999) / 1000};
}

std::string utc_text(const google::protobuf::Timestamp& at) { return utc_text(instant_of(at)); }

}  // namespace psl::fhir
