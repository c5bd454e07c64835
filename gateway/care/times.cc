#include "gateway/care/times.h"

#include <charconv>

#include "gateway/core/checked.h"

namespace psl::care {

std::chrono::year_month_day local_day(Instant at, const ZoneOffset& offset_at) {
  const std::chrono::microseconds shown(at.us + (offset_at ? int64_t{offset_at(at)} * 1000000 : 0));
  return std::chrono::floor<std::chrono::days>(std::chrono::sys_time<std::chrono::microseconds>(shown));
}

std::optional<std::chrono::year_month_day> calendar_day(std::string_view text) {
  if (!date_ok(text)) return std::nullopt;
  const auto number = [&](size_t at, size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  return std::chrono::year(number(0, 4)) / number(5, 2) / number(8, 2);
}

Instant months_after(std::chrono::year_month_day from, int months) {
  std::chrono::year_month_day to = from + std::chrono::months(months);
  if (!to.ok()) to = (to.year() / to.month() + std::chrono::months(1)) / std::chrono::day(1);
  return Instant{
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::sys_days(to).time_since_epoch())
          .count()};
}

}  // namespace psl::care
