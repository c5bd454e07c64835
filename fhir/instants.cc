#include "fhir/instants.h"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <chrono>

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

Instant instant_of(const google::protobuf::Timestamp& at) {
  const int64_t second = std::clamp<int64_t>(at.seconds(), first_second, last_second);
  return Instant{second * 1000000 + std::clamp(at.nanos(), 0, 999'999'999) / 1000};
}

std::string utc_text(const google::protobuf::Timestamp& at) { return utc_text(instant_of(at)); }

}  // namespace psl::fhir
